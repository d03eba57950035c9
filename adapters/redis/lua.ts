// Every number passed to a command is formatted with "%.0f", because Lua would write 1.9e+12.
const clock = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A day after the deadline, as deleteExpiredSessions() grants; a row that is written late is kept for a day too.
local function goneAt(deadline)
  return string.format('%.0f', math.max(tonumber(deadline), now()) + 86400000)
end
`

/** Reads fields of the row in `KEYS[1]`. */
export const row = `${clock}
-- A row has a deadline; one that is only reserved has none, and cannot be found yet. Another type of value has no field.
local function field(name)
  local value = redis.pcall('HGET', KEYS[1], name)
  return type(value) == 'string' and value
end
`

/** Maintains the index of a user in `KEYS[1]`. */
export const index = `${clock}
local function isForeign()
  local kind = redis.call('TYPE', KEYS[1]).ok
  return kind ~= 'zset' and kind ~= 'none'
end

-- The index lives as long as its longest entry.
local function tidy()
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now()))
  local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
  if last[2] then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last[2]))) end
end
`

/** How long a new row may stay reserved, in milliseconds: longer than any sign-in takes. */
export const reservationLife = 60_000

import { redisScript } from "./executor.ts"

// Every number that goes into a command is written with "%.0f": Lua would write 1.9e+12.
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

const row = `${clock}
-- A row has a deadline; one that is only reserved has none, and is no session yet. Another type of value has no field.
local function field(name)
  local value = redis.pcall('HGET', KEYS[1], name)
  return type(value) == 'string' and value
end
`

const index = `${clock}
local function isForeign()
  local kind = redis.call('TYPE', KEYS[1]).ok
  return kind ~= 'zset' and kind ~= 'none'
end

-- The index lives as long as its longest session.
local function tidy()
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now()))
  local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
  if last[2] then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last[2]))) end
end
`

/** How long, in milliseconds, a new session may stay reserved: longer than any sign-in takes. */
const reservation = 60_000

/** Takes a free session key for a user: `user` -> 1, or 0 if it is taken. */
export const reserve = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'u', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ${reservation})
return 1
`)

/** Makes a session of a key that is still reserved: `user, deadline, ...fields`. */
export const activate = redisScript(`${row}
if field('u') ~= ARGV[1] or field('e') then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIREAT', KEYS[1], goneAt(ARGV[2]))
return 1
`)

/** Moves a session's deadline: `to, ifBefore` -> 1, or 0 if it was not moved. */
export const extend = redisScript(`${row}
local deadline = tonumber(field('e') or nil)
if not deadline or deadline > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'e', ARGV[1])
redis.call('PEXPIREAT', KEYS[1], goneAt(ARGV[1]))
return 1
`)

/** Sets fields of a session, if one of them has no value or null: `ifNull or "", ...fields` -> 1, or 0 if not. */
export const update = redisScript(`${row}
if not field('e') then return 0 end
local value = ARGV[1] ~= '' and field(ARGV[1])
if value and value ~= 'null' then return 0 end
if ARGV[2] then redis.call('HSET', KEYS[1], unpack(ARGV, 2)) end
return 1
`)

/** Deletes a session, of any user or of this one: `[user]` -> whose it was, or nil. */
export const end = redisScript(`${row}
local user = field('e') and field('u')
if not user or (ARGV[1] and ARGV[1] ~= user) then return nil end
redis.call('DEL', KEYS[1])
return user
`)

/** Deletes a user's session or reservation: `user` -> 1, or 0 if there was none. */
export const discard = redisScript(`${row}
if field('u') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
`)

/** Deletes a session whose deadline is at or before an instant: `before` -> whose it was, or nil. */
export const expire = redisScript(`${row}
local deadline, user = tonumber(field('e') or nil), field('u')
if not deadline or not user or deadline > tonumber(ARGV[1]) then return nil end
redis.call('DEL', KEYS[1])
return user
`)

/** Lists a session in a user's index until its row is gone, never for a shorter time than before: `id, deadline`. */
export const enlist = redisScript(`${index}
local at, known = goneAt(ARGV[2]), redis.call('ZSCORE', KEYS[1], ARGV[1])
if not known or tonumber(known) < tonumber(at) then redis.call('ZADD', KEYS[1], at, ARGV[1]) end
tidy()
`)

/** Strikes sessions off a user's index: `...ids`. */
export const strike = redisScript(`${index}
if isForeign() then return end
for _, id in ipairs(ARGV) do redis.call('ZREM', KEYS[1], id) end
tidy()
`)

/** Reads a user's index -> ids. */
export const readIndex = redisScript(`${index}
if isForeign() then return {} end
tidy()
return redis.call('ZRANGE', KEYS[1], 0, -1)
`)

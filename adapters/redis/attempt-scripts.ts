import { redisScript } from "./executor.ts"

const attempt = `
-- In milliseconds: the 5 minutes that clocks may differ by, and one more. The caller's clock decides; a row that Redis deletes
-- too early would be a full budget.
local margin = 360000
-- Another value than a time says nothing, as if it were not there.
local function storedUntil()
  local value = redis.pcall('GET', KEYS[1])
  return type(value) == 'string' and string.match(value, '^%d+$') and tonumber(value)
end
`

/**
 * Takes an attempt from a budget that can be used up until `end`, after cutting a row later than `latest` to `end`:
 * `now, cost, end, latest` -> 1 if it was taken, otherwise 0, and when the budget is full again, at most `end`.
 */
export const takeAttempt = redisScript(`${attempt}
local now, cost, last, latest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local stored = storedUntil()
local used = math.max(now, stored or now)
local from = used > latest and last or used
local isTaken = from + cost <= last
local to = isTaken and from + cost or from
local function text(number) return string.format('%.0f', number) end
if to > now and to ~= stored then redis.call('SET', KEYS[1], text(to), 'PX', text(to - now + margin)) end
return { isTaken and 1 or 0, text(math.min(to, last)) }
`)

/** Refills a budget. */
export const dropAttempt = redisScript(`
redis.call('DEL', KEYS[1])
`)

/** Deletes a row whose budget is full: `before` -> 1, or 0 if it stays. */
export const expireAttempt = redisScript(`${attempt}
local stored = storedUntil()
if not stored or stored > tonumber(ARGV[1]) then return 0 end
redis.call('DEL', KEYS[1])
return 1
`)

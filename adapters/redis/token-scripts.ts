import { redisScript } from "./executor.ts"
import { reservationLife, row } from "./lua.ts"

/**
 * Reserves a free key for a token: `reservation or "", random text, ...fields` -> the reservation, or nil if the key is
 * taken. A new reservation starts with the server's time in microseconds, 16 digits until 2286, so that reservations
 * sort by age.
 */
export const reserveToken = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return nil end
local time, reservation = redis.call('TIME'), ARGV[1]
if reservation == '' then reservation = string.format('%.0f', time[1] * 1000000 + time[2]) .. ARGV[2] end
redis.call('HSET', KEYS[1], 'r', reservation, unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ${reservationLife})
return reservation
`)

/** Turns a key that this reservation still holds into a token: `reservation, deadline` -> 1, or 0 if it was lost. */
export const activateToken = redisScript(`${row}
if field('r') ~= ARGV[1] or field('e') then return 0 end
redis.call('HSET', KEYS[1], 'e', ARGV[2])
redis.call('PEXPIREAT', KEYS[1], goneAt(ARGV[2]))
return 1
`)

/** Deletes the reservation, or the token made from it: `reservation`. */
export const undoToken = redisScript(`${row}
if field('r') == ARGV[1] then redis.call('DEL', KEYS[1]) end
`)

/** Deletes a token -> its fields, or nil if there was none. */
export const takeToken = redisScript(`${row}
if not field('e') then return nil end
local fields = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
return fields
`)

/**
 * Counts an attempt while fewer were made: `limit` -> the token's fields, or nil if there is no token or no attempt
 * left.
 */
export const tryToken = redisScript(`${row}
local attempts = field('e') and tonumber(string.match(field('n') or '', '^%d+$'))
if not attempts or attempts >= tonumber(ARGV[1]) then return nil end
redis.call('HSET', KEYS[1], 'n', string.format('%.0f', attempts + 1))
return redis.call('HGETALL', KEYS[1])
`)

/**
 * Deletes a user's token or reservation if its purpose is, or is not, one of these:
 * `user, "only" or "except", ...purposes` -> 1 if it has another purpose and stays, or 0.
 */
export const discardToken = redisScript(`${row}
if field('u') ~= ARGV[1] then return 0 end
local isNamed = false
for n = 3, #ARGV do isNamed = isNamed or field('p') == ARGV[n] end
if isNamed ~= (ARGV[2] == 'only') then return 1 end
redis.call('DEL', KEYS[1])
return 0
`)

/** Deletes a token whose deadline is at or before an instant: `before` -> its user, or nil. */
export const expireToken = redisScript(`${row}
local deadline, user = tonumber(field('e') or nil), field('u')
if not deadline or not user or deadline > tonumber(ARGV[1]) then return nil end
redis.call('DEL', KEYS[1])
return user
`)

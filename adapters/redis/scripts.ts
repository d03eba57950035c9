import { redisScript } from "./executor.ts"
import { index, reservationLife, row } from "./lua.ts"

/** Reserves a free session key for a user: `user` -> 1, or 0 if it is taken. */
export const reserve = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'u', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ${reservationLife})
return 1
`)

/** Turns a key that is still reserved into a session: `user, deadline, ...fields`. */
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

/** Sets fields of a session, if one of them is unset or null: `ifNull or "", ...fields` -> 1, or 0 if not. */
export const update = redisScript(`${row}
if not field('e') then return 0 end
local value = ARGV[1] ~= '' and field(ARGV[1])
if value and value ~= 'null' then return 0 end
if ARGV[2] then redis.call('HSET', KEYS[1], unpack(ARGV, 2)) end
return 1
`)

/** Deletes a session of any user or of this one: `[user]` -> its user, or nil. */
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

/** Deletes a session whose deadline is at or before an instant: `before` -> its user, or nil. */
export const expire = redisScript(`${row}
local deadline, user = tonumber(field('e') or nil), field('u')
if not deadline or not user or deadline > tonumber(ARGV[1]) then return nil end
redis.call('DEL', KEYS[1])
return user
`)

/** Lists rows in a user's index until they expire, and never shortens that time: `...(id, deadline)`. */
export const enlist = redisScript(`${index}
for n = 1, #ARGV, 2 do
  local at, known = goneAt(ARGV[n + 1]), redis.call('ZSCORE', KEYS[1], ARGV[n])
  if not known or tonumber(known) < tonumber(at) then redis.call('ZADD', KEYS[1], at, ARGV[n]) end
end
tidy()
`)

/** Removes rows from a user's index: `...ids`. */
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

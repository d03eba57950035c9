import { AuthError, guardPort } from "../core/errors.ts"
import type { Revocations, UserId } from "../core/ports.ts"
import type { SealedSession } from "./sealed-session.ts"

type Owned = Pick<SealedSession, "id" | "userId" | "createdAt" | "generation">

const hour = 3_600_000
const day = 24 * hour
/** Part of the format: changing it would revive sessions that were ended. */
const period = 30 * day

/**
 * Ends sessions with keys that a store only keeps and finds. Sessions are not listed anywhere, so all sessions of a
 * user are ended by what they share. That is the period of 30 days in which they were created. In the current period,
 * it is also a generation: how often they were ended in it before.
 *
 * - A new session asks for the first generation of this period that is not revoked, and contains it.
 * - Ending all sessions revokes that generation, and every earlier period from which a session can still live. Later
 *   sign-ins get the next generation. A sign-in at the same time asked before, so it also ends.
 * - A generation stays revoked until its period is over, so none is used twice. After that, no session is created in
 *   it. An hour around the end of a period belongs to both periods, for servers whose clocks differ.
 * - A revocation lasts until the last session that it ends would have ended by itself, plus a day.
 *
 * All methods reject with `store_failed`.
 */
export function createRevoking(port: Revocations, absoluteTimeout: number) {
  if (absoluteTimeout === Infinity)
    throw new AuthError(
      "invalid_option",
      'session.absoluteTimeout: false sets no limit to how long revocations are kept; use a duration, such as "90d"',
    )
  const store = guardPort(port, ["revoke", "isRevoked"], "revocations")

  async function isAny(keys: string[], options?: { fresh: boolean }): Promise<boolean> {
    const isRevoked: unknown = await store.isRevoked(keys, options)
    // Any other value must not pass for "not revoked".
    if (typeof isRevoked === "boolean") return isRevoked
    throw new AuthError("store_failed", "isRevoked() of the revocations resolves to true or false.")
  }

  function firstFree(userId: UserId, number: number): Promise<number> {
    return firstFalse((generation) => isAny([generationKey(userId, number, generation)], { fresh: true }))
  }

  async function endGeneration(userId: UserId, number: number, now: number): Promise<void> {
    const until = Math.max(now + absoluteTimeout, (number + 1) * period)
    await store.revoke(generationKey(userId, number, await firstFree(userId, number)), new Date(until + day))
  }

  function endPeriod(userId: UserId, number: number): Promise<void> {
    return store.revoke(periodKey(userId, number), new Date((number + 1) * period + absoluteTimeout + day))
  }

  return {
    isRevoked: (session: Owned) => isAny(keysOf(session)),
    /** Ends a session. With an owner, only if it is that user's. */
    revokeSession: (id: string, userId: UserId | undefined, now: number) =>
      store.revoke(sessionKey(id, userId), new Date(now + absoluteTimeout + day)),
    /** Ends the token that a rotation replaces. Resolves to `false` if the session has ended or is already replaced. */
    async replace(session: Owned, now: number): Promise<boolean> {
      const [keys, replaced] = [keysOf(session), replacedKey(session.id)]
      if (await isAny(keys, { fresh: true })) return false
      await store.revoke(replaced, new Date(now + absoluteTimeout + day))
      // Asks again after the write, so that anyone who ends the session later comes after the rotation.
      const others = keys.filter((key) => key !== replaced)
      return !(await isAny(others, { fresh: true }))
    },
    /** Resolves to the generation of a session that is created now. */
    currentGeneration: (userId: UserId, now: number) => firstFree(userId, periodOf(now)),
    /** Ends all of a user's sessions. */
    async revokeUser(userId: UserId, now: number): Promise<void> {
      const firstOpen = periodOf(now - hour)
      const past = range(periodOf(now - absoluteTimeout), firstOpen - 1)
      const current = range(firstOpen, periodOf(now + hour))
      await Promise.all(current.map((number) => endGeneration(userId, number, now)))
      await Promise.all(past.map((number) => endPeriod(userId, number)))
    },
  }
}

function keysOf({ id, userId, createdAt, generation }: Owned): string[] {
  const number = periodOf(createdAt.getTime())
  return [
    sessionKey(id),
    sessionKey(id, userId),
    replacedKey(id),
    periodKey(userId, number),
    generationKey(userId, number, generation),
  ]
}

function sessionKey(id: string, userId?: UserId): string {
  return userId === undefined ? `session:${id}` : `session:${id}:${typed(userId)}`
}

function replacedKey(id: string): string {
  return `replaced:${id}`
}

function periodKey(userId: UserId, number: number): string {
  return `period:${number}:${typed(userId)}`
}

function generationKey(userId: UserId, number: number, generation: number): string {
  return `generation:${number}:${generation}:${typed(userId)}`
}

// It is last in a key, so that no user id can imitate the rest. It includes the type, so that 1 is not "1". It is JSON,
// so that half a surrogate pair is escaped: a store may turn it into a question mark.
function typed(userId: UserId): string {
  return typeof userId === "bigint" ? `${userId}n` : JSON.stringify(userId)
}

function periodOf(time: number): number {
  return Math.floor(time / period)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n)
}

/** Finds the first number that is not `true`, if all below it are. It asks twice as often as the number has bits. */
async function firstFalse(ask: (number: number) => Promise<boolean>): Promise<number> {
  let high = 0
  while (await ask(high)) {
    // Otherwise a store that always says yes would be asked forever.
    if (high > 2 ** 32) throw new AuthError("store_failed", "revocations: isRevoked() is true for every key")
    high = high * 2 + 1
  }
  let low = Math.floor(high / 2) + 1
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (await ask(middle)) low = middle + 1
    else high = middle
  }
  return high
}

import { AuthError, guardPort } from "../core/errors.ts"
import type { Revocations, UserId } from "../core/ports.ts"
import type { SealedSession } from "./sealed-session.ts"

type Owned = Pick<SealedSession, "id" | "userId" | "createdAt" | "generation">

const hour = 3_600_000
const day = 24 * hour
/** Part of the format: changing it would revive sessions that were ended. */
const period = 30 * day

/**
 * Ends sessions by keys that a store only keeps and finds again. No session is listed anywhere, so all of a user's
 * sessions are ended by what they have in common: the period of 30 days in which they were created, and in the period
 * that is under way also a generation, which is how often they were ended in it before.
 *
 * - A new session asks for the first generation of this period that is not revoked, and has it sealed in.
 * - Who ends all sessions revokes that generation, and every earlier period from which a session can still live. What
 *   signs in after that gets the next generation. A sign-in at the same time asked before, and is ended too.
 * - A generation stays revoked until its period is over, so none is given out twice; then nothing is created in it. An
 *   hour around the turn of a period counts as part of both, for servers whose clocks differ.
 * - What is revoked stays so until the last session that it ends would have ended by itself, and a day longer.
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
    // Anything else must not pass for "not revoked".
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
    /** Ends a session, with an owner only if it is that user's. */
    revokeSession: (id: string, userId: UserId | undefined, now: number) =>
      store.revoke(sessionKey(id, userId), new Date(now + absoluteTimeout + day)),
    /** Makes the token void that a rotation replaces. `false` if the session has ended or is replaced already. */
    async replace(session: Owned, now: number): Promise<boolean> {
      const [keys, replaced] = [keysOf(session), replacedKey(session.id)]
      if (await isAny(keys, { fresh: true })) return false
      await store.revoke(replaced, new Date(now + absoluteTimeout + day))
      // Asked again after the write: whoever ends the session from here on comes after the rotation.
      const others = keys.filter((key) => key !== replaced)
      return !(await isAny(others, { fresh: true }))
    },
    /** The generation that a session created now belongs to. */
    currentGeneration: (userId: UserId, now: number) => firstFree(userId, periodOf(now)),
    /** Ends all sessions that the user has. */
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

// Last in a key, so that no user's id can imitate what else a key holds; with its type, so that 1 is not "1"; and as
// JSON, so that half a character, of which a store may make a question mark, is written out.
function typed(userId: UserId): string {
  return typeof userId === "bigint" ? `${userId}n` : JSON.stringify(userId)
}

function periodOf(time: number): number {
  return Math.floor(time / period)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n)
}

/** Finds the first number that is not `true`, where all below it are: in twice as many questions as it has bits. */
async function firstFalse(ask: (number: number) => Promise<boolean>): Promise<number> {
  let high = 0
  while (await ask(high)) {
    // A store that says yes to everything would never be done.
    if (high > 2 ** 32) throw new AuthError("store_failed", "isRevoked() of the revocations says yes to every key.")
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

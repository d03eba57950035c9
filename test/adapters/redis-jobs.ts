import { setTimeout as sleep } from "node:timers/promises"
import { createAuth } from "../../src/core/create-auth.ts"
import type { RedisAdapter } from "./redis-stores.ts"

/** What a process can be asked, and what for. */
export type Call = { [Name in JobName]: { job: Name; argument: Parameters<(typeof jobs)[Name]>[1] } }[JobName]

export type JobName = keyof typeof jobs
export type JobResult<Name extends JobName> = Awaited<ReturnType<(typeof jobs)[Name]>>

/** When the sessions of the races begin. */
export const signedInAt = Date.UTC(2040, 0, 1)

/** How late, in milliseconds, each call may begin. */
const jitter = 10

/** What processes do to a store beside each other. Each call of a job begins at a moment of its own. */
export const jobs = {
  /** Validates each token as a process of its own would, which shares no write with others. */
  validate: (adapter: RedisAdapter, { tokens, at }: { tokens: string[]; at: number }) =>
    beside(tokens, (token) => visit(adapter, token, at)),

  logOut: (adapter: RedisAdapter, ids: string[]) =>
    beside(ids, async (id) => {
      // A renewal pauses once more too.
      await pause()
      return createAuth({ adapter }).invalidateSession(id)
    }),

  logOutEverywhere: (adapter: RedisAdapter, userIds: string[]) =>
    beside(userIds, (userId) => createAuth({ adapter }).invalidateUserSessions(userId)),

  /** Resolves to the tokens. */
  signIn: (adapter: RedisAdapter, userIds: string[]) =>
    beside(userIds, async (userId) => (await authAt(adapter, signedInAt).createSession(userId)).token),

  /** Resolves to the new tokens, with `null` for sessions that were over. */
  rotate: (adapter: RedisAdapter, tokens: string[]) =>
    beside(tokens, async (token) => (await authAt(adapter, signedInAt).rotateSession(token))?.token ?? null),

  list: (adapter: RedisAdapter, userIds: string[]) =>
    beside(userIds, async (userId) => (await adapter.listSessions(userId)).map(({ id }) => id)),

  extend: (adapter: RedisAdapter, { ids, to, ifBefore }: { ids: string[]; to: Date; ifBefore: Date }) =>
    beside(ids, (id) => adapter.extendSession(id, to, ifBefore)),

  /** Resolves to how many sessions each round deleted. */
  cleanUp: (adapter: RedisAdapter, { before, limit, rounds }: { before: Date; limit: number; rounds: number }) =>
    beside(Array.from({ length: rounds }), () => adapter.deleteExpiredSessions(before, limit)),
}

function beside<Item, Result>(items: Item[], call: (item: Item) => Promise<Result>): Promise<Result[]> {
  return Promise.all(
    items.map(async (item) => {
      await pause()
      return call(item)
    }),
  )
}

function pause(): Promise<void> {
  return sleep(Math.random() * jitter)
}

/** Resolves to whether the session was live, and to what extendSession() answered if it was called. */
async function visit(adapter: RedisAdapter, token: string, at: number): Promise<{ live: boolean; extended?: boolean }> {
  const answers: boolean[] = []
  const extendSession: RedisAdapter["extendSession"] = async (...extension) => {
    // Between reading and writing is where the others come in.
    await pause()
    const extended = await adapter.extendSession(...extension)
    answers.push(extended)
    return extended
  }
  const { session } = await authAt({ ...adapter, extendSession }, at).validateSession(token)
  return { live: session !== null, ...(answers.length > 0 && { extended: answers[0] }) }
}

function authAt(adapter: RedisAdapter, at: number) {
  return createAuth({ adapter, now: () => at })
}

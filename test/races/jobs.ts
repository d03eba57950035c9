import { setTimeout as sleep } from "node:timers/promises"
import { createAuth } from "../../src/core/create-auth.ts"
import { isAuthError } from "../../src/core/errors.ts"
import type { PasswordHasher } from "../../src/password/password-hasher.ts"
import { createUsers } from "../../src/users/create-users.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import type { RaceAdapter } from "./race-store.ts"
import { attemptOf } from "../users/attempts.ts"

/** What a validation did. */
export interface Visit {
  isLive: boolean
  userId: string | null
  /** What extendSession() answered; absent if it was not called. */
  extended?: boolean
}

export type JobName = keyof typeof jobs
export type JobArgument<Name extends JobName> = Parameters<(typeof jobs)[Name]>[1]
export type JobResult<Name extends JobName> = Awaited<ReturnType<(typeof jobs)[Name]>>

/** How late, in milliseconds, each of the calls of a job may begin. */
const jitter = 8

/** When the sessions of the races begin. */
export const signedInAt = Date.UTC(2030, 0, 1)

/** The jobs that several processes run on a store at once. Each call of a job starts at a different moment. */
export const jobs = {
  /** Validates each token as a separate process would, without sharing writes. */
  validate: (adapter: RaceAdapter, { tokens, at }: { tokens: string[]; at: number }) =>
    beside(tokens, (token) => visit(adapter, token, at)),

  logOut: (adapter: RaceAdapter, ids: string[]) =>
    beside(ids, async (id) => {
      // A renewal pauses once more too.
      await pause(jitter)
      return createAuth({ adapter }).invalidateSession(id)
    }),

  logOutEverywhere: (adapter: RaceAdapter, userIds: string[]) =>
    beside(userIds, (userId) => createAuth({ adapter }).invalidateUserSessions(userId)),

  /** Resolves to the tokens, with `null` for users who do not exist. */
  createSessions: (adapter: RaceAdapter, userIds: string[]) =>
    beside(userIds, async (userId) => {
      const auth = createAuth({ adapter, now: () => signedInAt })
      return unlessMissing(async () => (await auth.createSession(userId)).token)
    }),

  /** Resolves to the new tokens, with `null` for sessions that were over. */
  rotate: (adapter: RaceAdapter, tokens: string[]) =>
    beside(tokens, async (token) => {
      const auth = createAuth({ adapter, now: () => signedInAt })
      return (await auth.rotateSession(token))?.token ?? null
    }),

  list: (adapter: RaceAdapter, userIds: string[]) =>
    beside(userIds, async (userId) => (await adapter.listSessions(userId)).map(({ id }) => id)),

  deleteUsers: (adapter: RaceAdapter, userIds: string[]) =>
    beside(userIds, (userId) => usersOf(adapter).deleteUser(userId)),

  /** Resolves to why each was refused, or to `null`. */
  signUp: (adapter: RaceAdapter, { names, password }: { names: string[]; password: string }) =>
    beside(names, async (name) => {
      const key = { providerId: "username", providerUserId: name, password }
      const result = await usersOf(adapter).createUser({ key, attributes: { username: name } })
      return result.user ? null : result.reason
    }),

  /** Resolves to the tokens, with `null` for those who were refused. */
  signIn: (adapter: RaceAdapter, { names, password, version }: Credentials) =>
    beside(names, async (name) => {
      const auth = createAuth({ adapter, now: () => signedInAt })
      const signedIn = await usersOf(adapter, version).signInWithPassword(auth, attemptOf(name, password))
      return signedIn && signedIn.token
    }),

  /** The users are named by their ids. */
  changePassword: (adapter: RaceAdapter, { names, password }: Credentials) =>
    beside(names, async (userId) => {
      const { updated } = await usersOf(adapter).updateUserPassword({ userId, password })
      return updated
    }),

  extend: (adapter: RaceAdapter, { ids, to, ifBefore }: { ids: string[]; to: Date; ifBefore: Date }) =>
    beside(ids, (id) => adapter.extendSession(id, to, ifBefore)),

  /** Resolves to how many sessions each round deleted. */
  cleanUp: (adapter: RaceAdapter, { before, limit, rounds }: { before: Date; limit: number; rounds: number }) =>
    beside(Array.from({ length: rounds }), () => adapter.deleteExpiredSessions(before, limit)),
}

/** The user who signs in, the credentials, and the version of the hasher. */
interface Credentials {
  names: string[]
  password: string
  version?: number
}

function beside<Item, Result>(items: Item[], call: (item: Item) => Promise<Result>): Promise<Result[]> {
  return Promise.all(
    items.map(async (item) => {
      await pause(jitter)
      return call(item)
    }),
  )
}

function pause(longest: number): Promise<void> {
  return sleep(Math.random() * longest)
}

async function visit(adapter: RaceAdapter, token: string, at: number): Promise<Visit> {
  const answers: boolean[] = []
  const extendSession: RaceAdapter["extendSession"] = async (...extension) => {
    // Between reading and writing is where the others come in.
    await pause(jitter)
    const extended = await adapter.extendSession(...extension)
    answers.push(extended)
    return extended
  }
  const auth = createAuth({ adapter: { ...adapter, extendSession }, now: () => at })
  const { session, user } = await auth.validateSession(token)
  return { isLive: session !== null, userId: user?.id ?? null, ...(answers.length > 0 && { extended: answers[0] }) }
}

function usersOf(adapter: RaceAdapter, version?: number) {
  return createUsers({ adapter, passwordHasher: unhurried(countingHasher(version)) })
}

// Hashing is the longest step of a sign-in, so other calls run during it.
function unhurried(hasher: PasswordHasher): PasswordHasher {
  return {
    ...hasher,
    async hash(password) {
      await pause(jitter)
      return hasher.hash(password)
    },
    async verify(hash, password) {
      const isRight = await hasher.verify(hash, password)
      await pause(jitter)
      return isRight
    },
  }
}

async function unlessMissing<Result>(call: () => Promise<Result>): Promise<Result | null> {
  try {
    return await call()
  } catch (error) {
    if (isAuthError(error) && error.code === "user_missing") return null
    throw error
  }
}

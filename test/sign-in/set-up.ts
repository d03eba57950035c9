import type { AuthEvent } from "../../src/index.ts"
import { createAuth } from "../../src/index.ts"
import { ask, makeProof } from "../../src/proof/proof.ts"
import type { Asked, Method, Proof } from "../../src/proof/proof.ts"
import { assurance, createSignIn } from "../../src/sign-in.ts"
import type { AssuranceRow, Factor, FactorSource } from "../../src/sign-in.ts"
import { manualClock } from "../../src/testing.ts"
import { createTokens } from "../../src/tokens.ts"
import { createUsers } from "../../src/users.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { countingHasher } from "../users/counting-hasher.ts"

export interface UserRow {
  id: string
  username: string
}

export interface SessionRow extends AssuranceRow {
  label?: string | null
  device?: number | null
}

export const second = 1000
export const minute = 60 * second

export const keyOfAda = { providerId: "username", providerUserId: "ada", password: "correct horse" }
export const keyOfGrace = { providerId: "username", providerUserId: "grace", password: "battery staple" }

export type TestStore = ReturnType<typeof memoryAdapter<UserRow, SessionRow>>

/** What a test changes of {@link setUp}. */
export interface Changes {
  sufficient?: Method[]
  realm?: string
  /** `false`: the application has no `assuranceColumns`. */
  showsAssurance?: boolean
  /** `true`: tokens are in another store, so that a new password ends no pending sign-in. */
  tokensElsewhere?: boolean
  /** Replaces methods of the store in memory. */
  adapter?: (memory: TestStore) => Partial<TestStore>
}

/** A door over a store in memory with the users `ada` and `grace`, who have a password each and no second factor yet. */
export async function setUp({
  sufficient,
  realm,
  showsAssurance = true,
  tokensElsewhere,
  adapter: overrides,
}: Changes = {}) {
  const now = manualClock()
  const calls: string[] = []
  const events: AuthEvent[] = []
  const onEvent = (event: AuthEvent) => void events.push(event)
  const memory = memoryAdapter<UserRow, SessionRow>()
  const adapter = recordCalls({ ...memory, ...overrides?.(memory) }, calls)
  const hasher = countingHasher()
  const users = createUsers<UserRow>({ adapter, passwordHasher: hasher, now })
  for (const { password, ...key } of [keyOfAda, keyOfGrace]) {
    const id = key.providerUserId
    await users.createUser({ id, key: { ...key, password }, attributes: { username: id } })
  }
  const elsewhere = memoryAdapter<UserRow>()
  await elsewhere.insertUser({ id: "ada", attributes: { username: "ada" } }, null)
  const tokens = createTokens({ adapter: tokensElsewhere ? elsewhere : adapter, purposes: {}, now })
  const auth = createAuth({
    adapter,
    now,
    onEvent,
    proofsOnly: true,
    getSessionAttributes: (row: SessionRow) => ({
      label: row.label ?? null,
      ...(showsAssurance ? assurance(row) : {}),
    }),
  })
  const factors = {
    totp: standIn("totp", calls),
    passkey: standIn("passkey", calls),
    recovery: standIn("recovery", calls),
  }
  const options = { auth, users, tokens, factors: Object.values(factors), now, onEvent, sufficient, realm }
  const door = createSignIn(options)
  calls.splice(0)

  /** A proof of a password, as a sign-in makes it. */
  async function passwordProof(key = keyOfAda): Promise<Proof<string>> {
    const proof = await users.verifyPassword(key)
    calls.splice(0)
    return proof!
  }

  /** Starts a sign-in by password that has to wait for a second factor. */
  async function begin(key = keyOfAda): Promise<string> {
    const { pending } = await door.beginSignIn(await passwordProof(key))
    calls.splice(0)
    if (pending === null) throw new Error("the sign-in did not wait")
    return pending
  }

  const sessionsOf = (userId: string) => memory.listSessions(userId)
  return {
    door,
    auth,
    users,
    tokens,
    factors,
    memory,
    adapter,
    hasher,
    now,
    calls,
    events,
    options,
    passwordProof,
    begin,
    sessionsOf,
  }
}

/** Makes a proof as the module of its method does. */
export function proofOf(method: Method, userId = "ada", stillHolds?: () => Promise<boolean>): Proof<string> {
  return makeProof({ realm: "user", userId, method, stillHolds })
}

/** A module of second factors: its code is `right`, for users who have the factor. Its proofs are real. */
export interface StandIn extends FactorSource, Asked {
  enroll(userId: string): void
  remove(userId: string): void
  verify(userId: string, code?: string): Promise<Proof<string> | null>
}

function standIn(factor: Factor, calls: string[]): StandIn {
  const enrolled = new Set<unknown>()
  return {
    enroll: (userId) => void enrolled.add(userId),
    remove: (userId) => void enrolled.delete(userId),
    async factorsOf(userId) {
      calls.push(`factorsOf ${factor}`)
      return enrolled.has(userId) ? [factor] : []
    },
    async verify(userId, code = "right") {
      if (code !== "right" || !enrolled.has(userId)) return null
      const stillHolds = async () => {
        calls.push(`still ${factor}`)
        return enrolled.has(userId)
      }
      return makeProof({
        realm: "user",
        userId,
        method: factor,
        stillHolds: factor === "recovery" ? undefined : stillHolds,
      })
    },
    async [ask]({ userId, method }) {
      calls.push(`ask ${factor}`)
      return method === factor && enrolled.has(userId)
    },
  }
}

/** The same adapter, which writes the name of each method that is called into `calls`. */
export function recordCalls<Adapter extends object>(adapter: Adapter, calls: string[]): Adapter {
  const methods = Object.entries(adapter).map(([name, method]: [string, (...values: unknown[]) => unknown]) => [
    name,
    (...values: unknown[]) => {
      calls.push(name)
      return method(...values)
    },
  ])
  return Object.fromEntries(methods) as Adapter
}

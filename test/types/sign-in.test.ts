import { expectTypeOf, test } from "vitest"

import { createAuth } from "../../src/index.ts"
import type { Authorize, InferAuthRequest } from "../../src/web.ts"
import { assurance, createSignIn } from "../../src/sign-in.ts"
import type { Assurance, AssuranceRow, Factor, Proof } from "../../src/sign-in.ts"
import { createTokens } from "../../src/tokens.ts"
import { createUsers } from "../../src/users.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { countingHasher } from "../users/counting-hasher.ts"

interface User {
  id: number
  username: string
}

interface SessionRow extends AssuranceRow {
  label?: string
}

const adapter = memoryAdapter<User, SessionRow>()
const users = createUsers({ adapter, passwordHasher: countingHasher() })
const tokens = createTokens({ adapter, purposes: {} })
const auth = createAuth({
  adapter,
  proofsOnly: true,
  getSessionAttributes: (row) => ({ ...assurance(row), label: row.label }),
})
const door = createSignIn({ auth, users, tokens, factors: [] })

test("a session of the door has what the application shows", () => {
  expectTypeOf<Awaited<ReturnType<typeof door.finishSignIn>>>().toMatchTypeOf<{
    session: { userId: number; label: string | undefined; level: 1 | 2; provenAt: Assurance["provenAt"] }
    token: string
  } | null>()
})

test("a sign-in that waits has no session, and one that does not has a token", () => {
  type Begun = Awaited<ReturnType<typeof door.beginSignIn>>
  expectTypeOf<Extract<Begun, { session: null }>>().toEqualTypeOf<{
    session: null
    token: null
    pending: string
    factors: Factor[]
  }>()
  expectTypeOf<Exclude<Begun, { session: null }>["token"]>().toEqualTypeOf<string>()
})

test("attributes are the application's columns, without those of the library", () => {
  expectTypeOf<Parameters<typeof door.beginSignIn>[1]>().toEqualTypeOf<
    Omit<SessionRow, keyof AssuranceRow> | undefined
  >()
  // @ts-expect-error: the library writes it.
  void (() => door.beginSignIn(null!, { methods: "password@0" }))
})

test("ids are of the user's type", () => {
  expectTypeOf<Parameters<Parameters<typeof door.finishSignIn>[1]>>().toEqualTypeOf<[userId: number]>()
  expectTypeOf(door.peekSignIn).returns.resolves.toEqualTypeOf<{ userId: number; factors: Factor[] } | null>()
})

test("recent() is an authorize() of any auth, and signInWithPassword() takes the door", () => {
  expectTypeOf(door.recent).returns.toExtend<Authorize<typeof auth>>()
  const attempt = { providerId: "username", providerUserId: "ada", password: "x" }
  const signIn = () => users.signInWithPassword(door, attempt, { label: "phone" })
  expectTypeOf(signIn).returns.resolves.toEqualTypeOf<Awaited<ReturnType<typeof door.beginSignIn>> | null>()
})

test("a wrapper's request takes the door and its proofs for elevate()", () => {
  const elevate = (request: InferAuthRequest<typeof auth>, proof: Proof<number>) => request.elevate(door, proof)
  expectTypeOf(elevate).returns.resolves.toEqualTypeOf<boolean>()
})

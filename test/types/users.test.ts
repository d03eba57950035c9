import { expectTypeOf, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { createAuth } from "../../src/index.ts"
import { pbkdf2 } from "../../src/password.ts"
import { createTokens, purpose } from "../../src/tokens.ts"
import { createUsers } from "../../src/users.ts"
import type { Key, Proof, ResetAccessReason } from "../../src/users.ts"

const adapter = memoryAdapter<{ id: string }, { label?: string }>()
const auth = createAuth({ adapter, getSessionAttributes: ({ label }) => ({ label }) })
const purposes = { reset: purpose({ expiresIn: "1h", proves: "email" }) }
const tokens = createTokens({ adapter, purposes })
const make = () => createUsers({ adapter, passwordHasher: pbkdf2(), auth, resets: [auth, tokens] })
declare const users: ReturnType<typeof make>
const attempt = { providerId: "username", providerUserId: "ada", password: "correct horse" }

interface Begun {
  session: null
  pending: string
}

declare const door: { beginSignIn(proof: Proof<string>, attributes?: { label?: string }): Promise<Begun> }

test("signInWithPassword() has the type of what it is given: an auth or a door", () => {
  void (async () => {
    const withAuth = await users.signInWithPassword(auth, attempt, { label: "phone" })
    if (withAuth) {
      expectTypeOf(withAuth.session.label).toEqualTypeOf<string | undefined>()
      expectTypeOf(withAuth.token).toEqualTypeOf<string>()
      expectTypeOf(withAuth.key).toEqualTypeOf<Key<string>>()
    }
    const withDoor = await users.signInWithPassword(door, attempt, { label: "phone" })
    expectTypeOf(withDoor).toEqualTypeOf<Begun | null>()
    // @ts-expect-error there is no such column
    await users.signInWithPassword(auth, attempt, { colour: "red" })
    // @ts-expect-error nor here
    await users.signInWithPassword(door, attempt, { colour: "red" })
  })
})

test("a password is whatever the form sent", () => {
  void (async (form: FormData) => {
    const password = form.get("password")
    const key = { providerId: "username", providerUserId: "ada", password }
    await users.createUser({ key, attributes: {} })
    await users.createKey({ ...key, userId: "1", sessionId: "s" })
    await users.updateUserPassword({ userId: "1", password })
    await users.resetAccess({ userId: "1", keep: key, password })
    await users.verifyUserPassword({ userId: "1", password })
  })
})

test("a reset has a reason only if it was refused", () => {
  void (async () => {
    const { reset, reason } = await users.resetAccess({ userId: "1" })
    if (reset) expectTypeOf(reason).toEqualTypeOf<undefined>()
    else expectTypeOf(reason).toEqualTypeOf<ResetAccessReason>()
  })
})

test("a proof of users has their type of id, and is made by this package only", () => {
  void (async () => {
    const proof = await users.verifyPassword(attempt)
    expectTypeOf(proof).toEqualTypeOf<Proof<string> | null>()
    // @ts-expect-error an object that says the same is not a proof
    const forged: Proof<string> = { userId: "1", method: "password" }
    void forged
  })
})

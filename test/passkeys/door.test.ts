import { describe, expect, test } from "vitest"

import { memoryAdapter } from "../../adapters/memory.ts"
import { createAuth } from "../../src/index.ts"
import { createPasskeys } from "../../src/passkeys.ts"
import type { PasskeysOptions } from "../../src/passkeys.ts"
import { assurance, createSignIn } from "../../src/sign-in.ts"
import type { AssuranceRow } from "../../src/sign-in.ts"
import { manualClock } from "../../src/testing.ts"
import { createTokens } from "../../src/tokens.ts"
import { createUsers } from "../../src/users.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { createAuthenticator } from "./authenticator.ts"
import { minute, register, signIn, site } from "./set-up.ts"
import type { UserRow } from "./set-up.ts"

const keyOfAda = { providerId: "username", providerUserId: "ada", password: "correct horse" }

/** A whole application: users, tokens, passkeys and the door, with the user `ada` who has a password. */
async function setUpDoor(changes: Partial<PasskeysOptions<UserRow>> = {}) {
  const now = manualClock()
  const store = memoryAdapter<UserRow, AssuranceRow>()
  const auth = createAuth({ adapter: store, proofsOnly: true, getSessionAttributes: assurance, now })
  const tokens = createTokens({ adapter: store, purposes: {}, now })
  const users = createUsers<UserRow>({ adapter: store, passwordHasher: countingHasher(), now })
  const passkeys = createPasskeys<UserRow>({ adapter: store, auth, ...site, now, ...changes })
  const door = createSignIn({ auth, users, tokens, factors: [passkeys], now })
  await users.createUser({ id: "ada", key: keyOfAda, attributes: { username: "ada" } })
  const authenticator = createAuthenticator()

  /** Signs in by password and adds a passkey. */
  async function enroll() {
    const { session, token } = (await users.signInWithPassword(door, keyOfAda))!
    const newPasskey = await register(passkeys, authenticator, "ada")
    const passkey = await passkeys.addPasskey(newPasskey!, { sessionId: session!.id })
    return { passkey: passkey!, token: token! }
  }

  return { now, store, auth, tokens, users, passkeys, door, authenticator, enroll }
}

describe("a passkey at the door", () => {
  test("signs in alone, at level 2, and needs no second factor", async () => {
    const { door, passkeys, authenticator, enroll } = await setUpDoor()
    await enroll()
    const begun = await door.beginSignIn((await signIn(passkeys, authenticator))!)
    expect(begun).toMatchObject({ pending: null, session: { userId: "ada", methods: ["passkey"], level: 2 } })
  })

  test("is asked for after a password, and finishes that user's sign-in only", async () => {
    const { door, users, passkeys, authenticator, enroll } = await setUpDoor()
    await enroll()
    const begun = await users.signInWithPassword(door, keyOfAda)
    expect(begun).toMatchObject({ session: null, factors: ["passkey"] })
    const pending = begun!.pending!
    const { userId } = (await door.peekSignIn(pending))!
    const { options, handle } = await passkeys.signInOptions({ userId })
    const response = await authenticator.signIn(options)
    const finished = await door.finishSignIn(pending, () => passkeys.verifyPasskey({ handle, response }))
    expect(finished).toMatchObject({ session: { userId: "ada", methods: ["password", "passkey"], level: 2 } })
  })

  test("of another user finishes nothing", async () => {
    const { door, users, passkeys, store, auth, authenticator, enroll } = await setUpDoor()
    await enroll()
    await users.createUser({ id: "eve", key: { ...keyOfAda, providerUserId: "eve" }, attributes: { username: "eve" } })
    const begun = await users.signInWithPassword(door, { ...keyOfAda, providerUserId: "eve" })
    const ofEve = createAuthenticator()
    const newPasskey = await register(passkeys, ofEve, "eve")
    expect(await passkeys.addPasskey(newPasskey!, { sessionId: begun!.session!.id })).not.toBeNull()
    const { pending } = (await users.signInWithPassword(door, keyOfAda))!
    expect(await door.finishSignIn(pending, () => signIn(passkeys, ofEve))).toBeNull()
    expect(await auth.getUserSessions("ada")).toHaveLength(1)
    expect(await store.listPasskeys("ada")).toHaveLength(1)
    expect(await door.finishSignIn(pending, () => signIn(passkeys, authenticator))).not.toBeNull()
  })

  test("elevates the session of its user", async () => {
    const { door, passkeys, authenticator, enroll, now } = await setUpDoor()
    const { token } = await enroll()
    now.advance(20 * minute)
    const elevated = await door.elevate({ sessionToken: token, proof: (await signIn(passkeys, authenticator, "ada"))! })
    expect(elevated).toMatchObject({ session: { methods: ["password", "passkey"], level: 2 } })
    expect(await door.recent({ within: "10m" })({ session: elevated!.session } as never)).toBe(true)
  })

  test("makes the user's highest level 2, so that a password is not enough for grave steps", async () => {
    const { door, auth, enroll } = await setUpDoor()
    const { token } = await enroll()
    const { session } = await auth.validateSession(token)
    expect(await door.recent({ within: "10m" })({ session } as never)).toBe("confirm")
  })

  test("[PKY-7] that is deleted after it was verified opens no session", async () => {
    const { door, auth, passkeys, authenticator, enroll } = await setUpDoor()
    const { passkey } = await enroll()
    const proof = (await signIn(passkeys, authenticator))!
    await passkeys.deletePasskey({ userId: "ada", id: passkey.id })
    await expect(door.beginSignIn(proof)).rejects.toMatchObject({ code: "proof_void" })
    expect(await auth.getUserSessions("ada")).toHaveLength(1)
  })

  test("that began a sign-in is asked for again when a second factor finishes it", async () => {
    const { store, auth, users, tokens, passkeys, authenticator, enroll, now } = await setUpDoor()
    const { passkey } = await enroll()
    const totp = { factorsOf: async () => ["totp" as const] }
    const door = createSignIn({ auth, users, tokens, factors: [passkeys, totp], sufficient: [], now })
    const { pending, factors } = await door.beginSignIn((await signIn(passkeys, authenticator))!)
    expect(factors).toEqual(["totp"])
    await store.deletePasskey({ userId: "ada", id: passkey.id })
    const { makeProof } = await import("../../src/proof/proof.ts")
    const stillHolds = async () => true
    const code = async () => makeProof({ realm: "user", userId: "ada", method: "totp", stillHolds })
    expect(await door.finishSignIn(pending, code)).toBeNull()
  })

  test("is no proof in another realm", async () => {
    const { door, passkeys, authenticator } = await setUpDoor({ realm: "admin", auth: undefined })
    const newPasskey = (await register(passkeys, authenticator))!
    await expect(passkeys.addPasskey(newPasskey)).rejects.toMatchObject({ code: "user_missing" })
    const { passkeys: ofAdmins, users, authenticator: other } = await setUpDoor({ realm: "admin" })
    const second = (await register(ofAdmins, other))!
    await users.createUser({ id: second.userId, key: null, attributes: { username: "root" } })
    await ofAdmins.addPasskey(second)
    await expect(door.beginSignIn((await signIn(ofAdmins, other))!)).rejects.toMatchObject({ code: "proof_void" })
  })
})

describe("a sign-up without a password", () => {
  test("makes the user's id, creates the user, opens a session, stores the passkey, and signs in by it", async () => {
    const { door, users, passkeys, authenticator } = await setUpDoor()
    const { options, handle } = await passkeys.registrationOptions({ name: "grace@example.com" })
    const newPasskey = (await passkeys.verifyRegistration({ handle, response: await authenticator.register(options) }))!
    expect(newPasskey.userId).toMatch(/^[a-z2-7]{16}$/)
    expect(options.user.id).toBe(passkeys.userHandleOf(newPasskey.userId))
    const created = await users.createUser({ id: newPasskey.userId, key: null, attributes: { username: "grace" } })
    if (!created.user) throw new Error(created.reason)
    const { session } = await door.beginSignIn(created.proof)
    expect(await passkeys.addPasskey(newPasskey, { sessionId: session!.id })).toMatchObject({
      userId: newPasskey.userId,
    })
    const begun = await door.beginSignIn((await signIn(passkeys, authenticator))!)
    expect(begun.session).toMatchObject({ userId: newPasskey.userId, level: 2 })
  })

  test("needs no session, because the user was created a moment ago", async () => {
    const { users, passkeys, authenticator } = await setUpDoor()
    const newPasskey = (await register(passkeys, authenticator))!
    await users.createUser({ id: newPasskey.userId, key: null, attributes: { username: "grace" } })
    expect(await passkeys.addPasskey(newPasskey)).not.toBeNull()
    expect(await signIn(passkeys, authenticator)).toMatchObject({ userId: newPasskey.userId })
  })

  test("is null with the session of another user, or one that has ended, though none is needed", async () => {
    const { users, passkeys, door, auth } = await setUpDoor()
    const { session } = (await users.signInWithPassword(door, keyOfAda))!
    for (const username of ["grace", "eve"]) {
      const newPasskey = (await register(passkeys, createAuthenticator()))!
      await users.createUser({ id: newPasskey.userId, key: null, attributes: { username } })
      expect(await passkeys.addPasskey(newPasskey, { sessionId: session!.id })).toBeNull()
      expect(await passkeys.listPasskeys(newPasskey.userId)).toEqual([])
      await auth.invalidateSession(session!.id)
    }
  })

  test("throws user_missing if the application did not create the user", async () => {
    const { passkeys, authenticator } = await setUpDoor()
    const newPasskey = (await register(passkeys, authenticator))!
    await expect(passkeys.addPasskey(newPasskey)).rejects.toMatchObject({ code: "user_missing" })
  })

  test("makes another id each time, and asks the adapter or the application for it", async () => {
    const ids = async (changes: Partial<PasskeysOptions<UserRow>>) => {
      const { passkeys } = await setUpDoor(changes)
      const made = [0, 1].map(async () => (await register(passkeys, createAuthenticator()))!.userId)
      return Promise.all(made)
    }
    expect(new Set(await ids({})).size).toBe(2)
    const adapter = { ...memoryAdapter<UserRow>(), generateUserId: async () => "of-the-adapter" }
    expect(await ids({ adapter })).toEqual(["of-the-adapter", "of-the-adapter"])
    expect(await ids({ adapter, generateUserId: () => "mine" })).toEqual(["mine", "mine"])
  })

  test("is unsupported where the database makes the ids", async () => {
    const adapter = { ...memoryAdapter<UserRow>(), generateUserId: async () => undefined }
    const { passkeys } = await setUpDoor({ adapter })
    await expect(passkeys.registrationOptions({ name: "ada" })).rejects.toMatchObject({ code: "unsupported" })
    expect((await passkeys.registrationOptions({ userId: "ada", name: "ada" })).handle).not.toBe("")
  })
})

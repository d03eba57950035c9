import { describe, expect, test } from "vitest"
import { createAuth } from "../../src/core/create-auth.ts"
import { ask, makeProof } from "../../src/proof/proof.ts"
import { createSignIn } from "../../src/sign-in/create-sign-in.ts"
import { factorsOf, factorStores, passkeyOf, setUpReset, tokensOver, tokenStores } from "./reset-stores.ts"
import { stores } from "./user-stores.ts"

// The five attacks of "Pre-hijacked accounts", Sudhodanan and Paverd, arXiv 2205.10174: somebody makes an account for the
// address of a victim, who has none yet, and leaves a way in for later. The application answers all of them alike: when the
// address is proved for the first time, it resets access.

const victim = "victim@example.com"
const trap = { providerId: "email", providerUserId: victim, password: "attacker's horse" }
const address = { providerId: "email", providerUserId: victim, userId: "user-1" }
const google = { providerId: "google", providerUserId: "victim's sub", userId: "user-1" }
const trojan = { providerId: "github", providerUserId: "attacker", userId: "user-1" }
const password = "the victim's own horse"

describe.each(stores)("an account that was made before its owner came, over %s", (_name, open) => {
  test("[OTT-6] classic-federated merge: the attacker's password is gone once the owner comes by a provider", async () => {
    const { users, auth } = await setUpTrap(open())
    expect(await users.verifyPassword(trap)).not.toBeNull()
    await users.createKey(google)
    expect(await users.resetAccess({ userId: "user-1", keep: google })).toEqual({ reset: true })
    expect(await users.signInWithPassword(auth, trap)).toBeNull()
    expect(await users.getUserKeys("user-1")).toEqual([{ ...google, hasPassword: false }])
  })

  test("[OTT-6] unexpired session: the attacker is signed out once the owner sets a password", async () => {
    const { users, auth } = await setUpTrap(open())
    const attacker = await users.signInWithPassword(auth, trap)
    expect((await auth.validateSession(attacker?.token)).session).not.toBeNull()
    await users.resetAccess({ userId: "user-1", keep: address, password })
    expect((await auth.validateSession(attacker?.token)).session).toBeNull()
    const owner = await users.signInWithPassword(auth, { ...address, password })
    expect((await auth.validateSession(owner?.token)).session).not.toBeNull()
  })

  test("[OTT-6] trojan identifier: the attacker's own account at a provider opens nothing any more", async () => {
    const { users, auth } = await setUpTrap(open())
    const attacker = await users.signInWithPassword(auth, trap)
    await users.createKey({ ...trojan, sessionId: String(attacker?.session.id) })
    expect(await users.getKey(trojan)).not.toBeNull()
    await users.resetAccess({ userId: "user-1", keep: address, password })
    expect(await users.getKey(trojan)).toBeNull()
    expect(await users.getUserKeys("user-1")).toEqual([{ ...address, hasPassword: true }])
  })

  test("[OTT-6] non-verifying provider: the attacker's account there, which claims the address, opens nothing any more", async () => {
    const { users, auth } = setUpReset(open())
    const claimed = { providerId: "careless", providerUserId: "attacker" }
    await users.createUser({ id: "user-1", key: claimed, attributes: { username: victim } })
    const attacker = await auth.createSession("user-1")
    await users.createKey(address)
    expect(await users.resetAccess({ userId: "user-1", keep: address, password })).toEqual({ reset: true })
    expect(await users.getKey(claimed)).toBeNull()
    expect((await auth.validateSession(attacker.token)).session).toBeNull()
    expect(await users.signInWithPassword(auth, { ...address, password })).not.toBeNull()
  })
})

test.each(tokenStores)(
  "[OTT-6] unexpired email change: the link that would move the account to the attacker's address is dead, over %s",
  async (_name, open) => {
    const store = open()
    const { users } = await setUpTrap(store)
    const tokens = tokensOver(store)
    const data = { from: victim, to: "attacker@example.com" }
    const link = await tokens.createToken({ purpose: "change_email", userId: "user-1", data })
    expect(await tokens.peekToken(link, "change_email")).toMatchObject({ data })
    await users.resetAccess({ userId: "user-1", keep: address, password })
    expect(await tokens.consumeToken(link, "change_email")).toBeNull()
    expect(await users.getUserKeys("user-1")).toEqual([{ ...address, hasPassword: true }])
  },
)

test.each(tokenStores)(
  "a sign-in of the attacker that waits for a second factor is not finished any more, over %s",
  async (_name, open) => {
    const store = open()
    const { users } = await setUpTrap(store)
    const auth = createAuth({ adapter: store, proofsOnly: true })
    const totp = { factorsOf: async (): Promise<"totp"[]> => ["totp"], [ask]: async () => true }
    const door = createSignIn({ auth, users, tokens: tokensOver(store), factors: [totp] })
    const begun = await users.signInWithPassword(door, trap)
    expect(await door.peekSignIn(begun?.pending)).toMatchObject({ factors: ["totp"] })
    await users.resetAccess({ userId: "user-1", keep: address, password })
    expect(await door.peekSignIn(begun?.pending)).toBeNull()
    const verify = async (userId: string) => makeProof({ realm: "user", userId, method: "totp" })
    expect(await door.finishSignIn(begun?.pending, verify)).toBeNull()
    expect(await store.listSessions("user-1")).toEqual([])
  },
)

describe.each(factorStores)("an account whose maker enrolled a second factor, over %s", (_name, open) => {
  test("[OTT-6] trojan passkey: the attacker's passkey signs nobody in any more", async () => {
    const store = open()
    const { users } = await setUpTrap(store)
    const passkey = passkeyOf("user-1", "attacker's phone")
    await store.insertPasskey(passkey)
    expect(await store.findPasskey(passkey.id)).not.toBeNull()
    await users.resetAccess({ userId: "user-1", keep: address, password })
    expect(await store.findPasskey(passkey.id)).toBeNull()
    const use = { signCount: 1, backedUp: false, usedAt: new Date() }
    expect(await store.recordPasskeyUse(passkey.id, { signCount: 0 }, use)).toBe(false)
  })

  test("[OTT-6] trojan authenticator: the owner is not asked for a code of the attacker's app", async () => {
    const store = open()
    const { users } = await setUpTrap(store)
    const auth = createAuth({ adapter: store, proofsOnly: true })
    const enrolled = async (userId: string): Promise<"totp"[]> => ((await store.findTotp(userId)) ? ["totp"] : [])
    const totp = { factorsOf: enrolled, [ask]: async () => true }
    const door = createSignIn({ auth, users, tokens: tokensOver(store), factors: [totp] })
    await store.insertTotp("user-1", "the attacker's seed", 0, false)
    expect(await users.signInWithPassword(door, trap)).toMatchObject({ session: null, factors: ["totp"] })
    await users.resetAccess({ userId: "user-1", keep: address, password })
    const owner = await users.signInWithPassword(door, { ...address, password })
    expect(owner?.session).toMatchObject({ userId: "user-1" })
    expect(await store.takeStep("user-1", 1)).toBe(false)
  })

  test("[OTT-6] both at once, with recovery codes: nothing of them is left", async () => {
    const store = open()
    const { users } = await setUpTrap(store)
    await store.insertTotp("user-1", "the attacker's seed", 0, false)
    await store.insertPasskey(passkeyOf("user-1", "attacker's phone"))
    const recovery = { purpose: ":recovery", userId: "user-1", expiresAt: null, attempts: 0, data: "" }
    await store.insertTokens([{ ...recovery, id: "0".repeat(64) }])
    await users.createKey(google)
    expect(await users.resetAccess({ userId: "user-1", keep: google })).toEqual({ reset: true })
    expect(await factorsOf(store, "user-1")).toEqual([false, 0])
    expect(await store.countTokens("user-1", ":recovery")).toBe(0)
  })
})

async function setUpTrap(store: ReturnType<(typeof stores)[number][1]>) {
  const all = setUpReset(store)
  await all.users.createUser({ id: "user-1", key: trap, attributes: { username: victim } })
  return all
}

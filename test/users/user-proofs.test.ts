import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { ask, spendProof } from "../../src/proof/proof.ts"
import type { Evidence, Proof } from "../../src/proof/proof.ts"
import { createSignIn } from "../../src/sign-in/create-sign-in.ts"
import { createTokens } from "../../src/tokens/create-tokens.ts"
import { attemptOf } from "./attempts.ts"
import { countingHasher } from "./counting-hasher.ts"
import { keyOfAda, notText, setUp, setUpAda, stores } from "./user-stores.ts"
import type { Store } from "./user-stores.ts"

const { password } = keyOfAda
const key = { providerId: "username", providerUserId: "ada" }
const github = { providerId: "github", providerUserId: "1", userId: "user-1" }
const email = { providerId: "email", providerUserId: "ada@example.com", userId: "user-1" }

describe.each(stores)("a proof of createUsers() over %s", (_name, open) => {
  test("names the key as stored, and the password by a hash of its hash", async () => {
    const { users, store } = await setUpAda(open())
    const { evidence } = spend(await users.verifyPassword(attemptOf("ADA", password)))
    const mark = await markOf(store)
    expect(evidence).toEqual({ userId: "user-1", method: "password", key, mark })
    expect(spend(await users.verifyUserPassword({ userId: "user-1", password })).evidence).toEqual(evidence)
  })

  test("is marked by the new hash when the password was hashed again", async () => {
    const store = open()
    await setUpAda(store)
    const { users } = setUp(store, { passwordHasher: countingHasher(2) })
    const before = await markOf(store)
    const { evidence } = spend(await users.verifyPassword(keyOfAda))
    expect(evidence.mark).not.toBe(before)
    expect(evidence.mark).toBe(await markOf(store))
    expect(await users[ask](evidence)).toBe(true)
  })

  test("is marked by the hash of another sign-in that was faster to hash it again", async () => {
    const store = open()
    await setUpAda(store)
    const others = setUp(store, { passwordHasher: countingHasher(2) }).users
    const { users, events } = setUp(
      beforeSwap(store, () => others.verifyPassword(keyOfAda)),
      {
        passwordHasher: countingHasher(2),
      },
    )
    const { evidence } = spend(await users.verifyPassword(keyOfAda))
    expect(evidence.mark).toBe(await markOf(store))
    expect(events.map(({ type }) => type)).toEqual(["key_used"])
  })

  test("is not made when the password was changed before it could be hashed again", async () => {
    const store = open()
    await setUpAda(store)
    const others = setUp(store).users
    const change = () => others.updateUserPassword({ userId: "user-1", password: "another horse" })
    const { users } = setUp(beforeSwap(store, change), { passwordHasher: countingHasher(2) })
    expect(await users.verifyPassword(keyOfAda)).toBeNull()
  })

  test("still holds when another sign-in has hashed the same password again, and not when the password was changed", async () => {
    const store = open()
    const { users } = await setUpAda(store)
    const first = spend(await users.verifyPassword(keyOfAda))
    await setUp(store, { passwordHasher: countingHasher(2) }).users.verifyPassword(keyOfAda)
    expect(await first.stillHolds?.()).toBe(true)
    await users.updateUserPassword({ userId: "user-1", password: "another horse" })
    expect(await first.stillHolds?.()).toBe(false)
  })

  test("of a new user is of the password that was set, or of signing up", async () => {
    const { users } = setUp(open())
    const withPassword = await users.createUser({ id: "user-1", key: keyOfAda, attributes: {} })
    const { evidence } = spend(withPassword.user && withPassword.proof)
    expect(evidence).toEqual({
      userId: "user-1",
      method: "password",
      key,
      mark: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(await users[ask](evidence)).toBe(true)

    for (const key of [
      null,
      { providerId: "github", providerUserId: "2" },
      { providerId: "username", providerUserId: "b" },
    ]) {
      const without = await users.createUser({ key, attributes: {} })
      const { evidence } = spend(without.user && without.proof)
      expect(evidence).toEqual({ userId: without.user?.id, method: "sign_up" })
      expect(await users[ask](evidence)).toBe(true)
    }
  })
})

describe.each(stores)("the evidence of a sign-in that waits, over %s", (_name, open) => {
  test.each<[string, (all: Awaited<ReturnType<typeof setUpAda>>) => Promise<unknown>]>([
    [
      "the password is changed",
      ({ users }) => users.updateUserPassword({ userId: "user-1", password: "another horse" }),
    ],
    ["the key is renamed", ({ users }) => users.renameKey({ ...keyOfAda, userId: "user-1" }, "ada2")],
    [
      "the password is taken away",
      async ({ store }) => store.replaceKeyPassword(key, (await store.findKey("username", "ada"))!.passwordHash, null),
    ],
    ["the user is deleted", ({ users }) => users.deleteUser("user-1")],
    [
      "the key becomes another user's, with the same hash",
      async ({ users, store }) => {
        const { passwordHash } = (await store.findKey("username", "ada"))!
        await users.deleteUser("user-1")
        await store.insertUser({ id: "user-2", attributes: {} }, { ...key, passwordHash })
      },
    ],
  ])("does not hold when %s", async (_what, change) => {
    const all = await setUpAda(open())
    const { evidence } = spend(await all.users.verifyPassword(keyOfAda))
    const kept: Evidence = JSON.parse(JSON.stringify(evidence))
    expect(await all.users[ask](kept)).toBe(true)
    await change(all)
    expect(await all.users[ask](kept)).toBe(false)
  })

  test("of a provider holds while the key is that user's", async () => {
    const { users } = await setUpAda(open())
    await users.createKey(github)
    const evidence = { userId: "user-1", method: "oauth", key: { providerId: "github", providerUserId: "1" } } as const
    expect(await users[ask](evidence)).toBe(true)
    expect(await users[ask]({ ...evidence, userId: "user-2" })).toBe(false)
    expect(await users[ask]({ userId: "user-1", method: "oauth" })).toBe(false)
    await users.deleteKey(github)
    expect(await users[ask](evidence)).toBe(false)
  })

  test.each(["email", "sign_up", "recovery"] as const)("[PRF-2] of %s holds while the user exists", async (method) => {
    const { users } = await setUpAda(open())
    expect(await users[ask]({ userId: "user-1", method })).toBe(true)
    await users.deleteUser("user-1")
    expect(await users[ask]({ userId: "user-1", method })).toBe(false)
  })

  test.each(["totp", "passkey", "magic"])("of %s is not for the users to confirm", async (method) => {
    const { users } = await setUpAda(open())
    expect(await users[ask]({ userId: "user-1", method } as Evidence)).toBe(false)
  })

  test("costs one read of the store", async () => {
    const store = open()
    await setUpAda(store)
    const calls: string[] = []
    const { users } = setUp(recording(store, calls))
    const mark = await markOf(store)
    await users[ask]({ userId: "user-1", method: "password", key, mark })
    await users[ask]({ userId: "user-1", method: "oauth", key })
    await users[ask]({ userId: "user-1", method: "email" })
    expect(calls).toEqual(["findKey", "findKey", "findUser"])
  })
})

describe.each(stores)("verifyUserPassword() over %s", (_name, open) => {
  test("takes the password of any of the user's password keys", async () => {
    const { users, events } = await setUpAda(open())
    await users.createKey(github)
    await users.createKey(email)
    await users.deleteKey({ ...key, userId: "user-1" })
    events.splice(0)
    const proof = await users.verifyUserPassword({ userId: "user-1", password })
    expect(spend(proof).evidence).toMatchObject({ userId: "user-1", key: { providerId: "email" } })
    expect(events).toMatchObject([{ type: "key_used", userId: "user-1", providerId: "email" }])
  })

  test("takes the password of each key, should rows of another library have one each", async () => {
    const store = open()
    const { users, hasher } = await setUpAda(store)
    await users.createKey(github)
    await users.createKey(email)
    const old = await hasher.hash("an older horse")
    expect(await store.replaceKeyPassword(email, (await store.findKey("username", "ada"))!.passwordHash, old)).toBe(
      true,
    )
    hasher.takeCalls()
    for (const [given, providerId] of [
      [password, "username"],
      ["an older horse", "email"],
    ] as const) {
      const proof = await users.verifyUserPassword({ userId: "user-1", password: given })
      const { evidence } = spend(proof)
      expect(evidence).toMatchObject({ userId: "user-1", key: { providerId } })
      expect(await users[ask](evidence)).toBe(true)
    }
    hasher.takeCalls()
    expect(await users.verifyUserPassword({ userId: "user-1", password: "wrong horse" })).toBeNull()
    expect(hasher.takeCalls()).toEqual(["verify", "verify"])
  })

  test("costs one verify for keys that have one password, however many they are", async () => {
    const { users, hasher } = await setUpAda(open())
    await users.createKey(email)
    await users.createKey({ ...email, providerUserId: "ada@example.org" })
    await users.verifyUserPassword({ userId: "user-1", password: "a first one, which makes the decoy" })
    hasher.takeCalls()
    expect(await users.verifyUserPassword({ userId: "user-1", password: "wrong horse" })).toBeNull()
    expect(hasher.takeCalls()).toEqual(["verify"])
  })

  test("takes no password of another user", async () => {
    const { users, events } = await setUpAda(open())
    const grace = { providerId: "username", providerUserId: "grace", password: "another horse" }
    await users.createUser({ id: "user-2", key: grace, attributes: {} })
    events.splice(0)
    expect(await users.verifyUserPassword({ userId: "user-2", password })).toBeNull()
    expect(events).toEqual([{ type: "key_refused", at: expect.any(Date), userId: "user-2" }])
  })

  test("[THR-6] costs one verify whatever the user has", async () => {
    const { users, hasher } = await setUpAda(open())
    await users.createUser({ id: "user-2", key: { providerId: "github", providerUserId: "2" }, attributes: {} })
    await users.createUser({ id: "user-3", key: null, attributes: {} })
    await users.verifyUserPassword({ userId: "user-1", password: "a first one, which makes the decoy" })
    await users.verifyUserPassword({ userId: "user-2", password })
    hasher.takeCalls()
    for (const userId of ["user-1", "user-2", "user-3", "nobody"]) {
      expect(await users.verifyUserPassword({ userId, password: "wrong horse" })).toBeNull()
      expect(hasher.takeCalls()).toEqual(["verify"])
    }
  })

  test("answers null at no cost for what is not text", async () => {
    const { users, hasher } = await setUpAda(open())
    for (const [, value] of notText(password)) {
      expect(await users.verifyUserPassword({ userId: "user-1", password: value })).toBeNull()
    }
    expect(await users.verifyUserPassword({ userId: "user-1", password: "x".repeat(10_000) })).toBeNull()
    expect(hasher.takeCalls()).toEqual([])
  })

  test("hashes again with the current hasher", async () => {
    const store = open()
    await setUpAda(store)
    const { users, events } = setUp(store, { passwordHasher: countingHasher(2) })
    expect(await users.verifyUserPassword({ userId: "user-1", password })).not.toBeNull()
    expect((await store.findKey("username", "ada"))?.passwordHash).toMatch(/^v2/)
    expect(events.map(({ type }) => type)).toEqual(["password_rehashed", "key_used"])
  })
})

describe.each(stores)("signInWithPassword() through a door over %s", (_name, open) => {
  test("hands a good proof to beginSignIn(), and resolves to what that returned", async () => {
    const { users } = await setUpAda(open())
    const begun = { session: null, token: null, pending: "p", factors: ["totp"] }
    const given: unknown[] = []
    const door = {
      async beginSignIn(proof: Proof<string>, attributes?: { label: string }) {
        given.push(spendProof(proof, "user").evidence, attributes)
        return begun
      },
    }
    expect(await users.signInWithPassword(door, keyOfAda, { label: "phone" })).toBe(begun)
    expect(given).toMatchObject([{ userId: "user-1", method: "password", key }, { label: "phone" }])
  })

  test("does not call the door for a wrong password", async () => {
    const { users } = await setUpAda(open())
    const door = { beginSignIn: () => Promise.reject(new Error("the door was opened")) }
    expect(await users.signInWithPassword(door, attemptOf("ada", "wrong horse"))).toBeNull()
    expect(await users.signInWithPassword(door, attemptOf("nobody", password))).toBeNull()
  })

  test("answers null when the user is deleted meanwhile, and throws what else the door throws", async () => {
    const { users, store } = await setUpAda(open())
    const auth = createAuth({ adapter: store })
    const door = {
      async beginSignIn(proof: Proof<string>) {
        await users.deleteUser(proof.userId)
        return auth.createSession(proof.userId)
      },
    }
    expect(await users.signInWithPassword(door, keyOfAda)).toBeNull()

    const again = await setUpAda(open())
    const outage = { beginSignIn: () => Promise.reject(new Error("down")) }
    await expect(again.users.signInWithPassword(outage, keyOfAda)).rejects.toThrow("down")
  })

  test("answers null when the first password is back by the time that the door has turned the user away", async () => {
    const { users, store } = await setUpAda(open())
    const door = createSignIn({
      auth: createAuth({ adapter: store, proofsOnly: true }),
      users,
      tokens: createTokens({ adapter: memoryAdapter(), purposes: {} }),
      factors: [],
    })
    const change = (to: string) => users.updateUserPassword({ userId: "user-1", password: to })
    // Between the two questions of the sign-in: whether to open the door, and why the door stayed shut.
    const changing = {
      async beginSignIn(proof: Proof<string>) {
        await change("another horse")
        const begun = door.beginSignIn(proof)
        await begun.catch(() => change(password))
        return begun
      },
    }
    expect(await users.signInWithPassword(changing, keyOfAda)).toBeNull()
    expect(await store.listSessions("user-1")).toEqual([])
    expect((await users.signInWithPassword(door, keyOfAda))?.session).not.toBeNull()
  })

  test("throws that the developer's proof is void, where the password is the same", async () => {
    const { users } = await setUpAda(open())
    const door = { beginSignIn: async (proof: Proof<string>) => spendProof(proof, "someone else's realm") }
    await expect(users.signInWithPassword(door, keyOfAda)).rejects.toMatchObject({ code: "proof_void" })
  })

  test("leaves an auth with proofsOnly to its door", async () => {
    const { users, store } = await setUpAda(open())
    const auth = createAuth({ adapter: store, proofsOnly: true })
    await expect(users.signInWithPassword(auth, keyOfAda)).rejects.toMatchObject({ code: "unsupported" })
    expect(await store.listSessions("user-1")).toEqual([])
  })
})

describe("checkPassword()", () => {
  test("goes by the policy of the instance", async () => {
    const { users } = setUp(stores[0]![1](), {
      passwordPolicy: { minLength: 15, blocklist: ["correct horse battery"] },
    })
    const reasons = ["correct horse", "correct horse battery", "battery horse correct", null].map(users.checkPassword)
    expect(await Promise.all(reasons)).toEqual(["password_too_short", "password_common", null, "password_invalid"])
  })
})

test.each([[""], [null], [7]])("createUsers() refuses %j as realm", (realm) => {
  expect(() => setUp(stores[0]![1](), { realm } as never)).toThrow(expect.objectContaining({ code: "invalid_option" }))
})

function spend(proof: Proof<string> | null | undefined) {
  if (!proof) throw new Error("there is no proof")
  return spendProof(proof, "user")
}

async function markOf(store: Store): Promise<string> {
  const { passwordHash } = (await store.findKey("username", "ada"))!
  return createHash("sha256").update(String(passwordHash)).digest("hex")
}

/** A store in which something happens once, just before a hash is swapped. */
function beforeSwap(store: Store, happen: () => Promise<unknown>): Store {
  let isDue = true
  return {
    ...store,
    async replaceKeyPassword(...swap) {
      if (isDue) {
        isDue = false
        await happen()
      }
      return store.replaceKeyPassword(...swap)
    },
  }
}

function recording(store: Store, calls: string[]): Store {
  const methods = Object.entries(store).map(([name, method]: [string, (...given: unknown[]) => unknown]) => {
    return [name, (...given: unknown[]) => (calls.push(name), method(...given))] as const
  })
  return { ...store, ...Object.fromEntries(methods) }
}

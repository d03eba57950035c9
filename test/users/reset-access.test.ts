import { describe, expect, test } from "vitest"
import { createAuth } from "../../src/core/create-auth.ts"
import { resetsPort } from "../../src/proof/resets.ts"
import { attemptOf } from "./attempts.ts"
import { countingHasher } from "./counting-hasher.ts"
import {
  enrol,
  factorsOf,
  factorStores,
  modulesFor,
  openMemory,
  ownKeyOfAda,
  passkeyOf,
  setUpReset,
  setUpResetOfAda,
  tokensOver,
  tokenStores,
} from "./reset-stores.ts"
import type { FactorStore, TokenStore } from "./reset-stores.ts"
import { keyOfAda, notText, setUp, setUpAda, stores } from "./user-stores.ts"
import type { Store } from "./user-stores.ts"

const { password } = keyOfAda
const next = "another horse"
const github = { providerId: "github", providerUserId: "1", userId: "user-1" }
const email = { providerId: "email", providerUserId: "ada@example.com", userId: "user-1" }

describe.each(stores)("resetAccess() over %s", (_name, open) => {
  test("[PRF-7] ends sessions and passwords and deletes every key but one, which loses its password", async () => {
    const { users, auth, events, store } = await setUpResetOfAda(open())
    await users.createKey(github)
    await users.createKey(email)
    await auth.createSession("user-1")
    events.splice(0)
    expect(await users.resetAccess({ userId: "user-1", keep: email })).toEqual({ reset: true })
    expect(await users.getUserKeys("user-1")).toEqual([{ ...email, hasPassword: false }])
    expect(await store.listSessions("user-1")).toEqual([])
    expect(await users.verifyPassword(keyOfAda)).toBeNull()
    expect(await users.verifyUserPassword({ userId: "user-1", password })).toBeNull()
    const at = expect.any(Date)
    const removed = ["username", "github"].map((providerId) => ({
      type: "key_removed",
      at,
      userId: "user-1",
      providerId,
    }))
    expect(events.slice(0, 2)).toEqual(expect.arrayContaining(removed))
    expect(events[2]).toEqual({ type: "access_reset", at, userId: "user-1" })
  })

  test("gives the kept key a new password", async () => {
    const { users, events } = await setUpResetOfAda(open())
    await users.createKey(email)
    events.splice(0)
    const reset = await users.resetAccess({
      userId: "user-1",
      keep: { ...email, providerUserId: "Ada@Example.com" },
      password: next,
    })
    expect(reset).toEqual({ reset: true })
    expect(events.map(({ type }) => type)).toEqual(["key_removed", "password_changed", "access_reset"])
    expect(await users.getUserKeys("user-1")).toEqual([{ ...email, hasPassword: true }])
    expect(await users.verifyPassword({ ...email, password })).toBeNull()
    expect(await users.verifyPassword({ ...email, password: next })).not.toBeNull()
  })

  test("without a key to keep deletes all of them", async () => {
    const { users, auth } = await setUpResetOfAda(open())
    await users.createKey(github)
    expect(await users.resetAccess({ userId: "user-1" })).toEqual({ reset: true })
    expect(await users.getUserKeys("user-1")).toEqual([])
    expect(await users.getUser("user-1")).not.toBeNull()
    expect(await users.signInWithPassword(auth, keyOfAda)).toBeNull()
  })

  test("keeps a provider's key, and no password", async () => {
    const { users } = await setUpResetOfAda(open())
    await users.createKey(github)
    expect(await users.resetAccess({ userId: "user-1", keep: github })).toEqual({ reset: true })
    expect(await users.getUserKeys("user-1")).toEqual([{ ...github, hasPassword: false }])
  })

  test("spares the session `except`, and everything of other users", async () => {
    const { users, auth } = await setUpResetOfAda(open())
    const grace = { ...keyOfAda, providerUserId: "grace" }
    await users.createUser({ id: "user-2", key: grace, attributes: { username: "grace" } })
    const [own, other, hers] = [
      await auth.createSession("user-1"),
      await auth.createSession("user-1"),
      await auth.createSession("user-2"),
    ]
    await users.resetAccess({ userId: "user-1", keep: ownKeyOfAda, except: own.session.id })
    const sessions = [own, other, hers].map(async ({ token }) => (await auth.validateSession(token)).session !== null)
    expect(await Promise.all(sessions)).toEqual([true, false, true])
    expect(await users.verifyPassword(attemptOf("grace", password))).not.toBeNull()
  })

  test("changes nothing for a missing user, a key of somebody else, or a password that the policy refuses", async () => {
    const { users, auth, hasher, events } = await setUpResetOfAda(open())
    const { token } = await auth.createSession("user-1")
    await users.createUser({ id: "user-2", key: { ...github }, attributes: {} })
    events.splice(0)
    hasher.takeCalls()
    const reset = (given: object) => users.resetAccess({ userId: "user-1", keep: ownKeyOfAda, ...given })
    expect(await reset({ userId: "nobody" })).toEqual({ reset: false, reason: "user_missing" })
    expect(await reset({ keep: github })).toEqual({ reset: false, reason: "key_missing" })
    expect(await reset({ keep: email })).toEqual({ reset: false, reason: "key_missing" })
    expect(await reset({ password: "short" })).toEqual({ reset: false, reason: "password_too_short" })
    expect(await reset({ password: "password" })).toEqual({ reset: false, reason: "password_common" })
    for (const [, value] of notText(password).filter(([, given]) => given !== undefined)) {
      expect(await reset({ password: value })).toEqual({ reset: false, reason: "password_invalid" })
    }
    expect(hasher.takeCalls()).toEqual([])
    expect(events).toEqual([])
    expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })

  test("throws for a key to keep that is null, and for an option that there is not, and changes nothing", async () => {
    const { users } = await setUpResetOfAda(open())
    for (const given of [{ keep: null }, { keep: undefined }, { keeps: ownKeyOfAda }]) {
      const resetting = users.resetAccess({ userId: "user-1", ...given } as never)
      await expect(resetting).rejects.toMatchObject({
        code: "invalid_option",
        message: expect.stringContaining("keep"),
      })
    }
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })

  test("throws for a password that no kept key can have", async () => {
    const { users } = await setUpResetOfAda(open())
    await users.createKey(github)
    const invalid = { name: "AuthError", code: "invalid_option" }
    await expect(users.resetAccess({ userId: "user-1", password: next })).rejects.toMatchObject(invalid)
    await expect(users.resetAccess({ userId: "user-1", keep: github, password: next })).rejects.toMatchObject(invalid)
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })

  test("may be repeated, and two at once with the same password agree", async () => {
    const { users } = await setUpResetOfAda(open())
    await users.createKey(github)
    const reset = () => users.resetAccess({ userId: "user-1", keep: ownKeyOfAda, password: next })
    expect(await Promise.all([reset(), reset(), reset()])).toEqual(Array(3).fill({ reset: true }))
    expect(await reset()).toEqual({ reset: true })
    expect(await users.verifyPassword(attemptOf("ada", next))).not.toBeNull()
  })

  test("may meet another one with another password: one of the two works", async () => {
    const { users } = await setUpResetOfAda(open())
    const reset = (to: string) => users.resetAccess({ userId: "user-1", keep: ownKeyOfAda, password: to })
    expect(await Promise.all([reset(next), reset("the other horse")])).toEqual(Array(2).fill({ reset: true }))
    const answers = [next, "the other horse"].map((typed) => users.verifyPassword(attemptOf("ada", typed)))
    expect((await Promise.all(answers)).filter(Boolean)).toHaveLength(1)
  })

  test("keeps the new password when a sign-in hashes it again meanwhile", async () => {
    const store = open()
    await setUpAda(store)
    const later = setUp(store, { passwordHasher: countingHasher(2) }).users
    const { users } = setUpReset(
      onceAfter(store, "replaceUserPasswords", () => later.verifyPassword(attemptOf("ada", next))),
    )
    expect(await users.resetAccess({ userId: "user-1", keep: ownKeyOfAda, password: next })).toEqual({ reset: true })
    expect((await store.findKey("username", "ada"))?.passwordHash).toMatch(/^v2/)
    expect(await later.verifyPassword(attemptOf("ada", next))).not.toBeNull()
  })

  test("ends everything, and says so, when the key to keep is deleted meanwhile", async () => {
    const store = open()
    const { users: others, auth } = await setUpAda(store)
    await others.createKey(github)
    await auth.createSession("user-1")
    const deleted = onceAfter(store, "replaceUserPasswords", () => others.deleteKey(ownKeyOfAda))
    const { users, events } = setUpReset(deleted)
    const reset = await users.resetAccess({ userId: "user-1", keep: ownKeyOfAda })
    expect(reset).toEqual({ reset: false, reason: "key_missing" })
    expect(await store.listKeys("user-1")).toEqual([])
    expect(await store.listSessions("user-1")).toEqual([])
    expect(events.map(({ type }) => type)).toContain("access_reset")
  })

  test("throws when keys are added faster than it can delete them", async () => {
    const store = open()
    await setUpAda(store)
    let n = 0
    const listKeys: Store["listKeys"] = async (userId) => {
      const record = { providerId: "github", providerUserId: String(n++), userId, passwordHash: null }
      await store.insertKey(record)
      return store.listKeys(userId)
    }
    const { users } = setUpReset({ ...store, listKeys })
    await expect(users.resetAccess({ userId: "user-1" })).rejects.toMatchObject({ code: "store_failed" })
  })
})

describe.each(tokenStores)("what resetAccess() ends in other modules over %s", (_store, open) => {
  test("[OTT-5] is all tokens of the user in the same store, recovery codes too, and none of another user", async () => {
    const store = open()
    const elsewhere = { [resetsPort]: "deleteTokens", resetUser: async () => {} }
    const { users } = await setUpAda(store, { resets: [createAuth({ adapter: store }), elsewhere] })
    await users.createUser({ id: "user-2", key: null, attributes: {} })
    const tokens = tokensOver(store)
    const create = (userId: string) => tokens.createToken({ purpose: "reset_password", userId })
    const [mine, hers] = [await create("user-1"), await create("user-2")]
    await insertToken(store, ":recovery")
    await insertToken(store, ":second_factor")
    await users.resetAccess({ userId: "user-1", keep: ownKeyOfAda })
    expect(await tokens.consumeToken(mine, "reset_password")).toBeNull()
    expect(await tokens.consumeToken(hers, "reset_password")).not.toBeNull()
    expect(await countTokens(store)).toEqual([0, 0])
  })

  test("spares recovery codes while the old password works, so that no outage leaves a password alone", async () => {
    const store = open()
    const { users } = await setUpResetOfAda({
      ...store,
      replaceUserPasswords: async () => Promise.reject(new Error("down")),
    } as TokenStore)
    await insertToken(store, ":recovery")
    await insertToken(store, ":second_factor")
    await expect(users.resetAccess({ userId: "user-1" })).rejects.toMatchObject({ code: "store_failed" })
    expect(await countTokens(store)).toEqual([1, 0])
  })

  test("is passed the session that stays", async () => {
    const store = open()
    const given: unknown[] = []
    const custom = { resetUser: async (...values: unknown[]) => void given.push(values) }
    const auth = createAuth({ adapter: store })
    const { users } = await setUpAda(store, { resets: [auth, ...modulesFor(store), custom] })
    const { session } = await auth.createSession("user-1")
    await users.resetAccess({ userId: "user-1", except: session.id })
    expect(given).toEqual([
      ["user-1", { except: session.id }],
      ["user-1", { except: session.id }],
    ])
  })

  test("is all that it was asked for, by a second call, after an outage at any step", async () => {
    for (let moment = 1; ; moment++) {
      const store = open()
      const { users: others, auth } = await setUpAda(store)
      await others.createKey(github)
      await auth.createSession("user-1")
      let calls = 0
      const failing = Object.fromEntries(
        Object.entries(store).map(([name, method]: [string, (...given: unknown[]) => unknown]) => [
          name,
          async (...given: unknown[]) => (++calls === moment ? Promise.reject(new Error("down")) : method(...given)),
        ]),
      ) as unknown as Store
      const { users } = setUp(failing, { resets: [createAuth({ adapter: failing }), ...modulesFor(store)] })
      const reset = () => users.resetAccess({ userId: "user-1", keep: ownKeyOfAda, password: next })
      const failed = await reset().catch(({ code }: { code: string }) => code)
      if (calls < moment) {
        expect(moment).toBeGreaterThan(8)
        return
      }
      expect(failed).toBe("store_failed")
      expect(await reset()).toEqual({ reset: true })
      expect(await store.listSessions("user-1")).toEqual([])
      expect((await store.listKeys("user-1")).length).toBe(1)
    }
  })
})

describe.each(factorStores)("second factors that resetAccess() deletes over %s", (_store, open) => {
  test("[PRF-7] are TOTP and passkeys of the user, though no module for them is given, and none of another user", async () => {
    const store = open()
    const { users, events } = await setUpResetOfAda(store)
    await users.createUser({ id: "user-2", key: null, attributes: {} })
    for (const id of ["user-1", "user-2"]) await enrol(store, id)
    events.splice(0)
    expect(await users.resetAccess({ userId: "user-1", keep: ownKeyOfAda })).toEqual({ reset: true })
    expect(await factorsOf(store, "user-1")).toEqual([false, 0])
    expect(await factorsOf(store, "user-2")).toEqual([true, 2])
    const types = ["passkey_removed", "passkey_removed", "totp_removed", "access_reset"]
    expect(events).toEqual(types.map((type) => ({ type, at: expect.any(Date), userId: "user-1" })))
  })

  test("go one by one where the adapter cannot delete all passkeys at once", async () => {
    const { deletePasskeys: _none, ...partial } = open()
    const { users } = await setUpResetOfAda(partial as FactorStore)
    for (const id of ["phone", "laptop"]) await partial.insertPasskey(passkeyOf("user-1", id))
    await users.resetAccess({ userId: "user-1", keep: ownKeyOfAda })
    expect(await partial.listPasskeys("user-1")).toEqual([])
  })

  test("go after passwords, keys and sessions, and after the modules that delete them with events of their own", async () => {
    const store = open()
    const order: string[] = []
    const log = <Given extends unknown[], Result>(name: string, call: (...given: Given) => Result) => {
      return (...given: Given) => (order.push(name), call(...given))
    }
    const auth = createAuth({ adapter: store })
    const totp = { [resetsPort]: "deleteTotp", resetUser: log("totp", async () => {}) }
    const { users } = await setUpAda(
      {
        ...store,
        deleteKey: log("deleteKey", store.deleteKey),
        deletePasskeys: log("deletePasskeys", store.deletePasskeys),
        deleteTokens: log("deleteTokens", store.deleteTokens),
        deleteTotp: log("deleteTotp", store.deleteTotp),
        replaceUserPasswords: log("lock", store.replaceUserPasswords),
      } as FactorStore,
      {
        resets: [
          totp,
          { [resetsPort]: "deleteTokens", resetUser: async () => {} },
          { ...auth, resetUser: log("auth", auth.resetUser) },
        ],
      },
    )
    await users.createKey(github)
    await store.insertPasskey(passkeyOf("user-1", "phone"))
    await users.resetAccess({ userId: "user-1", keep: ownKeyOfAda })
    const first = ["deleteTokens", "lock", "deleteKey", "deleteTokens", "auth", "totp", "deletePasskeys", "deleteTotp"]
    expect(order.slice(0, 8)).toEqual(first)
    expect(order.slice(8)).toEqual(["deleteTokens", "auth", "totp", "deletePasskeys", "deleteTotp"])
  })

  test.each<[string, (store: FactorStore) => Promise<unknown>]>([
    ["a passkey", (store) => store.insertPasskey(passkeyOf("user-1", "late"))],
    ["an authenticator app", (store) => store.insertTotp("user-1", "late", 0, true)],
  ])("are looked for again, should %s be added meanwhile", async (_what, add) => {
    for (let rounds = 1; rounds <= 3; rounds++) {
      const store = open()
      let due = rounds
      const deleteTotp: FactorStore["deleteTotp"] = async (userId) => {
        const had = await store.deleteTotp(userId)
        if (due-- > 0) await add(store)
        return had
      }
      const { users } = await setUpResetOfAda({ ...store, deleteTotp } as FactorStore)
      expect(await users.resetAccess({ userId: "user-1", keep: ownKeyOfAda })).toEqual({ reset: true })
      expect(due).toBeLessThan(0)
      expect(await factorsOf(store, "user-1")).toEqual([false, 0])
    }
  })
})

describe("createUsers() with `resets`", () => {
  const store = openMemory()
  const auth = createAuth({ adapter: store })
  const missing = (message: RegExp) =>
    expect.objectContaining({ code: "missing_port", message: expect.stringMatching(message) })

  test("needs the auth", () => {
    expect(() => setUp(store, { resets: [] })).toThrow(missing(/the auth is missing/))
    expect(() => setUp(store, { resets: [tokensOver(store)] })).toThrow(missing(/the auth is missing/))
  })

  test("needs a module that resets tokens if the adapter keeps them", () => {
    const { deleteTokens: _none, ...without } = store
    expect(() => setUp(store, { resets: [auth] })).toThrow(missing(/deleteTokens\(\).*add createTokens/))
    expect(() => setUp(store, { resets: [auth, ...modulesFor(store)] })).not.toThrow()
    const { users } = setUp(without, { resets: [auth] })
    expect(() => users.withAdapter(store)).toThrow(missing(/no module resets it/))
  })

  test("needs no module for TOTP and passkeys, which the users' adapter deletes", () => {
    expect(store).toMatchObject({ deleteTotp: expect.any(Function), listPasskeys: expect.any(Function) })
    expect(() => setUp(store, { resets: [auth, tokensOver(store)] })).not.toThrow()
  })

  test("needs modules that can be reset", () => {
    expect(() => setUp(store, { resets: [auth, {} as never] })).toThrow(missing(/resetUser\(\) is missing/))
  })

  test("is needed by resetAccess()", async () => {
    const { users } = await setUpAda(store)
    await expect(users.resetAccess({ userId: "user-1" })).rejects.toEqual(missing(/the option is missing/))
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })
})

describe.each(tokenStores)("a new password or address over %s", (_store, open) => {
  test.each<[string, (users: ReturnType<typeof setUp>["users"]) => Promise<unknown>]>([
    ["updateUserPassword()", (users) => users.updateUserPassword({ userId: "user-1", password: next })],
    ["renameKey()", (users) => users.renameKey(ownKeyOfAda, "ada2")],
  ])(
    "[OTT-5] of %s ends tokens, pending sign-ins and known browsers, but not recovery codes",
    async (_name, change) => {
      const store = open()
      const { users } = await setUpAda(store)
      await users.createUser({ id: "user-2", key: null, attributes: {} })
      const tokens = tokensOver(store)
      const create = (userId: string) =>
        tokens.createToken({ purpose: "change_email", userId, data: { from: "a@x.example", to: "b@x.example" } })
      const [mine, hers] = [await create("user-1"), await create("user-2")]
      for (const purpose of [":second_factor", ":known_browser", ":recovery"]) await insertToken(store, purpose)
      expect(await change(users)).not.toMatchObject({ reason: expect.anything() })
      expect(await tokens.peekToken(mine, "change_email")).toBeNull()
      expect(await tokens.peekToken(hers, "change_email")).not.toBeNull()
      expect(await store.countTokens("user-1", ":second_factor")).toBe(0)
      expect(await store.countTokens("user-1", ":known_browser")).toBe(0)
      expect(await store.countTokens("user-1", ":recovery")).toBe(1)
    },
  )

  test.each<[string, keyof Store, (users: ReturnType<typeof setUp>["users"]) => Promise<unknown>]>([
    [
      "updateUserPassword()",
      "replaceUserPasswords",
      (users) => users.updateUserPassword({ userId: "user-1", password: next }),
    ],
    ["renameKey()", "renameKey", (users) => users.renameKey(ownKeyOfAda, "ada2")],
  ])(
    "of %s ends tokens before the change, and those that were made meanwhile after it",
    async (_name, method, change) => {
      const store = open()
      await setUpAda(store)
      const seen: number[] = []
      const { users } = setUp(
        onceAfter(store, method, async () => {
          seen.push(await store.countTokens("user-1", ":second_factor"))
          await insertToken(store, ":second_factor")
        }),
      )
      await insertToken(store, ":second_factor")
      await change(users)
      expect(seen).toEqual([0])
      expect(await store.countTokens("user-1", ":second_factor")).toBe(0)
    },
  )

  test("that is refused ends no tokens", async () => {
    const store = open()
    const { users } = await setUpAda(store)
    await insertToken(store, ":second_factor")
    await users.updateUserPassword({ userId: "user-1", password: "short" })
    await users.renameKey(ownKeyOfAda, "")
    expect(await store.countTokens("user-1", ":second_factor")).toBe(1)
  })

  test("needs no store of tokens", async () => {
    const { deleteTokens: _none, ...store } = open()
    const { users } = await setUpAda(store)
    expect(await users.updateUserPassword({ userId: "user-1", password: next })).toEqual({ updated: true })
    expect(await users.renameKey(ownKeyOfAda, "ada2")).toEqual({ renamed: true })
  })
})

describe.each(stores)("events over %s", (_name, open) => {
  test("report that a key was added, renamed and deleted, and nothing of what was refused", async () => {
    const { users, events } = await setUpAda(open())
    await users.createKey(github)
    await users.createKey(github)
    await users.renameKey(github, "2")
    await users.renameKey(github, "3")
    await users.deleteKey({ ...github, providerUserId: "2" })
    await users.deleteKey({ ...github, providerUserId: "2" })
    await users.deleteKey(ownKeyOfAda)
    const at = expect.any(Date)
    expect(events).toEqual(
      ["key_linked", "key_renamed", "key_removed"].map((type) => ({
        type,
        at,
        userId: "user-1",
        providerId: "github",
      })),
    )
  })
})

let tokensMade = 0

async function insertToken(store: TokenStore, purpose: string): Promise<void> {
  const id = String(++tokensMade).padStart(64, "0")
  await store.insertTokens([{ id, purpose, userId: "user-1", expiresAt: null, attempts: 0, data: "" }])
}

async function countTokens(store: TokenStore): Promise<number[]> {
  return Promise.all([":recovery", ":second_factor"].map((purpose) => store.countTokens("user-1", purpose)))
}

/** A store in which something happens once, just after a method was called. */
function onceAfter<S extends Store>(store: S, name: keyof Store, happen: () => Promise<unknown>): S {
  let isDue = true
  const method = store[name] as (...given: unknown[]) => Promise<unknown>
  const wrapped = async (...given: unknown[]) => {
    const result = await method(...given)
    if (isDue) {
      isDue = false
      await happen()
    }
    return result
  }
  return { ...store, [name]: wrapped }
}

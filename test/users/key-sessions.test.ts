import { describe, expect, test } from "vitest"
import { createAuth } from "../../src/core/create-auth.ts"
import { keyOfAda, setUp, setUpAda, stores } from "./user-stores.ts"
import type { Store } from "./user-stores.ts"

const github = { providerId: "github", providerUserId: "1", userId: "user-1" }
const email = { providerId: "email", providerUserId: "ada@example.com", userId: "user-1" }
const ended = { key: null, reason: "session_ended" }

describe.each(stores)("createKey() for a session over %s", (_name, open) => {
  test("adds the key while the session is live and the user's", async () => {
    const { users, sessionId } = await setUpSession(open())
    const added = await users.createKey({ ...email, sessionId, attributes: { username: "ada.l" } })
    expect(added).toEqual({ key: { ...email, hasPassword: true } })
    expect(await users.getUser("user-1")).toMatchObject({ username: "ada.l" })
  })

  test("adds nothing for a session that has ended, is another user's, or never was", async () => {
    const store = open()
    const { auth, sessionId, users: others } = await setUpSession(store)
    await others.createUser({ id: "user-2", key: null, attributes: { username: "grace" } })
    const insertKey = () => Promise.reject(new Error("a key was inserted"))
    const { users, events } = setUpWith({ ...store, insertKey }, store)
    const hers = await auth.createSession("user-2")
    await auth.invalidateSession(sessionId)
    for (const id of [sessionId, hers.session.id, "no session", ""]) {
      expect(await users.createKey({ ...github, sessionId: id, attributes: { username: "x" } })).toEqual(ended)
    }
    expect(await users.getKey(github)).toBeNull()
    expect(await users.getUser("user-1")).toMatchObject({ username: "ada" })
    expect(events).toEqual([])
  })

  test("still says why a key is refused", async () => {
    const { users, sessionId } = await setUpSession(open())
    expect(await users.createKey({ ...keyOfAda, userId: "user-1", sessionId })).toEqual({
      key: null,
      reason: "key_taken",
    })
    const invalid = await users.createKey({ ...github, providerUserId: "", sessionId })
    expect(invalid).toEqual({ key: null, reason: "key_invalid" })
  })

  test("[PRF-6] takes key and attributes back when the session ends before or after the insertion", async () => {
    for (const moment of ["before", "after"] as const) {
      const store = open()
      const { auth, sessionId } = await setUpSession(store)
      const { users, events } = setUpWith(
        around(store, moment, () => auth.invalidateSession(sessionId)),
        store,
      )
      const added = await users.createKey({ ...github, sessionId, attributes: { username: "x" } })
      expect(added).toEqual(ended)
      expect(await users.getUserKeys("user-1")).toMatchObject([{ providerId: "username" }])
      expect(await users.getUser("user-1")).toEqual({ id: "user-1", username: "ada" })
      expect(events).toEqual([])
      expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
    }
  })

  test("leaves columns that were changed once more before the key was taken back", async () => {
    const store = open()
    const { auth, users: others, sessionId } = await setUpSession(store)
    const ending = {
      ...store,
      async deleteKey(...key: Parameters<Store["deleteKey"]>) {
        await others.updateUser("user-1", { username: "ada.l" })
        return store.deleteKey(...key)
      },
    }
    const { users } = setUpWith(
      around(ending, "after", () => auth.invalidateSession(sessionId)),
      store,
    )
    expect(await users.createKey({ ...github, sessionId, attributes: { username: "x" } })).toEqual(ended)
    expect(await users.getUser("user-1")).toEqual({ id: "user-1", username: "ada.l" })
  })

  test("takes a first password back from all keys", async () => {
    const store = open()
    const { users: others, auth } = setUp(store)
    await others.createUser({ id: "user-1", key: email, attributes: { username: "ada" } })
    const { session } = await auth.createSession("user-1")
    const { users } = setUpWith(
      around(store, "after", () => auth.invalidateSession(session.id)),
      store,
    )
    const added = await users.createKey({ ...keyOfAda, userId: "user-1", sessionId: session.id })
    expect(added).toEqual(ended)
    expect(await users.getUserKeys("user-1")).toEqual([{ ...email, hasPassword: false }])
    expect(await users.verifyPassword({ ...email, password: keyOfAda.password })).toBeNull()
  })

  test("ends what the key has opened before it was taken back, and no older session", async () => {
    const store = open()
    const { auth, sessionId } = await setUpSession(store)
    const older = await auth.createSession("user-1")
    const opened: string[] = []
    const { users } = setUpWith(
      around(store, "after", async () => {
        opened.push((await auth.createSession("user-1")).token)
        await auth.invalidateSession(sessionId)
      }),
      store,
    )
    expect(await users.createKey({ ...github, sessionId })).toEqual(ended)
    expect((await auth.validateSession(opened[0])).session).toBeNull()
    expect((await auth.validateSession(older.token)).session).not.toBeNull()
  })

  test("[PRF-6] leaves no key if the store fails before the session is looked at again", async () => {
    const store = open()
    const { auth, sessionId } = await setUpSession(store)
    const failOnce = (name: "getUserSessions" | "listKeys" | "findUser", after: number) => {
      let calls = 0
      const fail = (call: (id: string) => Promise<unknown>) => (id: string) =>
        ++calls === after ? Promise.reject(new Error("connection lost")) : call(id)
      const source = name === "getUserSessions" ? { ...auth, getUserSessions: fail(auth.getUserSessions) } : auth
      const failing = name === "getUserSessions" ? store : { ...store, [name]: fail(store[name]) }
      return setUp(failing as Store, { auth: source as typeof auth })
    }
    for (const failing of [failOnce("getUserSessions", 2), failOnce("listKeys", 2), failOnce("findUser", 2)]) {
      const { users, events } = failing
      const adding = users.createKey({ ...email, sessionId, attributes: { username: "x" } })
      await expect(adding).rejects.toMatchObject({ code: "store_failed" })
      expect(await users.getUserKeys("user-1")).toMatchObject([{ providerId: "username", hasPassword: true }])
      expect(await users.getUser("user-1")).toMatchObject({ username: "ada" })
      expect(events).toEqual([])
    }
    const { users } = await setUpWith(store, store)
    expect(await users.createKey({ ...email, sessionId })).toEqual({ key: { ...email, hasPassword: true } })
  })

  test("throws for a sessionId that is none, and without an auth", async () => {
    const { users } = await setUpSession(open())
    for (const sessionId of [undefined, null, 7]) {
      const adding = users.createKey({ ...github, sessionId } as never)
      await expect(adding).rejects.toMatchObject({
        code: "invalid_option",
        message: expect.stringContaining("session.id"),
      })
    }
    const without = await setUpAda(open())
    const adding = without.users.createKey({ ...github, sessionId: "x" })
    await expect(adding).rejects.toMatchObject({ code: "invalid_option", message: expect.stringContaining("auth") })
    expect(await users.getKey(github)).toBeNull()
  })
})

test("createUsers() refuses an auth that cannot list sessions", () => {
  const creating = () => setUp(stores[0]![1](), { auth: {} as never })
  expect(creating).toThrow(expect.objectContaining({ code: "missing_port" }))
})

async function setUpSession(store: Store) {
  const all = await setUpAda(store, { auth: createAuth({ adapter: store }) })
  const { session } = await all.auth.createSession("user-1")
  all.events.splice(0)
  return { ...all, sessionId: session.id }
}

/** Users over a store in which something happens, who ask an auth over the plain store. */
function setUpWith(eventful: Store, plain: Store) {
  return setUp(eventful, { auth: createAuth({ adapter: plain }) })
}

/** A store in which something happens before or after a key is inserted. */
function around(store: Store, moment: "before" | "after", happen: () => Promise<unknown>): Store {
  return {
    ...store,
    async insertKey(...given) {
      if (moment === "before") await happen()
      const outcome = await store.insertKey(...given)
      if (moment === "after") await happen()
      return outcome
    },
  }
}

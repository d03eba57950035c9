import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest"
import { memoryAdapter } from "../../../adapters/memory.ts"
import { lucia, LuciaError } from "../../../src/lucia-v2.ts"
import { memoryLuciaAdapter } from "./memory-lucia-adapter.ts"
import { adapters, addClearSession, allStoredIds, day, keyOf, setUp, sha256 } from "./set-up.ts"

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: new Date("2024-01-01T00:00:00.123Z") }))
afterEach(() => void vi.useRealTimers())

const invalid = new LuciaError("AUTH_INVALID_SESSION_ID")
const later = (days: number) => vi.setSystemTime(Date.now() + days * day)

describe.each(adapters)("over %s", (_, open) => {
  test.each(allStoredIds)("a session lives, is renewed, listed, changed and ended with %s ids", async (storedIds) => {
    const auth = lucia({
      adapter: open(),
      env: "DEV",
      storedIds,
      getUserAttributes: ({ username }) => ({ username }),
      getSessionAttributes: ({ label }) => ({ label: label ?? null }),
    })
    await auth.createUser({ userId: "ada", key: null, attributes: { username: "Ada" } })
    const created = await auth.createSession({ userId: "ada", attributes: { label: "laptop" } })
    const start = Date.now()
    expect(created).toEqual({
      label: "laptop",
      user: { username: "Ada", userId: "ada" },
      sessionId: expect.stringMatching(/^[a-z0-9]{40}$/),
      activePeriodExpiresAt: new Date(start + day),
      idlePeriodExpiresAt: new Date(start + 15 * day),
      state: "active",
      fresh: false,
    })
    const { sessionId } = created
    expect(await auth.validateSession(sessionId)).toEqual(created)

    later(2)
    expect(await auth.getSession(sessionId)).toEqual({ ...created, state: "idle" })
    const periods = {
      activePeriodExpiresAt: new Date(start + 3 * day),
      idlePeriodExpiresAt: new Date(start + 17 * day),
    }
    expect(await auth.validateSession(sessionId)).toEqual({ ...created, ...periods, state: "idle", fresh: true })
    expect(await auth.validateSession(sessionId)).toEqual({ ...created, ...periods })

    const listed = await auth.getAllUserSessions("ada")
    const listedId = storedIds === "clear" ? sessionId : sha256(sessionId)
    expect(listed).toEqual([{ ...created, ...periods, sessionId: listedId }])
    if (storedIds !== "clear") await expect(auth.validateSession(listedId)).rejects.toEqual(invalid)
    expect(await auth.updateSessionAttributes(listedId, { label: "phone" })).toMatchObject({ label: "phone" })
    expect(await auth.updateSessionAttributes(sessionId, {})).toMatchObject({ label: "phone", sessionId, ...periods })

    await auth.invalidateSession(listedId)
    await expect(auth.validateSession(sessionId)).rejects.toEqual(invalid)
    await expect(auth.updateSessionAttributes(sessionId, { label: "x" })).rejects.toEqual(invalid)
    await auth.invalidateSession(sessionId)
  })

  test("[P18] a session is over when its idle period is, and is not renewed then", async () => {
    const auth = lucia({ adapter: open(), env: "DEV" })
    await auth.createUser({ userId: "ada", key: null, attributes: {} })
    const { sessionId } = await auth.createSession({ userId: "ada", attributes: {} })
    later(15)
    expect((await auth.getSession(sessionId)).state).toBe("idle")
    vi.setSystemTime(Date.now() + 1)
    await expect(auth.validateSession(sessionId)).rejects.toEqual(invalid)
    expect(await auth.getAllUserSessions("ada")).toEqual([])
    vi.setSystemTime(Date.now() - 1)
    expect((await auth.validateSession(sessionId)).fresh).toBe(true)
  })

  test("[P18] dead sessions are deleted when asked, a day after their end, and awaited", async () => {
    const auth = lucia({ adapter: open(), env: "DEV", storedIds: "clear" })
    await auth.createUser({ userId: "ada", key: null, attributes: {} })
    const { sessionId } = await auth.createSession({ userId: "ada", attributes: {} })
    later(15.5)
    await auth.deleteDeadUserSessions("ada")
    later(-1)
    expect((await auth.getSession(sessionId)).state).toBe("idle")
    later(2)
    await auth.deleteDeadUserSessions("ada")
    later(-2)
    await expect(auth.getSession(sessionId)).rejects.toEqual(invalid)
  })

  test("all sessions of one user end, and nobody else's", async () => {
    const auth = lucia({ adapter: open(), env: "DEV" })
    for (const userId of ["ada", "bob"]) await auth.createUser({ userId, key: null, attributes: {} })
    const [ada, , bob] = await Promise.all(
      ["ada", "ada", "bob"].map((userId) => auth.createSession({ userId, attributes: {} })),
    )
    await auth.invalidateAllUserSessions("ada")
    await expect(auth.validateSession(ada!.sessionId)).rejects.toEqual(invalid)
    expect(await auth.getAllUserSessions("ada")).toEqual([])
    expect((await auth.validateSession(bob!.sessionId)).user).toEqual({ userId: "bob" })
  })

  test("a session is of somebody", async () => {
    const auth = lucia({ adapter: open(), env: "DEV" })
    const nobody = new LuciaError("AUTH_INVALID_USER_ID")
    await expect(auth.createSession({ userId: "nobody", attributes: {} })).rejects.toEqual(nobody)
    await expect(auth.getAllUserSessions("nobody")).rejects.toEqual(nobody)
    await auth.createUser({ userId: "ada", key: keyOf("ada"), attributes: {} })
    const { sessionId } = await auth.createSession({ userId: "ada", attributes: {} })
    await auth.deleteUser("ada")
    await auth.deleteUser("ada")
    await expect(auth.validateSession(sessionId)).rejects.toEqual(invalid)
    await expect(auth.getKey("username", "ada")).rejects.toEqual(new LuciaError("AUTH_INVALID_KEY_ID"))
  })
})

describe("ids", () => {
  test("[P1] a session of Lucia's moves to its hash with both periods, and its cookie stays", async () => {
    const { auth, sessions } = await setUp({ sessionExpiresIn: { activePeriod: day, idlePeriod: 2 * day } })
    const id = addClearSession(sessions)
    const { activePeriodExpiresAt, idlePeriodExpiresAt } = await auth.validateSession(id)
    expect([...sessions.values()]).toEqual([
      { id: sha256(id), user_id: "ada", active_expires: +activePeriodExpiresAt, idle_expires: +idlePeriodExpiresAt },
    ])
    expect([+activePeriodExpiresAt, +idlePeriodExpiresAt]).toEqual([Date.now() + 3 * day, Date.now() + 9 * day])
    expect((await auth.validateSession(id)).sessionId).toBe(id)
    await expect(auth.validateSession(sha256(id))).rejects.toEqual(invalid)
  })

  test("requests that move one session at once all find it, and one row is left", async () => {
    const { auth, sessions } = await setUp()
    const id = addClearSession(sessions)
    const found = await Promise.all(Array.from({ length: 5 }, () => auth.validateSession(id)))
    expect(found.map(({ sessionId }) => sessionId)).toEqual(Array(5).fill(id))
    expect([...sessions.keys()]).toEqual([sha256(id)])
  })

  test("a sign-out during a move ends the session", async () => {
    for (const signOut of ["invalidateSession", "invalidateAllUserSessions"] as const) {
      const { auth, sessions } = await setUp()
      const id = addClearSession(sessions)
      await Promise.allSettled([auth.validateSession(id), auth[signOut](signOut === "invalidateSession" ? id : "ada")])
      expect(sessions.size, signOut).toBe(0)
    }
  })

  test("a sign-out by another server, during a move, ends the session", async () => {
    const { adapter, users, sessions } = memoryLuciaAdapter()
    const id = addClearSession(sessions)
    const moving: typeof adapter = (E) => ({
      ...adapter(E),
      async setSession(session) {
        sessions.set(session.id, session)
        sessions.delete(id)
      },
    })
    users.set("ada", { id: "ada" })
    const auth = lucia({ adapter: moving, env: "DEV" })
    await expect(auth.validateSession(id)).rejects.toEqual(invalid)
    expect(sessions.size).toBe(0)
  })

  test("two servers that move one session at once keep it, in a store that overwrites rows", async () => {
    const { adapter, users, sessions } = memoryLuciaAdapter()
    const id = addClearSession(sessions)
    users.set("ada", { id: "ada" })
    const overwriting: typeof adapter = (E) => ({
      ...adapter(E),
      setSession: async (session) => void sessions.set(session.id, structuredClone(session)),
    })
    const other = lucia({ adapter: overwriting, env: "DEV" })
    let looks = 0
    const slow: typeof adapter = (E) => ({
      ...overwriting(E),
      async getSession(sessionId) {
        const found = structuredClone(sessions.get(sessionId) ?? null)
        // At its first look at the row when the other server begins, and finishes.
        if (sessionId === id && ++looks === 2) await other.validateSession(id)
        return found
      },
    })
    const auth = lucia({ adapter: slow, env: "DEV" })
    expect((await auth.validateSession(id)).sessionId).toBe(id)
    expect([...sessions.keys()]).toEqual([sha256(id)])
  })

  test("a session of Lucia's signs in where the store cannot write", async () => {
    const { adapter, users, sessions } = memoryLuciaAdapter()
    const id = addClearSession(sessions)
    users.set("ada", { id: "ada" })
    const readOnly: typeof adapter = (E) => ({
      ...adapter(E),
      setSession: () => Promise.reject(new Error("read-only")),
    })
    const auth = lucia({ adapter: readOnly, env: "DEV" })
    expect((await auth.validateSession(id)).sessionId).toBe(id)
    await auth.invalidateSession(id)
    await expect(auth.validateSession(id)).rejects.toEqual(invalid)
  })

  test("sessions of Lucia's are listed by hashes and ended by them", async () => {
    const { auth, sessions } = await setUp()
    const id = addClearSession(sessions)
    const listed = await auth.getAllUserSessions("ada")
    expect(listed.map(({ sessionId }) => sessionId)).toEqual([sha256(id)])
    await auth.invalidateSession(sha256(id))
    expect(sessions.size).toBe(0)
  })

  test("[P1] a new session is stored under the hash of its id, which signs nobody in", async () => {
    const { auth, sessions, signIn } = await setUp()
    const { sessionId } = await signIn()
    expect([...sessions.keys()]).toEqual([sha256(sessionId)])
    expect(JSON.stringify([...sessions])).not.toContain(sessionId)
    await expect(auth.validateSession(sha256(sessionId))).rejects.toEqual(invalid)
  })

  test("with hashed ids those in clear are void", async () => {
    const hashed = await setUp({ storedIds: "hashed" })
    const id = addClearSession(hashed.sessions)
    await expect(hashed.auth.validateSession(id)).rejects.toEqual(invalid)
    expect(await hashed.auth.getAllUserSessions("ada")).toEqual([])
  })

  test("with clear ids sessions that were moved live on, are listed, changed and ended, and their ids are no tokens", async () => {
    const { auth, sessions } = await setUp({ storedIds: "clear" })
    const [hash, attributes] = [sha256("x"), { label: "phone" }]
    addClearSession(sessions, hash)
    expect((await auth.validateSession("x")).sessionId).toBe("x")
    await expect(auth.validateSession(hash)).rejects.toEqual(invalid)
    const listed = await auth.getAllUserSessions("ada")
    expect(listed.map(({ sessionId }) => sessionId)).toEqual([hash])
    await auth.updateSessionAttributes(hash, attributes)
    expect(sessions.get(hash)).toMatchObject(attributes)
    const made = auth.createSession({ userId: "ada", sessionId: sha256("y"), attributes: {} })
    await expect(made).rejects.toMatchObject({ code: "invalid_option" })
    await auth.invalidateSession(hash)
    expect(sessions.size).toBe(0)
  })

  test("what cannot be an id is answered without a read", async () => {
    const { auth, sessions } = await setUp()
    const get = vi.spyOn(sessions, "get")
    for (const id of ["", "x".repeat(256), "a\0b", undefined, 5, null] as string[]) {
      await expect(auth.validateSession(id)).rejects.toEqual(invalid)
      await expect(auth.getSession(id)).rejects.toEqual(invalid)
      await expect(auth.updateSessionAttributes(id, { label: "x" })).rejects.toEqual(invalid)
    }
    await expect(auth.invalidateSession("")).rejects.toEqual(invalid)
    for (const id of ["x".repeat(256), "a\0b"]) await auth.invalidateSession(id)
    expect(get).not.toHaveBeenCalled()
  })

  test("an id may be chosen, but not one that could not be found again", async () => {
    const { auth } = await setUp()
    const create = (sessionId: string) => auth.createSession({ userId: "ada", sessionId, attributes: {} })
    await create("chosen")
    expect((await auth.validateSession("chosen")).user.userId).toBe("ada")
    for (const id of ["", "x".repeat(256), "a\0b"])
      await expect(create(id)).rejects.toMatchObject({ code: "invalid_option" })
  })

  test("an id that the database takes for the same is another one", async () => {
    const { auth, sessions } = await setUp({ storedIds: "clear" })
    const id = addClearSession(sessions)
    const get = sessions.get.bind(sessions)
    vi.spyOn(sessions, "get").mockImplementation((key) => get(key.toLowerCase()))
    await expect(auth.validateSession(id.toUpperCase())).rejects.toEqual(invalid)
    expect((await auth.validateSession(id)).sessionId).toBe(id)
  })
})

describe("renewal", () => {
  test("is one write for all requests of a moment, of which the others go on without", async () => {
    const { auth, sessions, signIn } = await setUp()
    const { sessionId } = await signIn()
    later(2)
    const write = vi.spyOn(sessions, "set")
    const found = await Promise.all(Array.from({ length: 5 }, () => auth.validateSession(sessionId)))
    expect(found.map(({ fresh }) => fresh).sort()).toEqual([false, false, false, false, true])
    expect(write).toHaveBeenCalledTimes(1)
  })

  test("does not hold up other requests if the first is cut off in the middle, and happens some seconds later", async () => {
    const { adapter } = memoryLuciaAdapter()
    let isCutOff = true
    const cutOff: typeof adapter = (E) => {
      const own = adapter(E)
      return { ...own, updateSession: (...parts) => (isCutOff ? new Promise(() => {}) : own.updateSession(...parts)) }
    }
    const auth = lucia({ adapter: cutOff, env: "DEV" })
    await auth.createUser({ userId: "ada", key: null, attributes: {} })
    const { sessionId } = await auth.createSession({ userId: "ada", attributes: {} })
    later(2)
    void auth.validateSession(sessionId)
    await sleep(20)
    expect(await auth.validateSession(sessionId)).toMatchObject({ sessionId, fresh: false })
    isCutOff = false
    vi.setSystemTime(Date.now() + 11_000)
    expect(await auth.validateSession(sessionId)).toMatchObject({ sessionId, fresh: true })
    await auth.invalidateSession(sessionId)
    await expect(auth.validateSession(sessionId)).rejects.toEqual(invalid)
  })

  test.each(["invalidateSession", "invalidateAllUserSessions"] as const)(
    "[P16] never revives a session that %s() ends at the same time, though the adapter reads a row and puts it back",
    async (signOut) => {
      const { adapter, sessions } = memoryLuciaAdapter()
      const [reading, writing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const slow: typeof adapter = (E) => ({
        ...adapter(E),
        async updateSession(id, partial) {
          const row = sessions.get(id)
          reading.resolve()
          await writing.promise
          sessions.set(id, { ...row!, ...partial })
        },
      })
      const auth = lucia({ adapter: slow, env: "DEV" })
      await auth.createUser({ userId: "ada", key: null, attributes: {} })
      const { sessionId } = await auth.createSession({ userId: "ada", attributes: {} })
      later(2)
      const validating = auth.validateSession(sessionId)
      await reading.promise
      const signingOut = auth[signOut](signOut === "invalidateSession" ? sessionId : "ada")
      await sleep(20)
      writing.resolve()
      await Promise.all([validating, signingOut])
      expect(sessions.size).toBe(0)
    },
  )

  test("never shortens a session", async () => {
    const { auth, sessions } = await setUp({ storedIds: "clear", sessionExpiresIn: { activePeriod: 1, idlePeriod: 1 } })
    const id = addClearSession(sessions)
    const row = { ...sessions.get(id) }
    later(4)
    expect(await auth.validateSession(id)).toMatchObject({ state: "idle", fresh: false })
    expect(sessions.get(id)).toEqual(row)
  })

  test("that fails leaves the session valid", async () => {
    const { auth, sessions, signIn } = await setUp()
    const { sessionId } = await signIn()
    later(2)
    vi.spyOn(sessions, "set").mockImplementationOnce(() => {
      throw new Error("disk full")
    })
    expect((await auth.validateSession(sessionId)).fresh).toBe(false)
    expect((await auth.validateSession(sessionId)).fresh).toBe(true)
  })
})

describe("rows", () => {
  test("[P12] a session of nobody leaves no row where there are no foreign keys", async () => {
    const { auth, sessions } = await setUp({ hasForeignKeys: false })
    await expect(auth.createSession({ userId: "nobody", attributes: {} })).rejects.toThrow("AUTH_INVALID_USER_ID")
    expect(sessions.size).toBe(0)
  })

  test("a session whose user is gone signs nobody in", async () => {
    const { auth, users, signIn } = await setUp({ hasForeignKeys: false })
    const { sessionId } = await signIn()
    users.delete("ada")
    await expect(auth.validateSession(sessionId)).rejects.toEqual(invalid)
    await expect(auth.getSession(sessionId)).rejects.toEqual(invalid)
  })

  test("times that are none, or 64-bit integers or text, are read", async () => {
    const { auth, sessions } = await setUp({ storedIds: "clear" })
    const id = addClearSession(sessions)
    const row = sessions.get(id)!
    for (const read of [BigInt, String]) {
      const times = { active_expires: read(row.active_expires), idle_expires: read(row.idle_expires) }
      sessions.set(id, { ...row, ...times } as unknown as typeof row)
      expect(await auth.validateSession(id)).toMatchObject({ idlePeriodExpiresAt: new Date(row.idle_expires) })
    }
    for (const idle_expires of [null, undefined, "", "never", Number.NaN]) {
      sessions.set(id, { ...row, idle_expires: idle_expires as number })
      await expect(auth.validateSession(id)).rejects.toEqual(invalid)
    }
  })

  test("[P13][P14] attributes are columns, and none of the library's", async () => {
    const { auth, sessions, signIn } = await setUp()
    const { sessionId } = await signIn()
    const row = [...sessions.values()]
    const bad = ["id", "user_id", "userId", "active_expires", "ACTIVEEXPIRES", "idle_expires", 'x" = 1, "y', "a.b", ""]
    for (const name of bad) {
      const attributes = JSON.parse(JSON.stringify({ [name]: "x" })) as object
      const refused = { code: "invalid_option" }
      await expect(auth.createSession({ userId: "ada", attributes }), name).rejects.toMatchObject(refused)
      await expect(auth.updateSessionAttributes(sessionId, attributes), name).rejects.toMatchObject(refused)
    }
    expect([...sessions.values()]).toEqual(row)
  })

  test("getSessionAttributes gets the whole row, whose id is what the application knows", async () => {
    const seen: object[] = []
    const { auth, signIn } = await setUp({
      getSessionAttributes: (row) => {
        seen.push(row)
        return { sessionId: "mine", fresh: "mine", user: "mine" }
      },
    })
    const { sessionId, fresh, user } = await signIn()
    expect([sessionId.length, fresh, user]).toEqual([40, false, { userId: "ada" }])
    await auth.getAllUserSessions("ada")
    const times = { active_expires: Date.now() + day, idle_expires: Date.now() + 15 * day }
    expect(seen).toEqual([
      { id: sessionId, user_id: "ada", ...times },
      { id: sha256(sessionId), user_id: "ada", ...times },
    ])
  })

  test("an adapter that finds session and user at once is asked so, but where users are elsewhere", async () => {
    const { auth, users, sessions, signIn } = await setUp()
    const { sessionId } = await signIn()
    const store = memoryLuciaAdapter()
    store.users.set("ada", users.get("ada")!)
    const [stored] = sessions.values()
    const getSessionAndUser = vi.fn(async (id: string) => [{ ...stored!, id }, { id: "joined" }] as [never, never])
    const joining: typeof store.adapter = (E) => ({ ...store.adapter(E), getSessionAndUser })
    const joined = lucia({ adapter: joining, env: "DEV" })
    expect((await joined.validateSession(sessionId)).user.userId).toBe("joined")
    store.sessions.set(stored!.id, stored!)
    const split = lucia({ adapter: { user: store.adapter, session: joining }, env: "DEV" })
    expect((await split.validateSession(sessionId)).user.userId).toBe("ada")
    expect(getSessionAndUser).toHaveBeenCalledTimes(1)
    expect(auth).toBeDefined()
  })

  test("[P11] what goes wrong in a list or a clean-up rejects for the caller, and for nobody else", async () => {
    const unhandled = vi.fn()
    process.on("unhandledRejection", unhandled)
    onTestFinished(() => void process.off("unhandledRejection", unhandled))
    const { adapter, sessions } = memoryLuciaAdapter({ hasForeignKeys: false })
    const failing: typeof adapter = (E) => {
      const methods = adapter(E)
      return {
        ...methods,
        getSessionsByUserId: (userId) => sleep(5).then(() => methods.getSessionsByUserId(userId)),
        getKeysByUserId: (userId) => sleep(5).then(() => methods.getKeysByUserId(userId)),
        deleteSession: () => sleep(5).then(() => Promise.reject(new Error("down"))),
      }
    }
    const auth = lucia({ adapter: failing, env: "DEV", storedIds: "clear" })
    for (const id of ["old", "older"]) addClearSession(sessions, id, Date.now() - 30 * day)
    await expect(auth.getAllUserSessions("nobody")).rejects.toThrow("AUTH_INVALID_USER_ID")
    await expect(auth.getAllUserKeys("nobody")).rejects.toThrow("AUTH_INVALID_USER_ID")
    await expect(auth.deleteDeadUserSessions("ada")).rejects.toThrow("down")
    await sleep(20)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test("an outage of the store is no sign-out", async () => {
    const adapter = memoryAdapter()
    const auth = lucia({ adapter: { ...adapter, findSession: () => Promise.reject(new Error("down")) }, env: "DEV" })
    await expect(auth.validateSession("x".repeat(40))).rejects.toMatchObject({ code: "store_failed" })
  })
})

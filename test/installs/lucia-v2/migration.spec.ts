import fc from "fast-check"
import * as real from "lucia"
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import * as ours from "../../../src/lucia-v2.ts"
import { configuration, day, expected, firstSteps, history, noIds, realAuth, step } from "./histories.ts"
import { openBetterSqlite3, openMysql2, openPg, openSqliteAndRedis } from "./stores.ts"

const hex = /^[0-9a-f]{64}$/
const invalid = expect.objectContaining({ message: "AUTH_INVALID_SESSION_ID" })

afterEach(() => void vi.useRealTimers())

for (const [name, open] of [
  ["adapter-sqlite over better-sqlite3", openBetterSqlite3],
  ["adapter-postgresql over pg", openPg],
  ["adapter-mysql over mysql2", openMysql2],
  ["adapter-sqlite and adapter-session-redis", openSqliteAndRedis],
] as const) {
  const store = await open()
  if (!store) continue
  const { adapter } = store
  const old = () => real.lucia({ ...configuration, adapter })
  const dropIn = (storedIds: ours.StoredIds) => ours.lucia({ ...configuration, adapter, storedIds })

  describe(name, () => {
    beforeEach(store.empty)
    afterAll(store.close)

    const signIn = (auth, userId) => auth.createSession({ userId, attributes: { label: "laptop" } })
    const cookieOf = (auth, session) => auth.createSessionCookie(session).serialize().split(";")[0]

    function seen(auth, cookie) {
      const headers = { origin: null, cookie, authorization: null }
      return auth.handleRequest({ request: { method: "GET", headers }, setCookie: () => undefined }).validate()
    }

    for (const storedIds of ["clear", "rekey"] as const)
      test(`with ${storedIds} ids the cookies that Lucia set sign in whom they did, also when idle`, async () => {
        vi.useFakeTimers({ toFake: ["Date"], now: Date.now() })
        const before = old()
        await signUp(before, ["alice", "bob"])
        const idle = await signIn(before, "bob")
        vi.setSystemTime(Date.now() + 3 * day)
        const cookies = [cookieOf(before, await signIn(before, "alice")), cookieOf(before, idle)]
        const after = dropIn(storedIds)
        for (let times = 0; times < 2; times++) {
          const sessions = await Promise.all(cookies.map((cookie) => seen(after, cookie)))
          expect(sessions.map((session) => session?.user.username)).toEqual(["alice", "bob"])
          expect(cookies).toEqual(sessions.map((session) => cookieOf(after, session)))
        }
      })

    test("with hashed ids the cookies that Lucia set sign in nobody", async () => {
      const before = old()
      await signUp(before, ["alice"])
      expect(await seen(dropIn("hashed"), cookieOf(before, await signIn(before, "alice")))).toBeNull()
    })

    test("after clear ids, Lucia knows everybody again, also by sessions that were made or renewed here", async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() })
      await signUp(old(), ["alice", "bob", "carol"])
      const clear = dropIn("clear")
      const [kept, renewed] = [await signIn(old(), "alice"), await signIn(old(), "bob")]
      vi.setSystemTime(Date.now() + 3 * day)
      expect((await clear.validateSession(renewed.sessionId)).fresh).toBe(true)
      const made = await signIn(clear, "carol")
      await clear.updateSessionAttributes(made.sessionId, { label: "phone" })
      vi.setSystemTime(Date.now() + 3 * day)
      for (const [{ sessionId }, userId, label] of [
        [kept, "alice", "laptop"],
        [renewed, "bob", "laptop"],
        [made, "carol", "phone"],
      ]) {
        const session = await old().getSession(sessionId)
        expect([session.user.userId, session.label]).toEqual([userId, label])
      }
    })

    test("after rekey ids the rows hold hashes only, which sign nobody in, and hashed ids know who came", async () => {
      await signUp(old(), ["alice", "bob"])
      const before = [await signIn(old(), "alice"), await signIn(old(), "bob"), await signIn(old(), "alice")]
      const rekey = dropIn("rekey")
      for (const { sessionId, user } of before) {
        const results = await Promise.all([rekey.validateSession(sessionId), rekey.validateSession(sessionId)])
        for (const session of results) expect([session.sessionId, session.user]).toEqual([sessionId, user])
      }
      const made = await signIn(rekey, "bob")

      const dump = JSON.stringify(await store.dump())
      for (const { sessionId } of [...before, made]) expect(dump).not.toContain(sessionId)
      const hashes = [...new Set(dump.match(/[0-9a-f]{64}/g))]
      expect(hashes).toHaveLength(4)
      for (const storedIds of ["clear", "rekey", "hashed"] as const)
        for (const hash of hashes) {
          const auth = dropIn(storedIds)
          await expect(auth.validateSession(hash)).rejects.toEqual(invalid)
          await expect(auth.getSession(hash)).rejects.toEqual(invalid)
          expect(await seen(auth, `auth_session=${hash}`)).toBeNull()
        }
      for (const { sessionId } of [...before, made])
        expect((await dropIn("hashed").validateSession(sessionId)).sessionId).toBe(sessionId)
    })

    test("a Lucia that still runs takes hashes for ids, hence the warning", async () => {
      const rekey = dropIn("rekey")
      await signUp(rekey, ["alice"])
      await signIn(rekey, "alice")
      const [{ sessionId }] = await rekey.getAllUserSessions("alice")
      expect((await old().validateSession(sessionId)).user.userId).toBe("alice")
    })

    test("what is listed with rekey ids ends a session, and signs nobody in", async () => {
      await signUp(old(), ["alice"])
      const [laptop, phone] = [await signIn(old(), "alice"), await signIn(old(), "alice")]
      const rekey = dropIn("rekey")
      await rekey.validateSession(laptop.sessionId)
      const listed = (await rekey.getAllUserSessions("alice")).map(({ sessionId }) => sessionId)
      expect(listed).toEqual([expect.stringMatching(hex), expect.stringMatching(hex)])
      for (const id of listed) await expect(rekey.validateSession(id)).rejects.toEqual(invalid)
      for (const id of listed) await rekey.invalidateSession(id)
      for (const { sessionId } of [laptop, phone])
        await expect(rekey.validateSession(sessionId)).rejects.toEqual(invalid)
      expect(await rekey.getAllUserSessions("alice")).toEqual([])
    })

    test("ended everywhere, sessions that were not moved yet end too", async () => {
      await signUp(old(), ["alice"])
      const [laptop, phone] = [await signIn(old(), "alice"), await signIn(old(), "alice")]
      const rekey = dropIn("rekey")
      await rekey.validateSession(laptop.sessionId)
      await rekey.invalidateAllUserSessions("alice")
      for (const { sessionId } of [laptop, phone])
        for (const auth of [old(), dropIn("clear"), rekey, dropIn("hashed")])
          await expect(auth.validateSession(sessionId)).rejects.toMatchObject({ message: "AUTH_INVALID_SESSION_ID" })
    })
  })
}

test("passwords that Lucia hashed are accepted, and Lucia accepts those that were hashed here", async () => {
  const { adapter, close } = await openBetterSqlite3()
  const config = { ...configuration, adapter, passwordHash: undefined }
  const [before, after] = [real.lucia(config), ours.lucia(config)]
  await signUp(before, ["alice"])
  await signUp(after, ["bob"])
  for (const auth of [before, after]) {
    for (const name of ["alice", "bob"]) {
      expect((await auth.useKey("username", name, "secret")).userId).toBe(name)
      await expect(auth.useKey("username", name, "other")).rejects.toThrow("AUTH_INVALID_PASSWORD")
    }
  }
  close()
})

test.each([
  ["Lucia and with clear ids", (config) => [realAuth(config), ours.lucia({ ...config, storedIds: "clear" })]],
  [
    "clear and with rekey ids",
    (config) => (["clear", "rekey"] as const).map((storedIds) => ours.lucia({ ...config, storedIds })),
  ],
])("servers with %s beside each other are like one with Lucia", async (_, open) => {
  const [shared, alone] = [await openBetterSqlite3(), await openBetterSqlite3()]
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), step), { minLength: 20, maxLength: 50 }), async (steps) => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() })
      for (const store of [shared, alone]) await store.empty()
      const auths = open({ ...configuration, adapter: shared.adapter })
      const ids = noIds()
      const [left, right] = auths.map((auth) => history(libraryOf(auth), auth, shared, ids))
      const theirs = history(real, realAuth({ ...configuration, adapter: alone.adapter }), alone)
      for (const [isLeft, one] of [...firstSteps.map((one) => [true, one] as const), ...steps]) {
        // One server writes a chosen id in clear and the other its hash, so it is not found to be taken.
        if (one[1]?.sessionId && !auths.some((auth) => libraryOf(auth) === real)) continue
        if (one[0] === "wait") vi.setSystemTime(Date.now() + one[1])
        else {
          const result = await theirs.run(one)
          const [runner, auth] = isLeft ? [left, auths[0]] : [right, auths[1]]
          const wanted = libraryOf(auth) === real ? result : expected(one, result)
          expect(await runner.run(one), JSON.stringify([isLeft, one])).toEqual(wanted)
        }
      }
      expect(left.toldRows(await shared.dump())).toEqual(theirs.toldRows(await alone.dump()))
    }),
    { numRuns: 80, endOnFailure: true },
  )
  for (const store of [shared, alone]) store.close()
})

const libraryOf = (auth) => (auth.constructor.name === "Auth" ? real : ours)

async function signUp(auth, names) {
  for (const name of names) {
    const key = { providerId: "username", providerUserId: name, password: "secret" }
    await auth.createUser({ userId: name, key, attributes: { username: name, age: null } })
  }
}

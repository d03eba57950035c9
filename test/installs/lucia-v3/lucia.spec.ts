import { setTimeout } from "node:timers/promises"
import { Lucia, TimeSpan } from "lucia"
import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { createAuth } from "../../../src/index.ts"
import { fromLuciaAdapter } from "../../../src/lucia.ts"
import { manualClock, sessionAdapterCases } from "../../../src/testing.ts"
import { luckyCases, unmetCases } from "../../lucia/v3/unmet-cases.ts"
import {
  openBetterSqlite3,
  openDrizzlePostgres,
  openDrizzleSqlite,
  openPg,
  openPostgresJs,
  openPrismaPostgres,
  openPrismaSqlite,
  openSharedPostgresJs,
} from "./stores.ts"

/** A row of the tests' users. */
interface TestUser {
  id: string
  username: string
}

const day = 86_400_000
const alice = { id: "alice", username: "alice" }
const session = {
  id: "a".repeat(64),
  userId: "alice",
  createdAt: new Date(1_700_000_000_123),
  expiresAt: new Date(2_000_000_000_000),
  attributes: { label: null },
}

for (const [name, open] of [
  ["adapter-sqlite over better-sqlite3", openBetterSqlite3],
  ["adapter-postgresql over pg", openPg],
  ["adapter-postgresql over postgres.js", openPostgresJs],
  ["adapter-drizzle on SQLite", openDrizzleSqlite],
  ["adapter-drizzle on PostgreSQL", openDrizzlePostgres],
  ["adapter-prisma on SQLite", openPrismaSqlite],
  ["adapter-prisma on PostgreSQL", openPrismaPostgres],
] as const) {
  const store = await open()
  if (!store) continue
  const { lucia, createdAt, precision, addUser, empty } = store
  describe(name, () => {
    beforeEach(empty)
    afterAll(store.close)

    describe("the cases of the session port that the contract can meet", () => {
      for (const { name, run } of sessionAdapterCases) {
        if (name in unmetCases || name in luckyCases) continue
        test(name, () => run(() => ({ adapter: fromLuciaAdapter(lucia, { createdAt }), addUser, precision })))
      }
    })

    describe("the cases that it cannot meet fail", () => {
      for (const { name, run } of sessionAdapterCases) {
        if (!(name in unmetCases)) continue
        test(`${name}: ${unmetCases[name]}`, async () => {
          const { adapter, settled } = watched(fromLuciaAdapter(slowWrites(lucia), { createdAt }))
          await expect(run(() => ({ adapter, addUser, precision, close: settled }))).rejects.toThrow()
        })
      }
    })

    test("a sign-in is created, validated, extended, rotated and ended, and the user's row comes with it", async () => {
      await addUser(alice)
      const now = manualClock(Date.now())
      const auth = createAuth({
        adapter: fromLuciaAdapter<TestUser, { label?: string | null }>(lucia, { createdAt }),
        session: { idleTimeout: "10d", absoluteTimeout: "30d" },
        getUserAttributes: ({ username }) => ({ username }),
        getSessionAttributes: ({ label }) => ({ label }),
        now,
      })
      const signedIn = new Date(now())
      const { token } = await auth.createSession("alice", { label: "laptop" })
      const first = await auth.validateSession(token)
      expect(first.user).toEqual({ id: "alice", username: "alice" })
      expect(first.session).toMatchObject({ userId: "alice", createdAt: signedIn, label: "laptop", fresh: false })

      now.advance(6 * day)
      expect((await auth.validateSession(token)).session).toMatchObject({
        fresh: true,
        expiresAt: new Date(now() + 10 * day),
      })
      expect((await auth.validateSession(token)).session!.fresh).toBe(false)

      const rotated = await auth.rotateSession(token)
      expect(await auth.validateSession(token)).toMatchObject({ session: null, reason: "unknown" })
      expect((await auth.validateSession(rotated!.token)).session).toMatchObject({
        createdAt: signedIn,
        label: "laptop",
      })

      expect(await auth.invalidateSession(rotated!.session.id, { userId: "bob" })).toBe(false)
      expect(await auth.invalidateSession(rotated!.session.id, { userId: "alice" })).toBe(true)
      expect(await auth.validateSession(rotated!.token)).toMatchObject({ session: null, reason: "unknown" })

      const others = [await auth.createSession("alice", {}), await auth.createSession("alice", {})]
      const kept = await auth.createSession("alice", {})
      await auth.invalidateUserSessions("alice", { except: kept.session.id })
      for (const { token } of others) expect((await auth.validateSession(token)).session).toBeNull()
      expect((await auth.validateSession(kept.token)).session).not.toBeNull()
      await auth.invalidateUserSessions("alice")
      expect(await auth.getUserSessions("alice")).toEqual([])
    })

    test("without a column for the time of creation, an absolute timeout is refused, and none is needed", async () => {
      await addUser(alice)
      const adapter = fromLuciaAdapter(lucia)
      expect(() => createAuth({ adapter })).toThrow(/absoluteTimeout/)
      const auth = createAuth({ adapter, session: { absoluteTimeout: false } })
      const { token } = await auth.createSession("alice", {})
      expect(await auth.validateSession(token)).toMatchObject({
        session: { createdAt: new Date(0) },
        user: { id: "alice" },
      })
    })

    test("deleteExpiredSessions() leaves what is live", async () => {
      await addUser(alice)
      const adapter = fromLuciaAdapter(lucia, { createdAt })
      await adapter.insertSession({ ...session, expiresAt: new Date(Date.now() - day) })
      await adapter.insertSession({ ...session, id: "b".repeat(64), expiresAt: new Date(Date.now() + day) })
      await createAuth({ adapter }).deleteExpiredSessions()
      expect((await lucia.getUserSessions("alice")).map(({ id }) => id)).toEqual(["b".repeat(64)])
    })

    test("a session that Lucia made is neither valid nor shown, and ends with the others", async () => {
      await addUser(alice)
      const auth = createAuth({ adapter: fromLuciaAdapter(lucia), session: { absoluteTimeout: false } })
      const made = await new Lucia(lucia).createSession("alice", {})
      expect(await auth.validateSession(made.id)).toMatchObject({ session: null, reason: "malformed" })
      expect(await auth.getUserSessions("alice")).toEqual([])
      await auth.invalidateUserSessions("alice")
      expect(await new Lucia(lucia).validateSession(made.id)).toEqual({ session: null, user: null })
    })

    test("a Lucia that still runs takes our public ids for tokens, hence the warning", async () => {
      await addUser(alice)
      const auth = createAuth({ adapter: fromLuciaAdapter(lucia), session: { absoluteTimeout: false } })
      const { session } = await auth.createSession("alice", {})
      const running = new Lucia(lucia, { sessionExpiresIn: new TimeSpan(30, "d") })
      expect((await running.validateSession(session.id)).session?.userId).toBe("alice")
    })

    test("sign-outs everywhere beside rotations leave nobody signed in", async () => {
      await addUser(alice)
      const auth = createAuth({ adapter: fromLuciaAdapter(lucia), session: { absoluteTimeout: false } })
      for (let round = 0; round < 20; round++) {
        const { token } = await auth.createSession("alice", {})
        const rotate = () => auth.rotateSession(token)
        const end = () => auth.invalidateUserSessions("alice")
        await Promise.all(round % 2 ? [rotate(), end()] : [end(), rotate()])
        expect(await lucia.getUserSessions("alice")).toEqual([])
      }
    })
  })
}

const shared = await openSharedPostgresJs()
if (shared) {
  describe("adapter-postgresql over a client that Drizzle shares", () => {
    const adapter = fromLuciaAdapter(shared.lucia, { createdAt: shared.createdAt })
    afterAll(shared.close)

    test("times that come as text are read, and writes fail here as they do for Lucia", async () => {
      await shared.addUser(alice)
      await shared.pool.query(`INSERT INTO session VALUES ($1, $2, $3, $4, NULL)`, [
        session.id,
        session.userId,
        session.expiresAt,
        session.createdAt.getTime(),
      ])
      const [row] = await shared.lucia.getUserSessions("alice")
      expect(typeof row.expiresAt).toBe("string")
      expect((await adapter.findSession(session.id))!.session).toEqual(session)
      await expect(new Lucia(shared.lucia).validateSession(session.id)).rejects.toThrow(/getTime/)
      const auth = createAuth({ adapter })
      await expect(auth.createSession("alice", {})).rejects.toMatchObject({ code: "store_failed" })
    })
  })
}

/** The same adapter, whose writes come late, so that of racing callers each has read before one writes. */
function slowWrites(lucia) {
  return new Proxy(lucia, {
    get:
      (target, name) =>
      async (...values) => {
        if (!String(name).startsWith("get")) await setTimeout(20)
        return target[name](...values)
      },
  })
}

/** The same adapter, and a function to wait for the calls that a failed case has left behind. */
function watched(adapter) {
  const calls: unknown[] = []
  const entries = Object.entries<(...values: unknown[]) => unknown>(adapter).map(([name, method]) => [
    name,
    (...values) => {
      const call = method(...values)
      calls.push(call)
      return call
    },
  ])
  return { adapter: Object.fromEntries(entries), settled: () => Promise.allSettled(calls) }
}

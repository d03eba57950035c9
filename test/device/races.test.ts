import { DatabaseSync } from "node:sqlite"
import { createClient } from "redis"
import { afterAll, describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { mysql2Adapter } from "../../adapters/mysql2.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { redisAdapter } from "../../adapters/redis.ts"
import { schema } from "../../adapters/sql/schema.ts"
import type { DialectName } from "../../adapters/sql/dialect.ts"
import { createDeviceBinding, deviceColumns, deviceKey } from "../../src/device.ts"
import { createAuth } from "../../src/index.ts"
import type { SessionAdapter } from "../../src/index.ts"
import { manualClock } from "../../src/testing.ts"
import { createWebAuth } from "../../src/web.ts"
import { ownPrefix } from "../adapters/redis-stores.ts"
import { redisServer } from "../redis-servers.ts"
import { mysqlServer, postgresServer } from "../servers.ts"
import { clientOf, cookiesOf, registration } from "./bound.ts"
import { makeKeys } from "./device-browser.ts"
import { second, secretOf } from "./set-up.ts"
import type { SessionRow, UserRow } from "./set-up.ts"

type Store = SessionAdapter<UserRow, SessionRow>

const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

function tables(dialect: DialectName): string[] {
  const user =
    dialect === "mysql"
      ? "CREATE TABLE `user` (id VARCHAR(255) PRIMARY KEY)"
      : `CREATE TABLE "user" (id TEXT PRIMARY KEY)`
  return [user, ...schema(dialect, { sessionColumns: deviceColumns })]
}

async function sqlite(): Promise<Store> {
  const db = new DatabaseSync(":memory:")
  for (const statement of tables("sqlite")) db.exec(statement)
  db.exec(`INSERT INTO "user" VALUES ('ada')`)
  return nodeSqliteAdapter<UserRow, SessionRow>(db)
}

async function postgres(): Promise<Store | null> {
  const server = await postgresServer()
  if (!server) return null
  closing.push(server.close)
  for (const statement of [...tables("postgres"), `INSERT INTO "user" VALUES ('ada')`])
    await server.pool.query(statement)
  return pgAdapter<UserRow, SessionRow>(server.pool)
}

async function mysql(): Promise<Store | null> {
  const server = await mysqlServer()
  if (!server) return null
  closing.push(server.close)
  for (const statement of [...tables("mysql"), "INSERT INTO `user` VALUES ('ada')"]) await server.pool.query(statement)
  return mysql2Adapter<UserRow, SessionRow>(server.pool)
}

async function redis(): Promise<Store | null> {
  const prefix = ownPrefix()
  const server = await redisServer(prefix)
  if (!server) return null
  const client = await createClient({ url: server.url }).connect()
  closing.push(server.close, () => client.close())
  return redisAdapter<SessionRow>(client, { prefix })
}

async function memory(): Promise<Store> {
  const adapter = memoryAdapter<UserRow, SessionRow>()
  await adapter.insertUser({ id: "ada", attributes: {} }, null)
  return adapter
}

const stores: [string, () => Promise<Store | null>][] = [
  ["memory", memory],
  ["node:sqlite", sqlite],
  ["PostgreSQL", postgres],
  ["MariaDB", mysql],
  ["Redis", redis],
]

describe.each(stores)("over %s", async (_, open) => {
  const store = await open()

  function openWorld(replaced: (store: Store) => Partial<Store> = () => ({})) {
    const now = manualClock(Date.now())
    const adapter = { ...store!, ...replaced(store!) }
    const auth = createAuth({ adapter, now, loadUser: async (id) => ({ id }), getSessionAttributes: deviceKey })
    const device = createDeviceBinding({ auth, secrets: [secretOf(1)], mode: "enforce" })
    const serve = createWebAuth(auth, { device }).handler(async (_, { validate }) => {
      return new Response((await validate())?.user.id ?? "nobody")
    })
    return { now, auth, ...clientOf(serve) }
  }

  test.skipIf(!store)("of eight registrations at once one binds the session, to its own key", async () => {
    const { auth, ...client } = openWorld()
    const { token } = await auth.createSession("ada")
    const Cookie = `__Host-session=${token}`
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => client.endpoint({ Cookie, ...registration(token) })),
    )
    const won = answers.filter(({ status }) => status === 200)
    expect([won.length, answers.filter(({ status }) => status === 400).length]).toEqual([1, 7])
    expect(await client.read(`${Cookie}; ${cookiesOf(won[0]!)}`)).toBe("ada")
    expect(await client.read(Cookie)).toBe("nobody")
  })

  test.skipIf(!store)("a key of 4,096 bits comes back as it was", async () => {
    const { auth, ...client } = openWorld()
    const { token } = await auth.createSession("ada")
    const Cookie = `__Host-session=${token}`
    const bound = await client.endpoint({ Cookie, ...registration(token, makeKeys("RS256", 4096)) })
    expect(bound.status).toBe(200)
    expect(await client.read(`${Cookie}; ${cookiesOf(bound)}`)).toBe("ada")
  })

  test.skipIf(!store)("a rotation that loses the key signs nobody out, and another key can be bound", async () => {
    const answers: Response[] = []
    const { auth, ...client } = openWorld(({ replaceSession }) => ({
      // The session is bound after the rotation has read it.
      async replaceSession(...args) {
        answers.push(await client.endpoint({ Cookie: `__Host-session=${token}`, ...registration(token) }))
        return replaceSession(...args)
      },
    }))
    const { token } = await auth.createSession("ada")
    const rotated = await auth.rotateSession(token)
    const session = `__Host-session=${rotated!.token}`
    expect(answers.map(({ status }) => status)).toEqual([200])
    expect((await auth.validateSession(rotated!.token)).session?.deviceKey).toBeNull()
    const lost = cookiesOf(answers[0]!)
    for (const Cookie of [session, `${session}; ${lost}`]) expect(await client.read(Cookie)).toBe("ada")
    const bound = await client.endpoint({ Cookie: `${session}; ${lost}`, ...registration(rotated!.token) })
    expect(bound.status).toBe(200)
    expect(await client.read(`${session}; ${cookiesOf(bound)}`)).toBe("ada")
    expect(await client.read(`${session}; ${lost}`)).toBe("nobody")
  })

  test.skipIf(!store)("a session that ends during its registration stays ended", async () => {
    const { auth, ...client } = openWorld(({ updateSession, deleteSession }) => ({
      async updateSession(id, ...rest) {
        await deleteSession(id)
        return updateSession(id, ...rest)
      },
    }))
    const { token, session } = await auth.createSession("ada")
    const Cookie = `__Host-session=${token}`
    const answer = await client.endpoint({ Cookie, ...registration(token) })
    expect([answer.status, cookiesOf(answer)]).toEqual([400, ""])
    expect(await auth.validateSession(token)).toMatchObject({ session: null })
    expect((await auth.getUserSessions("ada")).map(({ id }) => id)).not.toContain(session.id)
  })

  test.skipIf(!store)("what was on its way when the session was bound is let in, for ten seconds", async () => {
    const { auth, now, ...client } = openWorld()
    const { token } = await auth.createSession("ada")
    const Cookie = `__Host-session=${token}`
    await client.endpoint({ Cookie, ...registration(token) })
    const ofBrowser = { "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin" }
    expect(await client.read(Cookie, ofBrowser)).toBe("ada")
    expect(await client.read(Cookie)).toBe("nobody")
    now.advance(10 * second)
    expect(await client.read(Cookie, ofBrowser)).toBe("nobody")
  })
})

describe("a store that fails", () => {
  const away = () => Promise.reject(new Error("The database is away."))

  test.each(["findSession", "updateSession"] as const)(
    "in %s fails a registration, and binds nothing",
    async (name) => {
      const { auth, ...client } = await openFailing(name)
      const { token } = await auth.createSession("ada")
      const answer = client.endpoint({ Cookie: `__Host-session=${token}`, ...registration(token) })
      await expect(answer).rejects.toMatchObject({ code: "store_failed" })
    },
  )

  test("fails a page, and signs nobody out", async () => {
    const { auth, ...client } = await openFailing("findSession")
    const { token } = await auth.createSession("ada")
    await expect(client.read(`__Host-session=${token}`)).rejects.toMatchObject({ code: "store_failed" })
  })

  test("fails a refresh whose secret is gone, and no other", async () => {
    const { auth, isAway, ...client } = await openFailing("findSession", false)
    const { token } = await auth.createSession("ada")
    const Cookie = `__Host-session=${token}`
    const bound = await client.endpoint({ Cookie, ...registration(token) })
    const { session_identifier: id } = (await bound.json()) as { session_identifier: string }
    isAway.now = true
    expect((await client.endpoint({ Cookie, "Sec-Secure-Session-Id": id })).status).toBe(403)
    const unknown = client.endpoint({ Cookie, "Sec-Secure-Session-Id": "A".repeat(100) })
    await expect(unknown).rejects.toMatchObject({ code: "store_failed" })
  })

  async function openFailing(name: "findSession" | "updateSession", isAwayNow = true) {
    const isAway = { now: isAwayNow }
    const store = await memory()
    const failing = (...args: never[]) =>
      isAway.now ? away() : (store[name] as (...values: never[]) => unknown)(...args)
    const adapter = { ...store, [name]: failing }
    const auth = createAuth({ adapter, getSessionAttributes: deviceKey })
    const device = createDeviceBinding({ auth, secrets: [secretOf(1)], mode: "enforce" })
    const serve = createWebAuth(auth, { device }).handler(async (_, { validate }) => {
      return new Response((await validate())?.user.id ?? "nobody")
    })
    return { auth, isAway, ...clientOf(serve) }
  }
})

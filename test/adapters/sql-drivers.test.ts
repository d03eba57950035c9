import { inspect } from "node:util"
import type { Connection } from "mysql2/promise"
import pg from "pg"
import postgres from "postgres"
import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { mysql2Adapter } from "../../adapters/mysql2.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { postgresAdapter } from "../../adapters/postgres.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { mysqlServer, postgresServer } from "../servers.ts"
import { driverStores, postgresJs } from "./driver-stores.ts"
import { droppedTables, empty, testTables } from "./sql-stores.ts"

const times = { createdAt: new Date(1_700_000_000_000), expiresAt: new Date(2_000_000_000_000) }
const key = { providerId: "username", providerUserId: "alice", passwordHash: "old" }
const alice = { id: "alice", attributes: { username: "alice" } }
const bob = { id: "bob", attributes: { username: "bob" } }
const session = { id: "s1", userId: "alice", ...times, attributes: {} }

for (const store of await driverStores()) {
  describe(store.name, () => {
    const adapter = store.adapter()
    beforeEach(() => empty(store))

    test("a validation is one statement, and a malformed token none", async () => {
      await adapter.insertUser(alice, key)
      const { createSession, validateSession } = createAuth({ adapter })
      const { token } = await createSession("alice")
      await validateSession(token)
      store.sent.length = 0
      expect(await validateSession(token)).toMatchObject({ user: { id: "alice" } })
      expect(store.sent).toHaveLength(1)
      expect(store.sent[0]).toMatch(/^SELECT .* JOIN /)
      expect(await validateSession(`${token}x`)).toMatchObject({ reason: "malformed" })
      expect(store.sent).toHaveLength(1)
    })

    test("in the application's transaction all is rolled back together, and what is taken leaves it usable", async () => {
      await adapter.insertUser(alice, key)
      await store.inTransaction(async (inside) => {
        expect(await inside.insertUser(bob, key)).toEqual({ taken: "key" })
        expect(await inside.insertUser({ ...bob, id: "alice" }, null)).toEqual({ taken: "id" })
        expect(await inside.insertUser(bob, { ...key, providerUserId: "bob" })).toMatchObject({ user: { id: "bob" } })
        expect(await inside.insertKey({ ...key, userId: "bob" })).toBe("key_taken")
        expect(await inside.updateUser("bob", { username: "alice" })).toBe("taken")
        await inside.insertSession({ ...session, userId: "bob" })
        expect(await inside.findSession("s1")).toMatchObject({ user: { username: "bob" } })
        const again = await Promise.all([1, 2, 3].map((n) => inside.insertUser({ ...bob, id: `b${n}` }, null)))
        expect(again).toEqual([{ taken: "attribute" }, { taken: "attribute" }, { taken: "attribute" }])
        await inside.deleteUser("alice")
      })
      expect(await adapter.findUser("bob")).toBeNull()
      expect(await adapter.findSession("s1")).toBeNull()
      expect(await adapter.findKey("username", "alice")).toMatchObject({ userId: "alice" })
    })

    test("JSON columns take objects and give them back as what they are", async () => {
      if (store.dialect !== "postgres") return
      await store.run(`ALTER TABLE session ADD COLUMN device JSONB`)
      await store.run(`ALTER TABLE "user" ADD COLUMN data JSON`)
      const fresh = store.adapter()
      const [one, other] = [{ a: 1 }, [{ os: "x" }, "y"]]
      const user: object = { username: "alice", data: one }
      const kept = (device: object): object => ({ device })
      const changed: object = { data: other }
      await fresh.insertUser({ id: "alice", attributes: user }, null)
      await fresh.insertSession({ ...session, attributes: kept(other) })
      const found = await fresh.findSession("s1")
      expect(found).toMatchObject({ session: { attributes: kept(other) }, user: { data: one } })
      await fresh.updateUser("alice", changed)
      await fresh.updateSession("s1", kept(one))
      const types = `SELECT json_typeof(u.data) AS u, jsonb_typeof(s.device) AS s FROM "user" u, session s`
      expect(await store.run(types)).toEqual([{ u: "array", s: "object" }])
      await fresh.replaceSession("s1", { ...session, attributes: kept(other) })
      expect(await store.run(types)).toEqual([{ u: "array", s: "array" }])
      await store.run(`ALTER TABLE session DROP COLUMN device`)
      await store.run(`ALTER TABLE "user" DROP COLUMN data`)
    })

    test("no error of the driver carries a password hash", async () => {
      await adapter.insertUser(alice, null)
      const check = `ALTER TABLE user_key ADD CONSTRAINT never CHECK (hashed_password <> 'secret hash')`
      await store.run(check)
      const failed = adapter.insertKey({ ...key, userId: "alice", passwordHash: "secret hash" })
      const error: unknown = await failed.catch((caught) => caught)
      expect(error).toBeInstanceOf(Error)
      expect(inspect(error, { depth: 9, showHidden: false })).not.toContain("secret hash")
      await store.run(`ALTER TABLE user_key DROP CONSTRAINT never`)
    })

    test("[F14] a row without its times is not a session, and a list skips it", async () => {
      await adapter.insertUser(alice, null)
      const { createSession, validateSession, getUserSessions } = createAuth({ adapter })
      const [damaged, sound] = [await createSession("alice"), await createSession("alice")]
      for (const column of ["created_at", "expires_at"]) {
        const nullable = store.dialect === "mysql" ? `MODIFY ${column} BIGINT NULL` : `ALTER ${column} DROP NOT NULL`
        await store.run(`ALTER TABLE session ${nullable}`)
        await store.run(`UPDATE session SET ${column} = NULL WHERE id = '${damaged.session.id}'`)
        expect(await validateSession(damaged.token)).toMatchObject({ session: null, reason: "expired" })
        expect(await getUserSessions("alice")).toMatchObject([{ id: sound.session.id }])
        expect(await validateSession(sound.token)).toMatchObject({ user: { id: "alice" } })
      }
    })

    test("what two tables are written for is written to both or to none, however many callers there are", async () => {
      const signUps = Array.from({ length: 20 }, (_, n) =>
        adapter.insertUser({ id: `user-${n}`, attributes: { username: `name-${n}` } }, key),
      )
      const results = await Promise.all(signUps)
      expect(results.filter((result) => "user" in result)).toHaveLength(1)
      expect(results.filter((result) => "taken" in result && result.taken === "key")).toHaveLength(19)
      expect(await store.run(`SELECT COUNT(*) AS n FROM ${store.dialect === "mysql" ? "`user`" : '"user"'}`)).toEqual([
        { n: store.dialect === "mysql" ? 1 : "1" },
      ])
    })
  })
}

test("a pool is in no transaction", () => {
  const pool = { query: never, connect: never, totalCount: 0 }
  const mysqlPool = { query: never, execute: never, getConnection: never }
  const refused = expect.objectContaining({ code: "invalid_option", message: expect.stringContaining("not the pool") })
  expect(() => pgAdapter(pool, { inTransaction: true })).toThrow(refused)
  expect(() => mysql2Adapter(mysqlPool, { inTransaction: true })).toThrow(refused)
  const sql = { unsafe: never, reserve: never }
  expect(() => postgresAdapter(sql, { inTransaction: true })).toThrow(
    expect.objectContaining({ code: "invalid_option", message: expect.stringContaining("not the client") }),
  )
})

function never(): never {
  throw new Error("Not to be called.")
}

const onPostgres = await postgresServer({ max: 3 })

describe.skipIf(!onPostgres)("PostgreSQL", () => {
  const server = onPostgres!
  const { pool } = server
  afterAll(() => server.close())
  const tables = testTables("postgres", "text")
  beforeEach(async () => {
    for (const statement of [...droppedTables("postgres"), ...tables]) await pool.query(statement)
    await pool.query(`INSERT INTO "user" (id, username) VALUES ('alice', 'alice')`)
  })

  test("statements of pg are prepared once on each connection", async () => {
    const adapter = pgAdapter(pool)
    await adapter.insertSession(session)
    const client = await pool.connect()
    const one = pgAdapter(client)
    for (let n = 0; n < 3; n++) await one.findSession("s1")
    const { rows } = await client.query(`SELECT name FROM pg_prepared_statements WHERE statement LIKE '%s.id = $1%'`)
    client.release()
    expect(rows).toEqual([{ name: expect.stringMatching(/^nightlatch_/) }])
  })

  test("a table that is altered while statements are prepared stays readable and writable", async () => {
    const single = new pg.Pool({ ...pool.options, max: 1 })
    const adapter = pgAdapter<{ id: string; username: string }>(single)
    await adapter.insertSession(session)
    await adapter.findSession("s1")
    for (const type of ["varchar(200)", "text", "varchar(100)"]) {
      await pool.query(`ALTER TABLE "user" ALTER COLUMN username TYPE ${type}`)
      expect(await adapter.findSession("s1")).toMatchObject({ user: { username: "alice" } })
      expect(await adapter.extendSession("s1", times.expiresAt, times.expiresAt)).toBe(true)
    }
    await adapter.findSession("s1")
    const { rows } = await single.query(`SELECT 1 FROM pg_prepared_statements WHERE statement LIKE '%s.id = $1%'`)
    expect(rows.length).toBeGreaterThan(0)
    await single.end()
  })

  test("behind a pooler that gives each statement another connection, names are given up", async () => {
    const clients = [await pool.connect(), await pool.connect()]
    let calls = 0
    const sent: (string | undefined)[] = []
    // Both connections look like one client that has prepared everything already.
    const pooler = {
      query(query: { name?: string; text: string; values: unknown[] }) {
        const client = clients[calls++ % clients.length]!
        sent.push(query.name)
        if (query.name === undefined) return client.query(query)
        const config = { name: query.name, text: query.text, values: query.values }
        // As if it had been prepared on the connection that the client had before.
        const { parsedStatements } = client.connection as unknown as { parsedStatements: object }
        if (calls > 1) Object.assign(parsedStatements, { [query.name]: query.text })
        return client.query(config)
      },
    }
    const adapter = pgAdapter(pooler as never)
    await adapter.insertSession(session)
    for (let n = 0; n < 3; n++) expect(await adapter.findSession("s1")).toMatchObject({ user: { id: "alice" } })
    expect(sent.at(-1)).toBeUndefined()
    for (const client of clients) client.release(true)
  })

  test("[F3][ADP-4] a connection that is cut in a transaction leaves nothing, is not used again, and ends no process", async () => {
    const cutting = new pg.Pool({ ...pool.options, max: 2 }).on("error", () => undefined)
    const adapter = pgAdapter<{ id: string; username: string }>(cutting)
    await adapter.findUser("alice")
    await whileLocked("user_key", async () => {
      const cut = rejected(adapter.insertUser(bob, key))
      await eventually(async () => {
        const { rowCount } = await pool.query(
          `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND relation = 'user_key'::regclass`,
        )
        return rowCount === 1
      })
      await cut
    })
    expect(await adapter.findUser("bob")).toBeNull()
    expect(await adapter.insertUser(bob, key)).toHaveProperty("user")
    expect(cutting.totalCount - cutting.idleCount).toBe(0)
    await cutting.end()
  })

  test("[F2] a transaction that pg gives up waiting for is not left open, and no later write gets lost in it", async () => {
    const impatient = new pg.Pool({ ...pool.options, max: 1, query_timeout: 1000 }).on("error", () => undefined)
    const client = await impatient.connect()
    client.on("error", () => undefined)
    const onClient = pgAdapter<{ id: string; username: string }>(client)
    await onClient.findUser("alice")
    await whileLocked("user_key", () => rejected(onClient.insertUser(bob, key)))
    await expect(onClient.extendSession("s1", times.expiresAt, times.expiresAt)).rejects.toThrow(/closed|terminated/)
    client.release(true)

    const onPool = pgAdapter<{ id: string; username: string }>(impatient)
    await onPool.findUser("alice")
    await whileLocked("user_key", () => rejected(onPool.insertUser(bob, key)))
    await onPool.insertSession(session)
    expect((await pool.query("SELECT id FROM session")).rows).toEqual([{ id: "s1" }])
    expect(await onPool.findUser("bob")).toBeNull()
    await impatient.end()
  })

  test("what the server has rolled back at COMMIT is no success", async () => {
    await pool.query(`ALTER TABLE user_key ADD CONSTRAINT once UNIQUE (user_id) DEFERRABLE INITIALLY DEFERRED`)
    const adapter = pgAdapter<{ id: string; username: string }>(pool)
    await adapter.insertKey({ ...key, userId: "alice" })
    const bob = adapter.insertUser({ id: "bob", attributes: { username: "bob" } }, { ...key, providerUserId: "b" })
    expect(await bob).toHaveProperty("user")
    await pool.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'too late'; END $$`)
    await pool.query(
      `CREATE CONSTRAINT TRIGGER late AFTER INSERT ON user_key DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()`,
    )
    const carol = adapter.insertUser(
      { id: "carol", attributes: { username: "carol" } },
      { ...key, providerUserId: "c" },
    )
    await expect(carol).rejects.toThrow("too late")
    expect(await adapter.findUser("carol")).toBeNull()
    await pool.query("DROP FUNCTION fail() CASCADE")
  })

  test("a client of postgres.js that renames columns is refused at the first call", async () => {
    const camel = await postgresJs(server, { transform: postgres.camel })
    const adapter = postgresAdapter(camel)
    await expect(adapter.findSession("s1")).rejects.toMatchObject({
      code: "invalid_option",
      message: expect.stringContaining("renames columns"),
    })
    await camel.end()
  })

  test("a transaction of postgres.js in which something was taken can still be committed", async () => {
    const sql = await postgresJs(server)
    await postgresAdapter(sql).insertKey({ ...key, userId: "alice" })
    await sql.begin(async (inside) => {
      const adapter = postgresAdapter<{ id: string; username: string }>(inside)
      expect(await adapter.insertUser(bob, key)).toEqual({ taken: "key" })
      expect(await adapter.insertKey({ ...key, userId: "alice" })).toBe("key_taken")
      expect(await adapter.insertUser(bob, { ...key, providerUserId: "bob" })).toHaveProperty("user")
    })
    expect(await postgresAdapter(sql).findKey("username", "bob")).toMatchObject({ userId: "bob" })
    await sql.end()
  })

  test("postgres.js without prepared statements works too", async () => {
    const plain = await postgresJs(server, { prepare: false })
    const adapter = postgresAdapter(plain)
    await adapter.insertSession(session)
    expect(await adapter.findSession("s1")).toMatchObject({ user: { username: "alice" } })
    const { rows } = await pool.query(`SELECT 1 FROM session`)
    expect(rows).toHaveLength(1)
    await plain.end()
  })

  test("[F3] a connection of postgres.js that is cut in a transaction leaves nothing", async () => {
    const sql = await postgresJs(server, { max: 1 })
    const adapter = postgresAdapter<{ id: string; username: string }>(sql)
    await adapter.findUser("alice")
    await whileLocked("user_key", async () => {
      const cut = rejected(adapter.insertUser(bob, key))
      await eventually(async () => {
        const { rowCount } = await pool.query(
          `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND relation = 'user_key'::regclass`,
        )
        return rowCount === 1
      })
      await cut
    })
    // postgres.js hands the old connection's error to one more call.
    await adapter.findUser("bob").catch(() => undefined)
    expect(await adapter.findUser("bob")).toBeNull()
    expect(await adapter.insertUser(bob, key)).toHaveProperty("user")
    await sql.end()
  })

  test.each(["pg", "postgres.js"])(
    "[F15] over %s a database that cannot be written signs nobody out, and signs nobody in",
    async (driver) => {
      await pgAdapter(pool).insertKey({ ...key, userId: "alice" })
      const now = Date.now()
      const { token } = await createAuth({ adapter: pgAdapter<{ id: string }>(pool) }).createSession("alice")
      const path = String(pool.options.options)
      const readOnly = new pg.Pool({ ...pool.options, options: `${path} -c default_transaction_read_only=on` })
      const sql = await postgresJs(server, {
        connection: { search_path: path.split("=")[1] ?? "", default_transaction_read_only: true },
      })
      const events: string[] = []
      const auth = createAuth({
        adapter: driver === "pg" ? pgAdapter<{ id: string }>(readOnly) : postgresAdapter<{ id: string }>(sql),
        onEvent: ({ type }) => events.push(type),
        now: () => now + 20 * 86_400_000,
      })
      expect(await auth.validateSession(token)).toMatchObject({ user: { id: "alice" } })
      expect(events).toEqual(["session_extension_failed"])
      await expect(auth.createSession("alice")).rejects.toMatchObject({
        code: "store_failed",
        cause: { code: "25006" },
      })
      await readOnly.end()
      await sql.end()
    },
  )

  test.each(["pg", "postgres.js"])("[F5] over %s locks taken in opposite orders end in a retry", async (driver) => {
    const sql = await postgresJs(server)
    const adapter = driver === "pg" ? pgAdapter<{ id: string }>(pool) : postgresAdapter<{ id: string }>(sql)
    await adapter.insertSession(session)
    const other = await pool.connect()
    await other.query("BEGIN; UPDATE session SET expires_at = expires_at WHERE id = 's1'")
    const deletion = adapter.deleteUser("alice")
    const { rows } = await other.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")
    await eventually(async () => {
      const { rowCount } = await pool.query(
        "SELECT 1 FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)) AND query LIKE 'DELETE%session%'",
        [rows[0]?.pid],
      )
      return rowCount === 1
    })
    await other.query(`SELECT 1 FROM "user" FOR UPDATE`).then(
      () => other.query("COMMIT"),
      () => other.query("ROLLBACK"),
    )
    other.release()
    await deletion
    expect(await adapter.findUser("alice")).toBeNull()
    await sql.end()
  })

  /** Runs while another connection has a table for itself. */
  async function whileLocked(table: string, run: () => Promise<void>): Promise<void> {
    const lock = await pool.connect()
    await lock.query(`BEGIN; LOCK TABLE ${table}`)
    try {
      await run()
    } finally {
      await lock.query("COMMIT")
      lock.release()
    }
  }
})

async function rejected(call: Promise<unknown>): Promise<void> {
  await expect(call).rejects.toThrow()
}

/** Asks until the answer is yes. */
async function eventually(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 20))
}

const onMysql = await mysqlServer({ connectionLimit: 2 })

describe.skipIf(!onMysql)("MariaDB", () => {
  const server = onMysql!
  const { pool } = server
  afterAll(() => server.close())

  test("[F3][ADP-4] a connection that is cut in a transaction leaves nothing, and is not used again", async () => {
    for (const statement of testTables("mysql", "text")) await pool.query(statement)
    const adapter = mysql2Adapter<{ id: string; username: string }>(pool)
    await adapter.findUser("alice")
    const lock = (await server.connect()) as Connection
    await lock.query("LOCK TABLES user_key WRITE")
    const cut = rejected(adapter.insertUser(bob, key))
    await eventually(async () => {
      const [blocked] = await lock.query(
        "SELECT id FROM information_schema.processlist WHERE state LIKE 'Waiting for table%' AND db = DATABASE()",
      )
      for (const { id } of blocked as { id: number }[]) await lock.query(`KILL ${id}`)
      return (blocked as unknown[]).length === 1
    })
    await cut
    await lock.query("UNLOCK TABLES")
    await lock.end()
    expect(await adapter.findUser("bob")).toBeNull()
    expect(await adapter.insertUser(bob, key)).toHaveProperty("user")
  })
})

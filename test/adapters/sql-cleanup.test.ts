import Database from "better-sqlite3"
import { drizzle } from "drizzle-orm/better-sqlite3"
import { afterAll, expect, test } from "vitest"
import { betterSqlite3Adapter, betterSqlite3Executor } from "../../adapters/better-sqlite3.ts"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import { sqlite } from "../../adapters/sql/sqlite-dialect.ts"
import type { SqlExecutor, SqlStatement } from "../../adapters/sql/executor.ts"
import { postgres } from "../../adapters/sql/postgres-dialect.ts"
import { schema, sqlAdapter } from "../../adapters/sql.ts"
import type { SessionAdapter } from "../../src/core/ports.ts"
import { createAuth } from "../../src/index.ts"
import { postgresServer } from "../servers.ts"
import { sqliteMilliseconds } from "./drizzle-sqlite-tables.ts"

const sliceRows = sqlite.sliceRows!

const server = await postgresServer()
afterAll(() => server?.close())

const ended = 5000

test.for([
  ["better-sqlite3", betterSqlite3],
  ["Drizzle on better-sqlite3", drizzleOnBetterSqlite3],
] as const)("a long cleanup on %s lets the process do other things between its batches", async ([, open]) => {
  const { adapter, close } = open()
  let others = 0
  const timer = setInterval(() => others++, 0)
  const { deleteExpiredSessions } = createAuth({ adapter })
  expect(await deleteExpiredSessions()).toBe(ended)
  clearInterval(timer)
  // One for each full batch, and a batch has at most a fifth of them.
  expect(others).toBeGreaterThanOrEqual(4)
  close()
})

const tables = {
  "as schema() makes it": schema("sqlite"),
  "with a rowid and an index on expires_at": [
    "CREATE TABLE session (id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL)",
    "CREATE INDEX session_expires_at ON session (expires_at)",
    "CREATE TABLE user_key (id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL, hashed_password TEXT)",
  ],
}

test.for(Object.entries(tables))("a cleanup reads a large table %s once, in slices", async ([, statements]) => {
  const { db, adapter, ran } = recorded(statements)
  // Of four slices the last two have ended, but for a tenth of them.
  fill(db, sliceRows * 4, (n) => (n >= sliceRows * 2 && n % 10 !== 0 ? 1 : Date.now()))
  const all = sliceRows * 1.8
  const { deleteExpiredSessions } = createAuth({ adapter })
  expect(await deleteExpiredSessions()).toBe(all)
  expect(db.prepare("SELECT count(*) FROM session WHERE expires_at = 1").pluck().get()).toBe(0)
  expect(db.prepare("SELECT count(*) FROM session").pluck().get()).toBe(sliceRows * 4 - all)
  // One for each full batch, and one for each slice, of the way to the end and of the last look from the start.
  const deletions = ran.filter(({ sql }) => sql.startsWith("DELETE"))
  expect(deletions.length).toBeLessThanOrEqual(all / 1000 + 4 + 3)
  for (const { sql, params } of deletions) {
    const plan = JSON.stringify(db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params))
    expect(plan).toContain("(id>?")
    expect(plan).not.toMatch(/expires_at|SCAN session/)
  }
  db.close()
})

test("a cleanup that finds nothing lets the process do other things between its slices", async () => {
  const { db, adapter } = recorded(schema("sqlite"))
  fill(db, sliceRows * 3, () => Date.now())
  let others = 0
  const timer = setInterval(() => others++, 0)
  expect(await adapter.deleteExpiredSessions(new Date(1), 10)).toBe(0)
  clearInterval(timer)
  expect(others).toBeGreaterThanOrEqual(2)
  db.close()
})

test("sessions that end behind a cleanup's place are found by its next call", async () => {
  const { db, adapter } = recorded(schema("sqlite"))
  fill(db, sliceRows * 2.5, (n) => (n < sliceRows ? 2 : 1))
  expect(await adapter.deleteExpiredSessions(new Date(1), 10)).toBe(10)
  // All but the ten lie before, behind and in the slice in which that call stopped.
  expect(await adapter.deleteExpiredSessions(new Date(2), sliceRows * 3)).toBe(sliceRows * 2.5 - 10)
  expect(await adapter.deleteExpiredSessions(new Date(2), 10)).toBe(0)
  db.close()
})

test("a cleanup deletes no more than its limit over several slices, and nothing for a limit of 0", async () => {
  const { db, adapter } = recorded(schema("sqlite"))
  fill(db, sliceRows * 2.5, (n) => (n % 500 === 0 ? 1 : 2))
  expect(await adapter.deleteExpiredSessions(new Date(1), 0)).toBe(0)
  expect(await adapter.deleteExpiredSessions(new Date(1), 12)).toBe(12)
  expect(await adapter.deleteExpiredSessions(new Date(1), 100)).toBe((sliceRows * 2.5) / 500 - 12)
  db.close()
})

test("a cleanup that is cut off in every call gets through the table all the same", async () => {
  const db = tablesOf(schema("sqlite"))
  fill(db, sliceRows * 6, (n) => (n >= sliceRows * 5 ? 1 : 2))
  const { query, execute } = betterSqlite3Executor(db)
  let allowed = 0
  const spend = () => {
    if (allowed-- === 0) throw new Error("Too many queries in one invocation.")
  }
  const executor: SqlExecutor = {
    query: async (sql, params) => (spend(), query(sql, params)),
    execute: async (sql, params) => (spend(), execute(sql, params)),
  }
  const adapter = sqlAdapter<{ id: string }>({ dialect: "sqlite", executor })
  for (let call = 0; call < 4; call++) {
    // Three slices, of two statements each.
    allowed = 6
    await adapter.deleteExpiredSessions(new Date(1), sliceRows * 2).catch(() => {})
  }
  expect(db.prepare("SELECT count(*) FROM session WHERE expires_at = 1").pluck().get()).toBe(0)
  db.close()
})

test("a cleanup comes to an end where ids are bytes, as in a dump of MySQL", async () => {
  const { db, adapter } = recorded(schema("sqlite"))
  fill(db, sliceRows * 1.5, (n) => (n % 2 === 0 ? 1 : 2))
  db.exec(`INSERT INTO session SELECT CAST('b' || id AS BLOB), user_id, created_at, expires_at FROM session`)
  expect(await adapter.deleteExpiredSessions(new Date(1), sliceRows * 3)).toBe(sliceRows * 1.5)
  db.close()
})

test.skipIf(!server)("a cleanup on PostgreSQL reads by the index, though half the table has ended", async () => {
  if (!server) return
  const { pool } = server
  await pool.query(`CREATE TABLE "user" (id TEXT PRIMARY KEY)`)
  await pool.query(`INSERT INTO "user" VALUES ('user-1')`)
  for (const statement of schema("postgres")) await pool.query(statement)
  await pool.query(
    `INSERT INTO session SELECT 's' || n, 'user-1', 0, CASE WHEN n % 2 = 0 THEN 1 ELSE 3 END FROM generate_series(1, 20000) AS n`,
  )
  await pool.query("ANALYZE session")
  const statement = postgres.deleteSome("session", "expires_at <= 2", 1000, "expires_at")
  const { rows } = await pool.query<{ "QUERY PLAN": string }>(`EXPLAIN ${statement}`)
  const plan = rows.map((row) => row["QUERY PLAN"]).join("\n")
  expect(plan).toContain("Index Scan using session_expires_at")
  expect(plan).not.toContain("Seq Scan")
})

function tablesOf(statements: string[]): Database.Database {
  const db = new Database(":memory:")
  db.exec("CREATE TABLE user (id TEXT PRIMARY KEY)")
  for (const statement of statements) db.exec(statement)
  return db
}

/** An adapter over these tables, and what it runs. */
function recorded(statements: string[]) {
  const db = tablesOf(statements)
  const { query, execute } = betterSqlite3Executor(db)
  const ran: SqlStatement[] = []
  const executor: SqlExecutor = {
    query: (sql, params) => (ran.push({ sql, params }), query(sql, params)),
    execute: (sql, params) => (ran.push({ sql, params }), execute(sql, params)),
  }
  return { db, ran, adapter: sqlAdapter<{ id: string }>({ dialect: "sqlite", executor }) }
}

function betterSqlite3(): { adapter: SessionAdapter<{ id: string }, {}>; close: () => void } {
  const db = tablesOf(schema("sqlite"))
  fill(db)
  return { adapter: betterSqlite3Adapter(db), close: () => void db.close() }
}

function drizzleOnBetterSqlite3(): { adapter: SessionAdapter<{ id: string }, {}>; close: () => void } {
  const db = new Database(":memory:")
  for (const statement of sqliteMilliseconds.ddl) db.exec(statement)
  fill(db)
  // Nothing is read or written of the columns that are not the library's.
  const adapter = drizzleAdapter(drizzle(db), sqliteMilliseconds.tables) as unknown as SessionAdapter<
    { id: string },
    {}
  >
  return { adapter, close: () => void db.close() }
}

function fill(db: Database.Database, count = ended, expiresAt: (n: number) => number = () => 1): void {
  db.pragma("foreign_keys = OFF")
  const insert = db.prepare("INSERT INTO session (id, user_id, created_at, expires_at) VALUES (?, 'user-1', 0, ?)")
  db.exec("BEGIN")
  for (let n = 0; n < count; n++) insert.run(`s${String(n).padStart(6, "0")}`, expiresAt(n))
  db.exec("COMMIT")
}

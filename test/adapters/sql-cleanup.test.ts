import Database from "better-sqlite3"
import { drizzle } from "drizzle-orm/better-sqlite3"
import { afterAll, expect, test } from "vitest"
import { betterSqlite3Adapter } from "../../adapters/better-sqlite3.ts"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import { postgres } from "../../adapters/sql/postgres-dialect.ts"
import { schema } from "../../adapters/sql.ts"
import type { SessionAdapter } from "../../src/core/ports.ts"
import { createAuth } from "../../src/index.ts"
import { postgresServer } from "../servers.ts"
import { sqliteMilliseconds } from "./drizzle-sqlite-tables.ts"

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
  const statement = postgres.deleteSome("session", "expires_at <= 2", 1000)
  const { rows } = await pool.query<{ "QUERY PLAN": string }>(`EXPLAIN ${statement}`)
  const plan = rows.map((row) => row["QUERY PLAN"]).join("\n")
  expect(plan).toContain("Index Scan using session_expires_at")
  expect(plan).not.toContain("Seq Scan")
})

function betterSqlite3(): { adapter: SessionAdapter<{ id: string }, {}>; close: () => void } {
  const db = new Database(":memory:")
  db.exec("CREATE TABLE user (id TEXT PRIMARY KEY)")
  for (const statement of schema("sqlite")) db.exec(statement)
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

function fill(db: Database.Database): void {
  db.pragma("foreign_keys = OFF")
  const insert = db.prepare("INSERT INTO session (id, user_id, created_at, expires_at) VALUES (?, 'user-1', 0, 1)")
  for (let n = 0; n < ended; n++) insert.run(`s${n}`)
}

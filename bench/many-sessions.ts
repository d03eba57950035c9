import { hash } from "node:crypto"
import type pg from "pg"
import { schema } from "nightlatch/adapters/sql"

import type { SqliteDriver } from "./limit.ts"

/** Rows to make: ten sessions for each user. */
export interface Rows {
  sessions: number
  /** Whether the sessions of odd numbers ended two days ago. Default: all live for 30 days more. */
  halfDead?: boolean
}

const day = 86_400_000
const digits: Record<string, string> = { 0: "a", 1: "b", 8: "c", 9: "d" }

/** The token of the session with this number, counted from zero. */
export function tokenOf(n: number): string {
  return String(n)
    .replace(/[0189]/g, (digit) => digits[digit] ?? "")
    .padStart(32, "a")
}

/** The id under which that session is stored. */
export function idOf(n: number): string {
  return hash("sha256", tokenOf(n), "hex")
}

/** Makes the tables in SQLite and fills them. */
export function fillSqlite(db: SqliteDriver, { sessions, halfDead = false }: Rows): void {
  db.exec("PRAGMA journal_mode = WAL")
  db.exec("CREATE TABLE user (id TEXT PRIMARY KEY NOT NULL, username TEXT NOT NULL)")
  const [tables, indexes] = parted(schema("sqlite"))
  for (const statement of tables) db.exec(statement)
  const user = db.prepare("INSERT INTO user (id, username) VALUES ('user-' || ?, 'name ' || ?)")
  const session = db.prepare("INSERT INTO session (id, user_id, created_at, expires_at) VALUES (?, 'user-' || ?, ?, ?)")
  const now = Date.now()
  db.exec("BEGIN")
  for (let n = 0; n < sessions; n++) {
    if (n % 10 === 0) user.run(String(n / 10), String(n / 10))
    const days = halfDead && n % 2 === 1 ? -2 : 30
    session.run(idOf(n), String(Math.floor(n / 10)), now - 3 * day, now + days * day)
  }
  db.exec("COMMIT")
  for (const statement of indexes) db.exec(statement)
  db.exec("ANALYZE")
}

/** Makes the tables in PostgreSQL and fills them. The rows are made there. */
export async function fillPostgres(pool: pg.Pool, { sessions, halfDead = false }: Rows): Promise<void> {
  await pool.query(`CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT NOT NULL)`)
  const [tables, indexes] = parted(schema("postgres"))
  for (const statement of tables) await pool.query(statement)
  const numbers = `generate_series(0, ${sessions - 1}) AS n`
  const now = Date.now()
  const token = "lpad(translate(n::text, '0189', 'abcd'), 32, 'a')"
  const expiresAt = `CASE WHEN ${halfDead} AND n % 2 = 1 THEN ${now - 2 * day} ELSE ${now + 30 * day} END`
  await pool.query(`INSERT INTO "user" SELECT 'user-' || n / 10, 'name ' || n / 10 FROM ${numbers} WHERE n % 10 = 0`)
  await pool.query(
    `INSERT INTO session SELECT encode(sha256(${token}::bytea), 'hex'), 'user-' || n / 10, ${now - 3 * day}, ${expiresAt} FROM ${numbers}`,
  )
  for (const statement of indexes) await pool.query(statement)
  await pool.query("VACUUM ANALYZE")
}

/** Indexes are made behind the rows: one by one, a million would take minutes. */
function parted(statements: string[]): [tables: string[], indexes: string[]] {
  const isIndex = (statement: string) => statement.startsWith("CREATE INDEX")
  return [statements.filter((statement) => !isIndex(statement)), statements.filter(isIndex)]
}

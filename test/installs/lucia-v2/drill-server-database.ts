import { pg as pgAdapter } from "@lucia-auth/adapter-postgresql"
import { betterSqlite3 } from "@lucia-auth/adapter-sqlite"
import Database from "better-sqlite3"
import pg from "pg"

const { file, url, schema } = JSON.parse(process.env.DRILL_DATABASE ?? "")
const tables = { user: "auth_user", key: "user_key", session: "user_session" }

export const { adapter, userIds } = file ? openSqlite() : openPostgres()

function openSqlite() {
  const db = new Database(file)
  db.pragma("foreign_keys = ON")
  return {
    adapter: betterSqlite3(db, tables),
    userIds: async () => db.prepare("SELECT id FROM auth_user").pluck().all(),
  }
}

function openPostgres() {
  const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` })
  return {
    adapter: pgAdapter(pool, tables),
    userIds: async () => (await pool.query("SELECT id FROM auth_user")).rows.map(({ id }) => id),
  }
}

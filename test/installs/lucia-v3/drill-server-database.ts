import { NodePostgresAdapter } from "@lucia-auth/adapter-postgresql"
import { BetterSqlite3Adapter } from "@lucia-auth/adapter-sqlite"
import Database from "better-sqlite3"
import pg from "pg"

const { file, url, schema } = JSON.parse(process.env.DRILL_DATABASE ?? "")
const tables = { user: "user", session: "session" }

export const { adapter, createUser, findUser } = file ? openSqlite() : openPostgres()

function openSqlite() {
  const db = new Database(file)
  db.pragma("foreign_keys = ON")
  return {
    adapter: new BetterSqlite3Adapter(db, tables),
    createUser: async ({ id, username, password_hash }) =>
      void db.prepare(`INSERT INTO "user" VALUES (?, ?, ?)`).run(id, username, password_hash),
    findUser: async (username) => db.prepare(`SELECT * FROM "user" WHERE username = ?`).get(username),
  }
}

function openPostgres() {
  const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` })
  return {
    adapter: new NodePostgresAdapter(pool, tables),
    createUser: ({ id, username, password_hash }) =>
      pool.query(`INSERT INTO "user" VALUES ($1, $2, $3)`, [id, username, password_hash]),
    findUser: async (username) => {
      const { rows } = await pool.query(`SELECT * FROM "user" WHERE username = $1`, [username])
      return rows[0]
    },
  }
}

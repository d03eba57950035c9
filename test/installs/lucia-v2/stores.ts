import { mysql2 } from "@lucia-auth/adapter-mysql"
import { pg, postgres as postgresAdapter } from "@lucia-auth/adapter-postgresql"
import { redis as redisAdapter } from "@lucia-auth/adapter-session-redis"
import { unstorage as unstorageAdapter } from "@lucia-auth/adapter-session-unstorage"
import { betterSqlite3 } from "@lucia-auth/adapter-sqlite"
import Database from "better-sqlite3"
import postgres from "postgres"
import { createClient } from "redis"
import { createStorage } from "unstorage"
import { redisServer } from "../../redis-servers.ts"
import { mysqlServer, postgresServer } from "../../servers.ts"

const tables = { user: "auth_user", session: "user_session", key: "user_key" }
const names = [tables.user, tables.key, tables.session]

/** Opens `@lucia-auth/adapter-sqlite` over better-sqlite3. */
export async function openBetterSqlite3({ foreignKeys = true, uniqueNames = true } = {}) {
  const db = new Database(":memory:")
  db.pragma(`foreign_keys = ${foreignKeys ? "ON" : "OFF"}`)
  for (const statement of schema()) db.exec(uniqueNames ? statement : statement.replace("UNIQUE", ""))
  return sqlStore({
    adapter: betterSqlite3(db, tables),
    query: async (sql) => (sql.startsWith("SELECT") ? db.prepare(sql).all() : db.exec(sql)),
    close: () => db.close(),
    db,
  })
}

/** Opens `@lucia-auth/adapter-postgresql` over pg; `null` where there is no server. */
export async function openPg() {
  const store = await openPostgres()
  return store && { ...store, adapter: pg(store.pool, tables) }
}

/** Opens `@lucia-auth/adapter-postgresql` over postgres.js; `null` where there is no server. */
export async function openPostgresJs() {
  const store = await openPostgres()
  if (!store) return null
  const url = process.env.NIGHTLATCH_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/test"
  const { rows } = await store.pool.query("SHOW search_path")
  const sql = postgres(url, { connection: { search_path: rows[0].search_path }, onnotice: () => undefined })
  const close = async () => {
    await sql.end()
    await store.close()
  }
  return { ...store, close, adapter: postgresAdapter(sql, tables) }
}

/** Opens `@lucia-auth/adapter-mysql` over mysql2; `null` where there is no server. */
export async function openMysql2() {
  const server = await mysqlServer()
  if (!server) return null
  const { pool, close } = server
  for (const statement of schema("VARCHAR(255) COLLATE utf8mb4_bin")) await pool.query(statement)
  return sqlStore({ adapter: mysql2(pool, tables), query: async (sql) => (await pool.query(sql))[0], close, late: 40 })
}

/** Opens users in SQLite, and sessions through `@lucia-auth/adapter-session-redis`; `null` where there is no server. */
export async function openSqliteAndRedis() {
  const prefix = `lucia-v2-${crypto.randomUUID()}`
  const server = await redisServer(prefix)
  if (!server) return null
  const client = await createClient({ url: server.url }).connect()
  const users = await openBetterSqlite3()
  const keys = async () => (await client.keys(`${prefix}*`)).sort()
  const kept = async (key) =>
    (await client.type(key)) === "set"
      ? (await client.sMembers(key)).sort()
      : JSON.parse((await client.get(key)) ?? "null")
  return {
    adapter: {
      user: users.adapter,
      session: redisAdapter(client, { session: `${prefix}-session`, userSessions: `${prefix}-user` }),
    },
    hasForeignKeys: false,
    late: 40,
    async dump() {
      const sessions: unknown[] = []
      for (const key of await keys()) sessions.push([key.slice(prefix.length), await kept(key)])
      return { ...(await users.dump()), sessions }
    },
    async empty() {
      const all = await keys()
      if (all.length > 0) await client.del(all)
      await users.empty()
    },
    async close() {
      await client.close()
      await server.close()
      users.close()
    },
  }
}

/** Opens users in SQLite, and sessions through `@lucia-auth/adapter-session-unstorage` in memory. */
export async function openSqliteAndUnstorage() {
  const users = await openBetterSqlite3()
  const storage = createStorage()
  return {
    adapter: { user: users.adapter, session: unstorageAdapter(storage) },
    hasForeignKeys: false,
    // It keeps the user's id where the session's belongs.
    forgetsSessions: true,
    late: 40,
    async dump() {
      const sessions: unknown[] = []
      for (const key of (await storage.getKeys()).sort()) sessions.push([key, await storage.getItem(key)])
      return { ...(await users.dump()), sessions }
    },
    async empty() {
      await storage.clear()
      await users.empty()
    },
    close: users.close,
  }
}

async function openPostgres() {
  const server = await postgresServer()
  if (!server) return null
  const { pool, close } = server
  for (const statement of schema()) await pool.query(statement)
  return { ...sqlStore({ query: async (sql) => (await pool.query(sql)).rows, close, late: 40 }), pool }
}

// `late`: so many milliseconds after Lucia has answered, what it did not wait for is done.
function sqlStore<Store extends { query: (sql: string) => Promise<unknown> }>({ query, ...store }: Store) {
  return {
    hasForeignKeys: true,
    query,
    async dump() {
      const [users, keys, sessions] = await Promise.all(names.map((name) => query(`SELECT * FROM ${name} ORDER BY id`)))
      return { users, keys, sessions }
    },
    async empty() {
      for (const name of names.toReversed()) await query(`DELETE FROM ${name}`)
    },
    ...store,
  }
}

function schema(text = "TEXT") {
  return [
    `CREATE TABLE auth_user (id ${text} NOT NULL PRIMARY KEY, username ${text} NOT NULL UNIQUE, age INTEGER)`,
    `CREATE TABLE user_key (id ${text} NOT NULL PRIMARY KEY, user_id ${text} NOT NULL, hashed_password ${text},
      FOREIGN KEY (user_id) REFERENCES auth_user (id))`,
    `CREATE TABLE user_session (id ${text} NOT NULL PRIMARY KEY, user_id ${text} NOT NULL, active_expires BIGINT NOT NULL,
      idle_expires BIGINT NOT NULL, label ${text}, FOREIGN KEY (user_id) REFERENCES auth_user (id))`,
  ]
}

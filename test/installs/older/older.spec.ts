import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PGlite } from "@electric-sql/pglite"
import { createClient as createLibsql } from "@libsql/client"
import Database from "better-sqlite3"
import { drizzle as drizzleSqlite } from "drizzle-orm/better-sqlite3"
import { drizzle as drizzlePg } from "drizzle-orm/node-postgres"
import * as pgCore from "drizzle-orm/pg-core"
import * as sqliteCore from "drizzle-orm/sqlite-core"
import Redis from "ioredis"
import { Kysely, SqliteDialect } from "kysely"
import mysql from "mysql2/promise"
import pg from "pg"
import postgres from "postgres"
import { createClient as createRedis } from "redis"
import { createStorage } from "unstorage"
import { afterAll, describe, expect, test } from "vitest"
import { drizzleAdapter } from "../../../adapters/drizzle.ts"
import { ioredisAdapter } from "../../../adapters/ioredis.ts"
import { kyselyAdapter } from "../../../adapters/kysely.ts"
import { libsqlAdapter } from "../../../adapters/libsql.ts"
import { mysql2Adapter } from "../../../adapters/mysql2.ts"
import { pgAdapter } from "../../../adapters/pg.ts"
import { pgliteAdapter } from "../../../adapters/pglite.ts"
import { postgresAdapter } from "../../../adapters/postgres.ts"
import { redisAdapter } from "../../../adapters/redis.ts"
import { unstorageAdapter } from "../../../adapters/unstorage.ts"
import { testAdapter } from "../../../src/testing.ts"
import { testTables } from "../../adapters/sql-stores.ts"
import { testTableNames } from "../../adapters/test-table-names.ts"
import { redisServer } from "../../redis-servers.ts"
import { mysqlServer, postgresServer } from "../../servers.ts"

// Applications have these versions, since no range of ours keeps them from installing this package next to them.
const closing: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

const mariadb = await mysqlServer()
const postgresql = await postgresServer()
const redis = await redisServer(`older-${crypto.randomUUID()}:`)
for (const server of [mariadb, postgresql, redis]) if (server) closing.push(() => server.close())

const stores = {
  "PGlite 0.2": pglite,
  "libsql 0.4": libsql,
  "Kysely 0.26": kysely,
  "Drizzle 0.29 on SQLite": drizzleOnSqlite,
  "unstorage 1.9": async () => ({ open: () => ({ adapter: unstorageAdapter(createStorage()) }) }),
  ...(mariadb && { "mysql2 2": mysql2 }),
  ...(postgresql && { "pg 8.7": overPg, "Drizzle 0.29 on PostgreSQL": drizzleOnPostgres }),
  ...(redis && { "redis 4": nodeRedis, "ioredis 4": ioredis }),
}

describe.each(Object.entries(stores))("an adapter over %s", async (_, openStore) => {
  const { open } = await openStore()
  testAdapter(test, open)
})

test("postgresAdapter() over postgres.js 3.3, which cannot reserve a connection, says what it needs", async () => {
  const sql = postgres("postgres://127.0.0.1:1/none")
  expect(() => postgresAdapter(sql)).toThrow("postgresAdapter() needs version 3.4 or later of postgres")
  await sql.end()
})

async function pglite() {
  const db = new PGlite()
  closing.push(() => db.close())
  for (const statement of testTables("postgres", "text")) await db.exec(statement)
  return emptied(pgliteAdapter(db), (sql) => db.query(sql))
}

async function libsql() {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const client = createLibsql({ url: `file:${join(folder, "app.db")}` })
  closing.push(() => {
    client.close()
    rmSync(folder, { recursive: true })
  })
  for (const statement of testTables("sqlite", "text")) await client.execute(statement)
  return emptied(libsqlAdapter(client), (sql) => client.execute(sql))
}

async function kysely() {
  const database = sqlite()
  return emptied(kyselyAdapter(new Kysely({ dialect: new SqliteDialect({ database }) })), (sql) => database.exec(sql))
}

async function drizzleOnSqlite() {
  const database = sqlite()
  const { sqliteTable, text, integer } = sqliteCore
  const models = drizzleTables(sqliteTable, { text, number: integer })
  return emptied(drizzleAdapter(drizzleSqlite(database), models), (sql) => database.exec(sql))
}

function sqlite() {
  const database = new Database(":memory:")
  closing.push(() => database.close())
  for (const statement of testTables("sqlite", "text")) database.exec(statement)
  return database
}

async function mysql2() {
  const at = new URL(process.env.NIGHTLATCH_MYSQL_URL ?? "mysql://root@127.0.0.1:3306/test")
  const [rows] = await mariadb!.pool.query("SELECT DATABASE() AS name")
  const [{ name }] = rows as [{ name: string }]
  at.pathname = name
  const pool = mysql.createPool({ uri: at.href })
  closing.push(() => pool.end())
  for (const statement of testTables("mysql", "text")) await pool.query(statement)
  return emptied(mysql2Adapter(pool), (sql) => pool.query(sql), "`")
}

async function overPg() {
  const pool = await pgPool("pg")
  return emptied(pgAdapter(pool), (sql) => pool.query(sql))
}

async function drizzleOnPostgres() {
  const pool = await pgPool("drizzle")
  const { pgTable, text, bigint } = pgCore
  const models = drizzleTables(pgTable, { text, number: (name) => bigint(name, { mode: "number" }) })
  return emptied(drizzleAdapter(drizzlePg(pool), models), (sql) => pool.query(sql))
}

// Both have tables of their own below the schema that the server's pool drops.
async function pgPool(name) {
  const { rows } = await postgresql!.pool.query("SELECT current_schema() AS name")
  const schema = `${rows[0].name}_${name}`
  const connectionString = process.env.NIGHTLATCH_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/test"
  const pool = new pg.Pool({ connectionString, options: `-c search_path=${schema}` })
  await pool.query(`CREATE SCHEMA "${schema}"`)
  closing.push(async () => {
    await pool.query(`DROP SCHEMA "${schema}" CASCADE`)
    await pool.end()
  })
  for (const statement of testTables("postgres", "text")) await pool.query(statement)
  return pool
}

function drizzleTables(table, { text, number }) {
  const own = (name) => text(name).notNull()
  const user = table("user", {
    id: text("id").primaryKey(),
    username: own("username"),
    role: text("role").notNull().default("user"),
    email: text("email"),
  })
  const owner = () => own("user_id").references(() => user.id)
  const session = table("session", {
    id: text("id").primaryKey(),
    userId: owner(),
    createdAt: number("created_at").notNull(),
    expiresAt: number("expires_at").notNull(),
    label: text("label"),
  })
  const key = table("user_key", {
    id: text("id").primaryKey(),
    userId: owner(),
    hashedPassword: text("hashed_password"),
  })
  return { user, session, key }
}

async function nodeRedis() {
  const client = await createRedis({ url: redis!.url }).connect()
  closing.push(() => client.quit())
  // Its types want a number for the cursor of SCAN, which it takes as text as well.
  const typed = client as unknown as Parameters<typeof redisAdapter>[0]
  return { open: () => ({ adapter: redisAdapter(typed, { prefix: `older-${crypto.randomUUID()}:` }) }) }
}

async function ioredis() {
  // It has no types of its own, and those that are found instead are of a later version.
  const client = new (Redis as unknown as typeof Redis.default)(redis!.url)
  closing.push(() => client.disconnect())
  return { open: () => ({ adapter: ioredisAdapter(client, { prefix: `older-${crypto.randomUUID()}:` }) }) }
}

function emptied(adapter, run, quote = '"') {
  const addUser = ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null)
  const open = async () => {
    for (const table of testTableNames) await run(`DELETE FROM ${quote}${table}${quote}`)
    return { adapter, addUser }
  }
  return { open }
}

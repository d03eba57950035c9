import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DrizzlePostgreSQLAdapter, DrizzleSQLiteAdapter } from "@lucia-auth/adapter-drizzle"
import { NodePostgresAdapter, PostgresJsAdapter } from "@lucia-auth/adapter-postgresql"
import { PrismaAdapter } from "@lucia-auth/adapter-prisma"
import { BetterSqlite3Adapter } from "@lucia-auth/adapter-sqlite"
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3"
import { PrismaPg } from "@prisma/adapter-pg"
import Database from "better-sqlite3"
import { drizzle as drizzleSqlite } from "drizzle-orm/better-sqlite3"
import { drizzle as drizzlePostgres } from "drizzle-orm/node-postgres"
import { bigint, pgTable, text as pgText, timestamp } from "drizzle-orm/pg-core"
import { drizzle as drizzlePostgresJs } from "drizzle-orm/postgres-js"
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core"
import postgres from "postgres"
import { postgresServer } from "../../servers.ts"
import { PrismaClient as PrismaPostgres } from "./generated/postgresql/client.ts"
import { PrismaClient as PrismaSqlite } from "./generated/sqlite/client.ts"

const tables = { user: "user", session: "session" }
const snake = { passwordHash: "password_hash", userId: "user_id", expiresAt: "expires_at", createdAt: "created_at" }
const camel = { passwordHash: "passwordHash", userId: "userId", expiresAt: "expiresAt", createdAt: "createdAt" }

/** Opens `@lucia-auth/adapter-sqlite` over better-sqlite3. */
export async function openBetterSqlite3() {
  const store = openSqlite(snake, "INTEGER")
  return { ...store, lucia: new BetterSqlite3Adapter(store.db, tables), createdAt: "created_at" }
}

/** Opens `@lucia-auth/adapter-drizzle` over better-sqlite3. */
export async function openDrizzleSqlite() {
  const store = openSqlite(snake, "INTEGER")
  const user = sqliteTable("user", { id: text().primaryKey(), username: text(), passwordHash: text("password_hash") })
  const session = sqliteTable("session", {
    id: text().primaryKey(),
    userId: text("user_id").notNull(),
    expiresAt: integer("expires_at").notNull(),
    createdAt: integer("created_at"),
    label: text(),
  })
  return { ...store, lucia: new DrizzleSQLiteAdapter(drizzleSqlite(store.db), session, user) }
}

/** Opens `@lucia-auth/adapter-prisma` on SQLite. */
export async function openPrismaSqlite() {
  const store = openSqlite(camel, "DATETIME")
  const client = new PrismaSqlite({ adapter: new PrismaBetterSqlite3({ url: `file:${store.file}` }) })
  const close = async () => {
    await client.$disconnect()
    store.close()
  }
  return { ...store, close, lucia: new PrismaAdapter(client.session, client.user), precision: 1 }
}

/** Opens `@lucia-auth/adapter-postgresql` over pg; `null` where there is no server. */
export async function openPg() {
  const store = await openPostgres(snake, "TIMESTAMPTZ")
  return store && { ...store, lucia: new NodePostgresAdapter(store.pool, tables), createdAt: "created_at" }
}

/** Opens `@lucia-auth/adapter-postgresql` over postgres.js; `null` where there is no server. */
export async function openPostgresJs() {
  const store = await openPostgres(snake, "TIMESTAMPTZ")
  if (!store) return null
  const { sql, close } = connectPostgresJs(store)
  return { ...store, sql, close, lucia: new PostgresJsAdapter(sql, tables), createdAt: "created_at" }
}

/** Opens the same over a client that Drizzle shares, which makes it give times as text; `null` where there is no server. */
export async function openSharedPostgresJs() {
  const store = await openPostgresJs()
  if (store) drizzlePostgresJs(store.sql)
  return store
}

/** Opens `@lucia-auth/adapter-drizzle` over pg; `null` where there is no server. */
export async function openDrizzlePostgres() {
  const store = await openPostgres(snake, "TIMESTAMPTZ")
  const user = pgTable("user", { id: pgText().primaryKey(), username: pgText(), passwordHash: pgText("password_hash") })
  const session = pgTable("session", {
    id: pgText().primaryKey(),
    userId: pgText("user_id").notNull(),
    expiresAt: timestamp("expires_at", { withTimezone: true, mode: "date" }).notNull(),
    createdAt: bigint("created_at", { mode: "number" }),
    label: pgText(),
  })
  return store && { ...store, lucia: new DrizzlePostgreSQLAdapter(drizzlePostgres(store.pool), session, user) }
}

/** Opens `@lucia-auth/adapter-prisma` on PostgreSQL; `null` where there is no server. */
export async function openPrismaPostgres() {
  const store = await openPostgres(camel, "TIMESTAMP(3)")
  if (!store) return null
  const { url, schema } = store
  const connection = { connectionString: url, options: `-c search_path=${schema}` }
  const client = new PrismaPostgres({ adapter: new PrismaPg(connection, { schema }) })
  const close = async () => {
    await client.$disconnect()
    await store.close()
  }
  return { ...store, close, lucia: new PrismaAdapter(client.session, client.user) }
}

function openSqlite(names, time) {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const file = join(folder, "app.db")
  const db = new Database(file)
  db.pragma("foreign_keys = ON")
  for (const statement of schema(names, time)) db.exec(statement)
  return {
    db,
    file,
    createdAt: "createdAt",
    precision: 1000,
    addUser: ({ id, username }) =>
      void db.prepare(`INSERT INTO "user" VALUES (?, ?, 'a password hash')`).run(id, username),
    empty: async () => void db.exec(`DELETE FROM session; DELETE FROM "user"`),
    close: () => {
      db.close()
      rmSync(folder, { recursive: true })
    },
  }
}

async function openPostgres(names, time) {
  const server = await postgresServer()
  if (!server) return null
  const { pool, close } = server
  for (const statement of schema(names, time)) await pool.query(statement)
  const { rows } = await pool.query("SHOW search_path")
  return {
    pool,
    close,
    schema: rows[0].search_path,
    url: process.env.NIGHTLATCH_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/test",
    createdAt: "createdAt",
    precision: 1,
    addUser: ({ id, username }) => pool.query(`INSERT INTO "user" VALUES ($1, $2, 'a password hash')`, [id, username]),
    empty: () => pool.query(`DELETE FROM session; DELETE FROM "user"`),
  }
}

function connectPostgresJs({ url, schema, close }) {
  const sql = postgres(url, { connection: { search_path: schema }, onnotice: () => undefined })
  return {
    sql,
    close: async () => {
      await sql.end()
      await close()
    },
  }
}

function schema({ passwordHash, userId, expiresAt, createdAt }, time) {
  return [
    `CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, "${passwordHash}" TEXT)`,
    `CREATE TABLE session (id TEXT PRIMARY KEY, "${userId}" TEXT NOT NULL REFERENCES "user" (id),
      "${expiresAt}" ${time} NOT NULL, "${createdAt}" BIGINT, label TEXT)`,
  ]
}

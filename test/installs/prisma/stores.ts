import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3"
import { PrismaPg } from "@prisma/adapter-pg"
import Database from "better-sqlite3"
import type { DialectName } from "../../../adapters/sql.ts"
import { schema as tablesOf } from "../../../adapters/sql.ts"
import { postgresServer } from "../../servers.ts"
import { PrismaClient as PostgresBigints } from "./generated/postgres-bigints/client.ts"
import { PrismaClient as PostgresText } from "./generated/postgres-text/client.ts"
import { PrismaClient as PrintedUuids } from "./generated/printed-postgresql-uuid/client.ts"
import { PrismaClient as PrintedNumbers } from "./generated/printed-sqlite-integer/client.ts"
import { PrismaClient as SqliteNumbers } from "./generated/sqlite-numbers/client.ts"
import { PrismaClient as SqliteSeconds } from "./generated/sqlite-seconds/client.ts"
import { PrismaClient as SqliteText } from "./generated/sqlite-text/client.ts"

/** Opens text ids and DateTime on SQLite. */
export const openSqliteText = () => openSqlite(SqliteText, "TEXT", ["DATETIME", "DATETIME"])

/** Opens Int ids, with a DateTime and a BigInt, on SQLite. */
export const openSqliteNumbers = () => openSqlite(SqliteNumbers, "INTEGER", ["DATETIME", "BIGINT"])

/** Opens Ints of seconds on SQLite. */
export const openSqliteSeconds = () => openSqlite(SqliteSeconds, "TEXT", ["INTEGER", "INTEGER"])

/** Opens text ids and DateTime on PostgreSQL; `null` where there is none. */
export const openPostgresText = () => openPostgres(PostgresText, "TEXT", "TIMESTAMP(3)")

/** Opens BigInt ids and times on PostgreSQL; `null` where there is none. */
export const openPostgresBigints = () => openPostgres(PostgresBigints, "BIGINT", "BIGINT")

/** Opens what `nightlatch schema prisma` prints, by database and type of ids. */
export const openPrinted = {
  "SQLite with Int ids": () => openSqlite(PrintedNumbers, "INTEGER", ["DATETIME", "DATETIME"], printedTables),
  "PostgreSQL with UUIDs": () => openPostgres(PrintedUuids, "TEXT", "TIMESTAMP(3)", printedTables),
}

/** Empties all tables. */
export async function empty(client) {
  for (const table of ["auth_token", "auth_attempt", "user_totp", "user_passkey", "auth_event"])
    await client.$executeRawUnsafe(`DELETE FROM ${table}`)
  for (const model of ["session", "key", "user"]) await client[model].deleteMany()
}

// To the compiler every client is the one with text ids, which has the same models.
async function openSqlite(Client, userId, times, create = tables) {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const file = join(folder, "app.db")
  const db = new Database(file)
  const own = create(`${userId} PRIMARY KEY`, userId, times)
  for (const statement of [...own, ...featureTables("sqlite", userId)]) db.exec(statement)
  db.close()
  const { adapter, onStatement } = watched(new PrismaBetterSqlite3({ url: `file:${file}` }))
  const client: SqliteText<"query"> = new Client({
    adapter,
    log: [{ emit: "event", level: "query" }],
  })
  const close = async () => {
    await client.$disconnect()
    rmSync(folder, { recursive: true })
  }
  return { client, close, onStatement }
}

async function openPostgres(Client, userId, time, create = tables) {
  const server = await postgresServer()
  if (!server) return null
  const id = userId === "TEXT" ? "TEXT PRIMARY KEY" : "BIGSERIAL PRIMARY KEY"
  const own = create(id, userId, [time, time])
  for (const statement of [...own, ...featureTables("postgres", userId)]) await server.pool.query(statement)
  const { rows } = await server.pool.query("SHOW search_path")
  const schema = rows[0].search_path
  const connectionString = process.env.NIGHTLATCH_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/test"
  const { adapter, onStatement } = watched(
    new PrismaPg({ connectionString, options: `-c search_path=${schema}` }, { schema }),
  )
  const client: SqliteText<"query"> = new Client({
    adapter,
    log: [{ emit: "event", level: "query" }],
  })
  const close = async () => {
    await client.$disconnect()
    await server.close()
  }
  return { client, close, onStatement }
}

/** Calls a listener whenever Prisma sends something through a driver adapter. */
function watched(factory) {
  let listener = () => undefined
  const watch = (target) => {
    for (const name of ["queryRaw", "executeRaw"]) {
      const send = target[name].bind(target)
      target[name] = (query) => (listener(), send(query))
    }
    return target
  }
  const connect = factory.connect.bind(factory)
  factory.connect = async () => {
    const connection = watch(await connect())
    const start = connection.startTransaction.bind(connection)
    connection.startTransaction = async (...args) => watch(await start(...args))
    return connection
  }
  return { adapter: factory, onStatement: (next) => void (listener = next) }
}

function tables(id, userId, [created, expires]) {
  const owner = `"userId" ${userId} NOT NULL REFERENCES "user" (id)`
  return [
    `CREATE TABLE "user" (id ${id}, username TEXT NOT NULL UNIQUE, role TEXT NOT NULL DEFAULT 'user', email TEXT UNIQUE)`,
    `CREATE TABLE session (id TEXT PRIMARY KEY, ${owner}, "createdAt" ${created}, "expiresAt" ${expires}, label TEXT)`,
    `CREATE TABLE user_key (id TEXT PRIMARY KEY, ${owner}, "hashedPassword" TEXT)`,
  ]
}

// Without references, so deleting a user must also delete the tokens.
function featureTables(dialect: DialectName, userId: string): string[] {
  const userIdType = ({ TEXT: "text", INTEGER: "integer", BIGINT: "bigint" } as const)[userId]
  const statements = tablesOf(dialect, { userIdType, include: ["tokens", "throttle", "totp", "passkeys", "audit"] })
  const own = statements.filter((sql) => /auth_|user_totp|user_passkey/.test(sql))
  return own.map((sql) => sql.replace(/ REFERENCES .* ON DELETE CASCADE/, ""))
}

// As Prisma calls tables that have no other name.
function printedTables(id, userId, times) {
  const names = { user: "User", session: "Session", user_key: "Key" }
  return tables(id, userId, times).map((sql) =>
    sql.replace(/(TABLE|REFERENCES) "?(\w+)"?/g, (_, before, name) => `${before} "${names[name]}"`),
  )
}

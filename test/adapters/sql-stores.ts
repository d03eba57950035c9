import { DatabaseSync } from "node:sqlite"
import type { Pool as MysqlPool, PoolOptions, ResultSetHeader } from "mysql2/promise"
import type pg from "pg"
import { afterAll } from "vitest"
import type { SqlAdapter } from "../../adapters/sql/adapter.ts"
import type { SqlOptions } from "../../adapters/sql/database.ts"
import type { DialectName } from "../../adapters/sql/dialect.ts"
import type { Row, SqlExecutor, SqlStatement, SqlValue } from "../../adapters/sql/executor.ts"
import { schema } from "../../adapters/sql/schema.ts"
import { sqliteExecutor } from "../../adapters/sql/sqlite-executor.ts"
import type { UserIdType } from "../../adapters/port/user-ids.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import type { UserId } from "../../src/core/ports.ts"
import { mysqlServer, postgresServer } from "../servers.ts"
import { testTableNames } from "./test-table-names.ts"

/** A user row of the tests. */
export interface TestUser {
  id: UserId
  username: string
  role: string
  email: string | null
}

/** A session row of the tests. */
export interface TestSession {
  label?: string | null
}

/** An adapter of the tests. They leave columns out to see what becomes of it, so each counts as one with a default. */
export type TestAdapter = SqlAdapter<TestUser, TestSession, keyof TestUser>

/** A real database with the tables in it. */
export interface SqlStore {
  dialect: DialectName
  executor: SqlExecutor
  /** Runs any SQL, as text and without parameters. */
  run(sql: string): Promise<Row[]>
  /** Opens a separate connection; `null` for SQLite in memory, which has only one. */
  connect(): Promise<{ end(): Promise<void> } | null>
  adapter(options?: SqlOptions): TestAdapter
  close(): Promise<void>
}

/** The executor of a pg client or pool, as an application would write it. */
export function pgExecutor(client: pg.Pool | pg.ClientBase): SqlExecutor {
  return {
    query: async (sql, params) => (await client.query(sql, params)).rows,
    execute: async (sql, params) => (await client.query(sql, params)).rowCount ?? 0,
  }
}

/** The same with transactions, which take a client of their own from the pool. */
export function pgPoolExecutor(pool: pg.Pool): SqlExecutor {
  return {
    ...pgExecutor(pool),
    async batch(statements) {
      const client = await pool.connect()
      let broken = false
      try {
        await client.query("BEGIN")
        const counts = await inOrder(pgExecutor(client), statements)
        await client.query("COMMIT")
        return counts
      } catch (error) {
        await client.query("ROLLBACK").catch(() => (broken = true))
        throw error
      } finally {
        client.release(broken)
      }
    },
  }
}

/** What a mysql2 pool and a connection have in common. */
type MysqlClient = Pick<MysqlPool, "query" | "execute">

/** The executor of a mysql2 connection or pool. */
export function mysqlExecutor(client: MysqlClient): SqlExecutor {
  const send = async (sql: string, params: SqlStatement["params"]) =>
    params.length === 0 ? client.query(sql) : client.execute(sql, params as (string | null)[])
  return {
    query: async (sql, params) => (await send(sql, params))[0] as Row[],
    execute: async (sql, params) => ((await send(sql, params))[0] as ResultSetHeader).affectedRows,
  }
}

/** The same with transactions. */
export function mysqlPoolExecutor(pool: MysqlPool): SqlExecutor {
  return {
    ...mysqlExecutor(pool),
    async batch(statements) {
      const connection = await pool.getConnection()
      try {
        await connection.beginTransaction()
        const counts = await inOrder(mysqlExecutor(connection), statements)
        await connection.commit()
        connection.release()
        return counts
      } catch (error) {
        await connection.rollback().then(
          () => connection.release(),
          () => connection.destroy(),
        )
        throw error
      }
    },
  }
}

const idColumns: Record<DialectName, Record<UserIdType, string>> = {
  sqlite: {
    text: "TEXT NOT NULL PRIMARY KEY",
    integer: "INTEGER PRIMARY KEY",
    bigint: "INTEGER PRIMARY KEY",
    uuid: "TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(4)) || '-1234-4321-8888-' || hex(randomblob(6))))",
  },
  postgres: {
    text: "TEXT PRIMARY KEY",
    integer: "SERIAL PRIMARY KEY",
    bigint: "BIGSERIAL PRIMARY KEY",
    uuid: "UUID PRIMARY KEY DEFAULT gen_random_uuid()",
  },
  mysql: {
    text: "VARCHAR(255) PRIMARY KEY",
    integer: "INT AUTO_INCREMENT PRIMARY KEY",
    bigint: "BIGINT AUTO_INCREMENT PRIMARY KEY",
    uuid: "UUID DEFAULT uuid() PRIMARY KEY",
  },
}

/** The statements that make the tests' tables, those of features too. */
export function testTables(dialect: DialectName, userId: UserIdType): string[] {
  const quote = dialect === "mysql" ? "`" : '"'
  const name = dialect === "mysql" ? "VARCHAR(255)" : "TEXT"
  const columns = `username ${name} NOT NULL UNIQUE, role ${name} NOT NULL DEFAULT ('user'), email ${name} UNIQUE`
  const user = `CREATE TABLE ${quote}user${quote} (id ${idColumns[dialect][userId]}, ${columns})`
  const options = { userIdType: userId, sessionColumns: { label: "TEXT" } }
  return [user, ...schema(dialect, { ...options, include: ["tokens", "throttle", "totp", "passkeys", "audit"] })]
}

/** Makes ids for tests: `n` counts from 1. */
export function idMaker(type: UserIdType): (n: number) => UserId {
  if (type === "integer") return (n) => n
  // Beyond 2^53, where a number would be rounded.
  if (type === "bigint") return (n) => 9007199254740992n + BigInt(2 * n + 1)
  if (type === "uuid") return (n) => `0f8fad5b-d9cb-469f-a165-${String(n).padStart(12, "0")}`
  return (n) => `user-${n}`
}

/** Opens the tables in a new SQLite database in memory. */
export async function sqliteStore(userId: UserIdType = "text"): Promise<SqlStore> {
  const db = new DatabaseSync(":memory:")
  for (const statement of testTables("sqlite", userId)) db.exec(statement)
  const atOnce = sqliteExecutor(db)
  const executor = { ...atOnce, query: async (sql: string, params: SqlValue[]) => atOnce.query(sql, params) }
  return storeOf("sqlite", executor, userId, {
    run: async (sql) => db.prepare(sql).all() as Row[],
    connect: async () => null,
    close: async () => db.close(),
  })
}

/** Opens the tables in a new schema of PostgreSQL; `null` where there is none. */
export async function postgresStore(userId: UserIdType = "text"): Promise<SqlStore | null> {
  const server = await postgresServer()
  if (!server) return null
  const run = async (sql: string) => (await server.pool.query(sql)).rows as Row[]
  for (const statement of testTables("postgres", userId)) await run(statement)
  return storeOf("postgres", pgPoolExecutor(server.pool), userId, { run, ...server })
}

/** Opens the tables in a new database of MariaDB; `null` where there is none. */
export async function mysqlStore(userId: UserIdType = "text", options?: PoolOptions): Promise<SqlStore | null> {
  const server = await mysqlServer(options)
  if (!server) return null
  const run = async (sql: string) => (await server.pool.query(sql))[0] as Row[]
  for (const statement of testTables("mysql", userId)) await run(statement)
  return storeOf("mysql", mysqlPoolExecutor(server.pool), userId, { run, ...server })
}

/** Opens a store of each database, to be closed when the test file is done. */
export async function everyStore(): Promise<SqlStore[]> {
  const opened = await Promise.all([sqliteStore(), postgresStore(), mysqlStore()])
  const stores = opened.filter((store) => store !== null)
  afterAll(async () => {
    for (const store of stores) await store.close()
  })
  return stores
}

/** Empties the tables. */
export async function empty({ dialect, run }: Pick<SqlStore, "dialect" | "run">): Promise<void> {
  for (const table of testTableNames) await run(`DELETE FROM ${quoted(dialect, table)}`)
}

/** The statements that drop the tables, as far as they are there. */
export function droppedTables(dialect: DialectName): string[] {
  return testTableNames.map((table) => `DROP TABLE IF EXISTS ${quoted(dialect, table)}`)
}

function quoted(dialect: DialectName, name: string): string {
  return dialect === "mysql" ? `\`${name}\`` : `"${name}"`
}

function storeOf(
  dialect: DialectName,
  executor: SqlExecutor,
  userId: UserIdType,
  rest: Pick<SqlStore, "run" | "connect" | "close">,
): SqlStore {
  return {
    dialect,
    executor,
    adapter: (options) =>
      sqlAdapter<TestUser, TestSession, keyof TestUser>({ dialect, executor, userIdType: userId, ...options }),
    run: rest.run,
    connect: rest.connect,
    close: rest.close,
  }
}

async function inOrder(executor: SqlExecutor, statements: SqlStatement[]): Promise<number[]> {
  const counts: number[] = []
  for (const { sql, params } of statements) counts.push(await executor.execute(sql, params))
  return counts
}

import Database from "better-sqlite3"
import { createClient } from "@libsql/client"
import { afterAll } from "vitest"
import { betterSqlite3Adapter } from "../../adapters/better-sqlite3.ts"
import { kyselyAdapter } from "../../adapters/kysely.ts"
import { libsqlAdapter } from "../../adapters/libsql.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import type { DialectName } from "../../adapters/sql/dialect.ts"
import type { Row } from "../../adapters/sql/executor.ts"
import { DatabaseSync } from "node:sqlite"
import { driverStores } from "./driver-stores.ts"
import { kyselyStores } from "./kysely-stores.ts"
import type { TestAdapter, TestSession, TestUser } from "./sql-stores.ts"
import { empty, testTables } from "./sql-stores.ts"

/** A database behind one of its drivers, with the tables of all features. */
export interface FeatureStore {
  name: string
  dialect: DialectName
  adapter: TestAdapter
  /** Runs any SQL, as text and without parameters. */
  run(sql: string): Promise<Row[]>
  /** Empties the tables, and adds the users `alice` and `bob`. */
  reset(): Promise<void>
}

type Opened = Pick<FeatureStore, "name" | "dialect" | "adapter" | "run"> & { close?: () => unknown }

/** Opens a store for each driver, to be closed when the test file is done. */
export async function featureStores(): Promise<FeatureStore[]> {
  const drivers = (await driverStores()).map(({ name, dialect, run, adapter }) => {
    return { name, dialect, run, adapter: adapter() }
  })
  const opened: Opened[] = [nodeSqlite(), betterSqlite3(), await libsql(), ...drivers, ...(await kysely())]
  afterAll(async () => {
    for (const { close } of opened) await close?.()
  })
  return opened.map((store) => ({ ...store, reset: () => reset(store) }))
}

async function reset(store: Opened): Promise<void> {
  await empty(store)
  for (const id of ["alice", "bob"]) await store.adapter.insertUser({ id, attributes: { username: id } }, null)
}

function nodeSqlite(): Opened {
  const db = new DatabaseSync(":memory:")
  for (const statement of testTables("sqlite", "text")) db.exec(statement)
  const adapter = nodeSqliteAdapter<TestUser, TestSession, keyof TestUser>(db)
  const run = async (sql: string) => db.prepare(sql).all() as Row[]
  return { name: "nodeSqliteAdapter()", dialect: "sqlite", adapter, run, close: () => db.close() }
}

function betterSqlite3(): Opened {
  const db = new Database(":memory:")
  for (const statement of testTables("sqlite", "text")) db.exec(statement)
  const adapter = betterSqlite3Adapter<TestUser, TestSession, keyof TestUser>(db)
  const run = async (sql: string) => {
    const statement = db.prepare(sql)
    return statement.reader ? (statement.all() as Row[]) : (statement.run(), [])
  }
  return { name: "betterSqlite3Adapter()", dialect: "sqlite", adapter, run, close: () => db.close() }
}

async function libsql(): Promise<Opened> {
  const client = createClient({ url: ":memory:" })
  for (const statement of testTables("sqlite", "text")) await client.execute(statement)
  const adapter = libsqlAdapter<TestUser, TestSession, keyof TestUser>(client)
  const run = async (sql: string) => (await client.execute(sql)).rows as unknown as Row[]
  return { name: "libsqlAdapter()", dialect: "sqlite", adapter, run, close: () => client.close() }
}

async function kysely(): Promise<Opened[]> {
  return (await kyselyStores()).map(({ name, db, close }) => ({
    name: `kyselyAdapter() on ${name}`,
    dialect: name,
    adapter: kyselyAdapter<TestUser, TestSession, keyof TestUser>(db),
    run: async (sql) => {
      const query = { kind: "RawNode" as const, sqlFragments: [sql], parameters: [] }
      return (await db.executeQuery<Row>({ sql, parameters: [], query, queryId: { queryId: sql } })).rows
    },
    close,
  }))
}

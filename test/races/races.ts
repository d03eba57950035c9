import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll } from "vitest"
import type { Order } from "../adapters/concurrency-process.ts"
import { tablesWithoutReferences } from "../adapters/concurrency-places.ts"
import { postgresServer } from "../servers.ts"
import type { Crew } from "./crew.ts"
import { startRaceCrew } from "./crew.ts"
import type { OpenStore, StoreAddress } from "./race-store.ts"
import { openStore } from "./race-store.ts"

/** A new store, in a file or on a server, whose tables do not guard each other. */
export interface SharedStore extends OpenStore {
  name: string
  address: StoreAddress
}

/** A store, and three processes that use it at once. */
export interface Race extends SharedStore {
  crew: Crew
}

/** Opens SQLite and PostgreSQL, each with its processes, to be closed when the test file is done. */
export async function openRaces(): Promise<Race[]> {
  const stores = await openSharedStores()
  return Promise.all(
    stores.map(async (store) => {
      const order = orderOf(store.address)
      const crew = await startRaceCrew([order, order, order])
      afterAll(crew.close)
      return { ...store, crew }
    }),
  )
}

/**
 * Runs a race so many times, and goes on for at most 20 seconds until it has gone both ways: on a busy machine one
 * process may be ahead of the others again and again.
 */
export async function repeat(times: number, wentBothWays: () => boolean, trial: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + 20_000
  for (let n = 0; n < times || (!wentBothWays() && performance.now() < deadline); n++) await trial()
}

/** Opens SQLite and PostgreSQL, to be closed when the test file is done; without the latter where there is none. */
export async function openSharedStores(): Promise<SharedStore[]> {
  const stores = [await createSqlite(), await createPostgres()]
  return stores.filter((store) => store !== null)
}

/** Makes a SQLite file with the tables in it. */
export async function createSqlite(): Promise<SharedStore> {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const file = join(folder, "races.db")
  const db = new DatabaseSync(file)
  db.exec("PRAGMA journal_mode = WAL")
  for (const statement of tablesWithoutReferences("sqlite")) db.exec(statement)
  db.close()
  const address: StoreAddress = { dialect: "sqlite", file }
  const store = openStore(address)
  afterAll(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  return { ...store, name: "SQLite", address }
}

/** Makes the tables in a new schema of PostgreSQL; `null` where there is none. */
export async function createPostgres(): Promise<SharedStore | null> {
  const server = await postgresServer()
  if (!server) return null
  for (const statement of tablesWithoutReferences("postgres")) await server.pool.query(statement)
  const { connectionString, options } = server.pool.options
  const address: StoreAddress = { dialect: "postgres", connection: { connectionString, options } }
  const store = openStore(address)
  afterAll(async () => {
    await store.close()
    await server.close()
  })
  return { ...store, name: "PostgreSQL", address }
}

function orderOf(address: StoreAddress): Order {
  if (address.dialect === "sqlite") return { opener: "nodeSqliteAdapter()", place: { at: address.file, name: "main" } }
  const { connectionString = "", options = "" } = address.connection
  const place = { at: connectionString, name: options.replace("-c search_path=", "") }
  return { opener: "sqlAdapter() with an executor for pg", place }
}

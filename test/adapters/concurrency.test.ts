import { afterAll, beforeAll, describe, test } from "vitest"
import type { ConcurrencySetup } from "../../src/testing.ts"
import { testConcurrency } from "../../src/testing.ts"
import { startCrew } from "./concurrency-crew.ts"
import type { OpenPlace } from "./concurrency-places.ts"
import { mysqlPlace, postgresPlace, redisPlace, sqlitePlace, tablesWithoutReferences } from "./concurrency-places.ts"
import type { OpenerName } from "./concurrency-stores.ts"
import { openers } from "./concurrency-stores.ts"
import { postgresTimestamps } from "./drizzle-postgres-tables.ts"

/** Adapters over one store, and how to close them. */
type Contenders = Pick<ConcurrencySetup, "adapters"> & { close(): Promise<unknown> }

// Long enough for some tens of rounds, in milliseconds.
const duration = 250

await inThreeProcesses("nodeSqliteAdapter()", await sqlitePlace())
await inThreeProcesses("betterSqlite3Adapter()", await sqlitePlace(tablesWithoutReferences("sqlite")))
await inThreeProcesses("libsqlAdapter()", await sqlitePlace())
await inThreeProcesses("sqlAdapter() with an executor for pg", await postgresPlace(tablesWithoutReferences("postgres")))
await inThreeProcesses("sqlAdapter() with an executor for mysql2", await mysqlPlace())
await inThreeProcesses("pgAdapter()", await postgresPlace())
await inThreeProcesses("postgresAdapter()", await postgresPlace())
await inThreeProcesses("mysql2Adapter()", await mysqlPlace())
await inThreeProcesses("kyselyAdapter() on pg", await postgresPlace())
await inThreeProcesses("drizzleAdapter() on pg", await postgresPlace(postgresTimestamps.ddl))
await inThreeProcesses("redisAdapter()", await redisPlace())
await inThreeProcesses("ioredisAdapter()", await redisPlace())

await overThreeConnections("nodeSqliteAdapter()", await sqlitePlace())
await overThreeConnections("pgAdapter()", await postgresPlace())
await overThreeConnections("mysql2Adapter()", await mysqlPlace())

async function inThreeProcesses(opener: OpenerName, place: OpenPlace | null): Promise<void> {
  if (!place) return
  const order = { opener, place: { at: place.at, name: place.name } }
  describe(`[R1][R2][R3][R8][R9][R12] ${opener}, used by three processes`, () =>
    race(place, () => startCrew([order, order, order])))
}

async function overThreeConnections(opener: OpenerName, place: OpenPlace | null): Promise<void> {
  if (!place) return
  describe(`${opener}, over three connections or pools of one process`, () =>
    race(place, async () => {
      const stores = await Promise.all([1, 2, 3].map(() => openers[opener](place)))
      const close = () => Promise.all(stores.map((store) => store.close()))
      return { adapters: stores.map(({ adapter }) => adapter), close }
    }))
}

function race(place: OpenPlace, open: () => Promise<Contenders>): void {
  let contenders: Contenders
  beforeAll(async () => {
    contenders = await open()
  })
  afterAll(async () => {
    await contenders?.close()
    await place.close()
  })
  testConcurrency(test, () => {
    const { adapters } = contenders
    const [{ insertUser } = {}] = adapters
    return {
      adapters,
      duration,
      addUser: insertUser && (({ id, username }) => insertUser({ id, attributes: { username } }, null)),
    }
  })
}

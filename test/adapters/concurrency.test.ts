import { afterAll, beforeAll, describe, test } from "vitest"
import type { AdapterSetup } from "../../src/testing.ts"
import { testConcurrency } from "../../src/testing.ts"
import type { Crew } from "./concurrency-crew.ts"
import { startCrew } from "./concurrency-crew.ts"
import type { OpenPlace } from "./concurrency-places.ts"
import { mysqlPlace, postgresPlace, redisPlace, sqlitePlace, tablesWithoutReferences } from "./concurrency-places.ts"
import type { OpenerName } from "./concurrency-stores.ts"
import { postgresTimestamps } from "./drizzle-postgres-tables.ts"

// Long enough for some tens of rounds, in milliseconds.
const duration = 400

await concurrency(await sqlitePlace(), "nodeSqliteAdapter()")
await concurrency(await sqlitePlace(tablesWithoutReferences("sqlite")), "betterSqlite3Adapter()")
await concurrency(await sqlitePlace(), "libsqlAdapter()")
await concurrency(await postgresPlace(tablesWithoutReferences("postgres")), "sqlAdapter() with an executor for pg")
await concurrency(await mysqlPlace(), "sqlAdapter() with an executor for mysql2")
await concurrency(await postgresPlace(), "pgAdapter()")
await concurrency(await postgresPlace(), "postgresAdapter()")
await concurrency(await mysqlPlace(), "mysql2Adapter()")
await concurrency(await postgresPlace(), "kyselyAdapter() on pg")
await concurrency(await postgresPlace(postgresTimestamps.ddl), "drizzleAdapter() on pg")
await concurrency(await redisPlace(), "redisAdapter()")
await concurrency(await redisPlace(), "ioredisAdapter()")

async function concurrency(place: OpenPlace | null, opener: OpenerName): Promise<void> {
  if (!place) return
  describe(`${opener}, used by three processes`, () => {
    let crew: Crew<AdapterSetup["adapter"]>
    beforeAll(async () => {
      const order = { opener, place: { at: place.at, name: place.name } }
      crew = await startCrew([order, order, order])
    })
    afterAll(async () => {
      await crew?.close()
      await place.close()
    })
    testConcurrency(test, () => {
      const { adapters } = crew
      const [{ insertUser } = {}] = adapters
      return {
        adapters,
        duration,
        addUser: insertUser && (({ id, username }) => insertUser({ id, attributes: { username } }, null)),
      }
    })
  })
}

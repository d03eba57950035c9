import { afterAll, describe, test } from "vitest"
import { testAdapter } from "../../src/testing.ts"
import { mysqlBigints, mysqlMilliseconds, mysqlSeconds } from "./drizzle-mysql-tables.ts"
import { postgresBigints, postgresText, postgresTimestamps } from "./drizzle-postgres-tables.ts"
import { sqliteMilliseconds, sqliteSeconds, sqliteText } from "./drizzle-sqlite-tables.ts"
import type { DrizzleShape, DrizzleStore } from "./drizzle-stores.ts"
import { drizzleSetup, openBetterSqlite3, openLibsql, openMysql2, openPg, openPostgresJs } from "./drizzle-stores.ts"

await conformance("better-sqlite3", openBetterSqlite3, [sqliteMilliseconds, sqliteSeconds, sqliteText])
await conformance("libsql", openLibsql, [sqliteMilliseconds, sqliteSeconds])
await conformance("node-postgres", openPg, [postgresTimestamps, postgresText, postgresBigints])
await conformance("postgres.js", openPostgresJs, [postgresTimestamps, postgresText, postgresBigints])
await conformance("mysql2", openMysql2, [mysqlMilliseconds, mysqlSeconds, mysqlBigints])

async function conformance(
  driver: string,
  open: (shape: DrizzleShape) => Promise<DrizzleStore | null>,
  shapes: DrizzleShape[],
): Promise<void> {
  for (const shape of shapes) {
    const store = await open(shape)
    if (!store) continue
    describe(`[ADP-7][ADP-2][ADP-5] drizzleAdapter() on ${driver} with ${shape.name}`, () => {
      afterAll(store.close)
      testAdapter(test, () => drizzleSetup(store, shape))
    })
  }
}

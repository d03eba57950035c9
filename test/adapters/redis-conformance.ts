import { afterAll, beforeAll, describe, test } from "vitest"
import { testAdapter } from "../../src/testing.ts"
import type { RedisAddress, RedisClientName, RedisStore } from "./redis-stores.ts"
import { openRedis, redisAddresses } from "./redis-stores.ts"
import { idMaker } from "./sql-stores.ts"

/** Registers all cases for clients, each over one server and over a cluster. */
export async function redisConformance(...clients: RedisClientName[]): Promise<void> {
  const { places, close } = await redisAddresses()
  afterAll(close)
  for (const { name, urls } of places) {
    for (const client of clients) {
      if (client === "redis-pool" && urls.length > 1) continue
      describe.skipIf(urls.length === 0)(`[ADP-7][ADP-8] ${client} over ${name}`, () => conformance({ client, urls }))
    }
  }
}

function conformance(address: RedisAddress): void {
  let store: RedisStore
  beforeAll(async () => {
    store = await openRedis(address)
  })
  afterAll(() => store.close())

  testAdapter(test, () => ({ adapter: store.adapter(), onStatement: store.onStatement }))
  for (const type of ["integer", "bigint", "uuid"] as const) {
    describe(`with ${type} ids`, () => {
      testAdapter(test, () => ({
        adapter: store.adapter({ userIdType: type }),
        onStatement: store.onStatement,
        userId: idMaker(type),
      }))
    })
  }
}

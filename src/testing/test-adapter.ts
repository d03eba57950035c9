import type { SetUpAdapter } from "./adapter-case.ts"
import { adapterCases, concurrencyCases } from "./adapter-cases.ts"
import type { SetUpConcurrency } from "./concurrency-case.ts"

type Test = (name: string, run: () => Promise<void>) => unknown

/**
 * Registers every case of all ports with a test runner: sessions, users, tokens, throttles, authenticator apps,
 * passkeys and events. An adapter passes the cases of any port it does not have, except the session port.
 *
 * @param test The `test` function of Vitest, Jest, `node:test` or Bun, or `Deno.test`
 * @param setup Called for each case, to create the adapter over an empty store
 * @example
 * import { test } from "vitest"
 * import { testAdapter } from "nightlatch/testing"
 *
 * testAdapter(test, async () => {
 *   const db = await openEmptyDatabase() // its session table has one more text column, `label`
 *   return {
 *     adapter: myAdapter(db),
 *     addUser: ({ id, username }) => db.execute("INSERT INTO user (id, username) VALUES (?, ?)", [id, username]),
 *     close: () => db.close(),
 *   }
 * })
 */
export function testAdapter(test: Test, setup: SetUpAdapter): void {
  for (const { name, run } of adapterCases) test(name, () => run(setup))
}

/**
 * Registers every race with a test runner. An adapter without a port passes that port's races.
 *
 * @param test The runner's `test`, as for {@link testAdapter}
 * @param setup Called for each race. All races may share adapters, if their store was empty before the first one
 * @example
 * import { test } from "vitest"
 * import { testConcurrency } from "nightlatch/testing"
 *
 * const pools = [openPool(), openPool(), openPool()] // of one database, which is empty
 * const adapters = pools.map((pool) => myAdapter(pool))
 * testConcurrency(test, () => ({
 *   adapters,
 *   addUser: ({ id, username }) => pools[0].query("INSERT INTO user (id, username) VALUES (?, ?)", [id, username]),
 * }))
 */
export function testConcurrency(test: Test, setup: SetUpConcurrency): void {
  for (const { name, run } of concurrencyCases) test(name, () => run(setup))
}

import type { SetUpConcurrency } from "./concurrency-case.ts"
import { concurrencyCases } from "./concurrency-cases.ts"

/**
 * Registers every race with a test runner. An adapter without the user port passes that port's races.
 *
 * @param test The runner's `test`, as for {@link testAdapter}
 * @param setup Called for each race; it may give the same adapters to all, whose store was empty before the first
 * @example
 * import { test } from "vitest"
 * import { testConcurrency } from "nightlatch/testing"
 *
 * testConcurrency(test, () => {
 *   const pools = [openPool(), openPool(), openPool()] // to one database
 *   const [adapter] = (adapters = pools.map((pool) => myAdapter(pool)))
 *   return {
 *     adapters,
 *     addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
 *     close: () => Promise.all(pools.map((pool) => pool.end())),
 *   }
 * })
 */
export function testConcurrency(
  test: (name: string, run: () => Promise<void>) => unknown,
  setup: SetUpConcurrency,
): void {
  for (const { name, run } of concurrencyCases) test(name, () => run(setup))
}

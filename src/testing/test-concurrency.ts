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
 * const pools = [openPool(), openPool(), openPool()] // of one database, which is empty
 * const adapters = pools.map((pool) => myAdapter(pool))
 * testConcurrency(test, () => ({
 *   adapters,
 *   addUser: ({ id, username }) => pools[0].query("INSERT INTO user (id, username) VALUES (?, ?)", [id, username]),
 * }))
 */
export function testConcurrency(
  test: (name: string, run: () => Promise<void>) => unknown,
  setup: SetUpConcurrency,
): void {
  for (const { name, run } of concurrencyCases) test(name, () => run(setup))
}

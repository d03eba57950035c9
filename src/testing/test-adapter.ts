import type { SetUpAdapter } from "./adapter-case.ts"
import { sessionAdapterCases } from "./session-adapter-cases.ts"
import { userAdapterCases } from "./user-adapter-cases.ts"

/**
 * Registers every case of both ports with a test runner. An adapter without the user port passes that port's cases.
 *
 * @param test The runner's `test`: that of Vitest, Jest, `node:test`, Bun or Deno (there: `Deno.test`)
 * @param setup Called for each case, to make the adapter over an empty store
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
export function testAdapter(test: (name: string, run: () => Promise<void>) => unknown, setup: SetUpAdapter): void {
  for (const { name, run } of [...sessionAdapterCases, ...userAdapterCases]) test(name, () => run(setup))
}

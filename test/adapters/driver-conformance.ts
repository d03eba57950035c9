import { describe, test } from "vitest"
import type { UserIdType } from "../../adapters/port/user-ids.ts"
import { testAdapter } from "../../src/testing.ts"
import { driverStores } from "./driver-stores.ts"
import { empty, idMaker } from "./sql-stores.ts"

/** Tests every driver with one type of user ids. Each type has a file, so that they run in parallel. */
export async function driverConformance(type: UserIdType): Promise<void> {
  for (const store of await driverStores(type)) {
    describe(`${store.name} with ${type} ids`, () => {
      testAdapter(test, async () => {
        await empty(store)
        const adapter = store.adapter()
        return {
          adapter,
          onStatement: store.onStatement,
          userId: idMaker(type),
          addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
        }
      })
    })
  }
}

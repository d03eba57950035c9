import { describe, test } from "vitest"
import type { UserIdType } from "../../adapters/port/user-ids.ts"
import { testAdapter } from "../../src/testing.ts"
import { driverStores } from "./driver-stores.ts"
import { empty, idMaker } from "./sql-stores.ts"

/** Tests every driver with users' ids of one type. A file for each type, so that they run beside each other. */
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

import { afterAll, describe, test } from "vitest"
import type { UserIdType } from "../../adapters/values/user-ids.ts"
import { testAdapter } from "../../src/testing.ts"
import type { SqlStore } from "./sql-stores.ts"
import { empty, idMaker, mysqlStore, postgresStore, sqliteStore } from "./sql-stores.ts"

const types: UserIdType[] = ["text", "integer", "bigint", "uuid"]

for (const type of types) {
  for (const store of [await sqliteStore(type), await postgresStore(type), await mysqlStore(type)]) {
    if (store) conformance(store, type)
  }
}

function conformance(store: SqlStore, type: UserIdType): void {
  describe(`[ADP-7][ADP-2][STO-3] sqlAdapter() on ${store.dialect} with ${type} ids`, () => {
    afterAll(store.close)
    testAdapter(test, async () => {
      await empty(store)
      const adapter = store.adapter()
      return {
        adapter,
        userId: idMaker(type),
        addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
      }
    })
  })
}

import { afterAll, describe, test } from "vitest"
import type { UserIdType } from "../../adapters/port/user-ids.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import { testAdapter } from "../../src/testing.ts"
import { observed } from "./observed.ts"
import type { SqlStore, TestSession, TestUser } from "./sql-stores.ts"
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
      const { client: executor, onStatement } = observed(store.executor)
      const adapter = sqlAdapter<TestUser, TestSession, keyof TestUser>({
        dialect: store.dialect,
        executor,
        userIdType: type,
      })
      return {
        adapter,
        onStatement,
        userId: idMaker(type),
        addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
      }
    })
  })
}

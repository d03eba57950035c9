import { eq } from "drizzle-orm"
import type { Builder } from "./builders.ts"
import type { DrizzleStore } from "./store.ts"
import type { OwnTable } from "./tables.ts"
import { coreColumn } from "./tables.ts"

/** Finds out whether the unique index holds an id already: its collation may take another id for this one. */
export async function isKeyTaken(store: DrizzleStore, key: OwnTable, keyId: string): Promise<boolean> {
  const column = coreColumn(key, "id")
  const same = (db: Builder) => db.select({ id: column }).from(key.table).where(eq(column, keyId))
  return (await store.once((db) => store.lock(same(db)))).count > 0
}

import type { UserId } from "../../src/core/ports.ts"
import type { FeatureTable, TableNames } from "../port/names.ts"
import { isTableName, ownedFeatures } from "../port/names.ts"
import type { FeaturePorts } from "../sql/adapter.ts"
import { featurePorts } from "../sql/adapter.ts"
import { isOwned, keptFeatures, lockingUser } from "../sql/conditions.ts"
import type { Openable } from "../sql/database.ts"
import { openable } from "../sql/database.ts"
import { dialectOf } from "../sql/dialects.ts"
import type { SqlStatement } from "../sql/executor.ts"
import type { PrismaStore } from "./client.ts"
import type { RawClient } from "./executor.ts"
import { createPrismaExecutor, spokenBy } from "./executor.ts"
import type { Fields } from "./fields.ts"

/** The database names of the tables of features, and of the user model's table. */
export type FeatureTableNames = Pick<TableNames, "user" | FeatureTable>

/** The ports that the SQL core adds, over raw SQL. */
export interface PrismaFeatures {
  ports: FeaturePorts
  /** Returns the statements that lock a user's row and delete the user's rows in these tables; none without such a table. */
  deletions(userId: UserId): Promise<SqlStatement[]>
  /** Returns the statement that finds a passkey of a user; `null` if the application has no table of passkeys. */
  anyPasskey(userId: UserId): Promise<SqlStatement | null>
}

/**
 * Creates the ports with the library's own tables. The SQL core reads and writes them, because they hold only text and
 * integers. Returns `null` if the client's SQL dialect is unknown. `userTable` is the name of the model's table, if
 * Prisma knows it.
 */
export function prismaFeatures(
  client: RawClient,
  store: PrismaStore,
  fields: Fields,
  userTable: string,
  names: FeatureTableNames,
): PrismaFeatures | null {
  const name = spokenBy(client)
  if (!name) return null
  const dialect = dialectOf(name)
  const user = names.user ?? (isTableName(userTable) ? userTable : undefined)
  const database = openable(
    dialect,
    { ...createPrismaExecutor(client, name), turn: store.turn },
    { tables: { ...names, user }, userIdType: fields.userIdType, inTransaction: store.inTransaction },
  )
  return {
    ports: featurePorts(database),
    deletions: (userId) => deletions(database, userId),
    anyPasskey: (userId) => anyPasskey(database, userId),
  }
}

async function deletions(database: Openable, userId: UserId): Promise<SqlStatement[]> {
  const { db, kept } = await opened(database, ownedFeatures)
  const user = db.ids.encode(userId)
  const deleting = kept.map((owner) => {
    const text = () => `DELETE FROM ${db.tables[owner]} WHERE ${isOwned(db, owner, "?1")}`
    return db.statement(`deleteUser\0${owner}`, text, [user])
  })
  // Otherwise a row could be inserted after its table was cleared, because the user exists until the transaction ends.
  return deleting.length > 0 ? [...lockingUser(db, user), ...deleting] : []
}

async function anyPasskey(database: Openable, userId: UserId): Promise<SqlStatement | null> {
  const { db, kept } = await opened(database, ["passkey"])
  if (!kept.includes("passkey")) return null
  const text = () => `SELECT 1 AS found FROM ${db.tables.passkey} WHERE ${isOwned(db, "passkey", "?1")} LIMIT 1`
  return db.statement("anyPasskey", text, [db.ids.encode(userId)])
}

/** Without a feature's table, does not read the user table, whose name may be unknown. */
async function opened(database: Openable, owners: readonly FeatureTable[]) {
  const db = await database.asking(await database.open([]), owners)
  const kept = keptFeatures(db)
  return { db: kept.length > 0 ? await database.open(["user"]) : db, kept }
}

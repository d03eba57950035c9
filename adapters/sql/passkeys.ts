import type { PasskeyAlgorithm, PasskeyRecord } from "../../src/passkeys/passkey-port.ts"
import type { NewPasskey, PasskeyRows } from "../port/passkey-port.ts"
import { readText } from "../port/storable-text.ts"
import { coreColumns } from "./catalogue.ts"
import { hasId, isOwned, userExists } from "./conditions.ts"
import type { Database, SqlUserId } from "./database.ts"
import type { Row, SqlStatement, SqlValue } from "./executor.ts"
import { insertOwned, insertedOnce } from "./insert-owned.ts"

/** Stores passkeys in the table `user_passkey`. */
export const sqlPasskeys: PasskeyRows<Database, SqlUserId> = {
  encodeUser: ({ ids }, id) => ids.encode(id),
  insert: (db, passkey) =>
    insertedOnce(
      db,
      db.statement("insertPasskey", () => insertOwned(db, "passkey"), valuesOf(passkey)),
    ),
  async find(db, id) {
    const text = () => `${select(db)} WHERE ${hasId(db, "passkey", "t.id")} AND ${userExists(db)}`
    const [passkey] = await read(db, db.statement("findPasskey", text, [id]))
    return passkey ?? null
  },
  async list(db, user) {
    const isOwn = () => isOwned(db, "passkey", "?1", "t.user_id")
    const text = () => `${select(db)} WHERE ${isOwn()} AND ${userExists(db)} ORDER BY t.created_at DESC, t.id`
    return read(db, db.statement("listPasskeys", text, [user]))
  },
  async recordUse(db, id, { from, signCount, backedUp, usedAt }) {
    const set = "sign_count = ?3, backed_up = ?4, used_at = ?5"
    const text = () => `UPDATE ${db.tables.passkey} SET ${set} WHERE ${hasId(db, "passkey")} AND sign_count = ?2`
    return writes(db, db.statement("usePasskey", text, [id, from, signCount, Number(backedUp), usedAt]))
  },
  async rename(db, { id, user }, name) {
    const text = () => `UPDATE ${db.tables.passkey} SET name = ?3 WHERE ${isOwn(db)}`
    return writes(db, db.statement("renamePasskey", text, [id, user, name]))
  },
  async delete(db, { id, user }) {
    const text = () => `DELETE FROM ${db.tables.passkey} WHERE ${isOwn(db)}`
    return writes(db, db.statement("deletePasskey", text, [id, user]))
  },
  async deleteOfUser(db, user) {
    const text = () => `DELETE FROM ${db.tables.passkey} WHERE ${isOwned(db, "passkey", "?1")}`
    return db.store.execute(db.statement("deletePasskeys", text, [user]))
  },
}

async function writes({ store }: Database, statement: SqlStatement): Promise<boolean> {
  return (await store.execute(statement)) > 0
}

function isOwn(db: Database): string {
  return `${hasId(db, "passkey")} AND ${isOwned(db, "passkey", "?2")}`
}

/** Returns the values in the order of the table's columns. */
function valuesOf(passkey: NewPasskey<SqlUserId>): SqlValue[] {
  const { id, user, publicKey, algorithm, signCount, backupEligible, backedUp, aaguid, transports, name } = passkey
  const flags = [Number(backupEligible), Number(backedUp)]
  const texts = [aaguid, transports, name]
  return [id, user, publicKey, algorithm, signCount, ...flags, ...texts, passkey.createdAt, passkey.usedAt]
}

function select({ dialect, ids, tables }: Database): string {
  const times = new Set(["created_at", "used_at"])
  const columns = coreColumns.passkey.map((name) => {
    const column = `t.${dialect.quote(name)}`
    if (name === "user_id" && ids.type === "bigint") return `${dialect.asText(column)} AS user_id`
    return `${times.has(name) ? dialect.time(column) : column} AS ${dialect.quote(name)}`
  })
  return `SELECT ${columns.join(", ")} FROM ${tables.passkey} t`
}

async function read(db: Database, statement: SqlStatement): Promise<PasskeyRecord[]> {
  return (await db.store.query(statement)).map((row) => toPasskey(db, row))
}

function toPasskey({ ids }: Database, row: Row): PasskeyRecord {
  const transports = readText(row.transports)
  return {
    id: readText(row.id),
    userId: ids.decode(row.user_id),
    publicKey: readText(row.public_key),
    // Only these algorithms are ever stored.
    algorithm: Number(row.algorithm) as PasskeyAlgorithm,
    signCount: Number(row.sign_count),
    backupEligible: Number(row.backup_eligible) === 1,
    backedUp: Number(row.backed_up) === 1,
    aaguid: readText(row.aaguid),
    transports: transports === "" ? [] : transports.split(" "),
    name: readText(row.name),
    createdAt: new Date(Number(row.created_at)),
    usedAt: row.used_at === null ? null : new Date(Number(row.used_at)),
  }
}

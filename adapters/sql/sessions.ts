import type { NewSession, SessionRows } from "../port/session-port.ts"
import { readText } from "../port/storable-text.ts"
import { missingUser } from "../port/user-ids.ts"
import type { Assignment } from "./attributes.ts"
import { assign, assigned, columnOf } from "./attributes.ts"
import { isAttribute } from "./catalogue.ts"
import { hasId, isOwned } from "./conditions.ts"
import type { Database, SqlUserId } from "./database.ts"
import { expiredSessions } from "./delete-expired.ts"
import type { Row, SqlValue } from "./executor.ts"
import { insertOwned } from "./insert-owned.ts"
import { sessionLookup } from "./lookups.ts"

/** Stores sessions in a table. Each function runs at most one statement. */
export function sqlSessions(): SessionRows<Database, SqlUserId, Assignment, Row, Row> {
  return {
    encodeUser: ({ ids }, id) => ids.encode(id),
    encodeAttributes: (db, attributes) => assign(db, "session", attributes),
    async insert(db, session) {
      const { columns, values, name } = session.attributes
      const text = () => insertOwned(db, "session", columns)
      const isInserted = await writes(db, `insertSession\0${name}`, text, [...coreValues(session), ...values])
      if (!isInserted) throw missingUser()
    },
    find: sessionLookup(),
    async list(db, user) {
      const { store, sessions } = db
      const isOfUser = () => isOwned(db, "session", "?1", "s.user_id")
      const text = () =>
        `SELECT ${sessions.select}, s.id AS id FROM ${db.tables.session} s WHERE ${isOfUser()} ORDER BY s.created_at DESC, s.id`
      const rows = await store.query(db.statement("listSessions", text, [user]))
      return rows.map((row) => sessions.read(row, readText(row.id)))
    },
    extend(db, id, expiresAt, ifBefore) {
      const text = () =>
        `UPDATE ${db.tables.session} SET expires_at = ?2 WHERE ${hasId(db, "session")} AND expires_at <= ?3`
      return writes(db, "extendSession", text, [id, expiresAt, ifBefore])
    },
    async update(db, id, attributes, ifNull) {
      const { form, where } = changeable(db, ifNull)
      const text = () => `UPDATE ${db.tables.session} SET ${assigned(db, attributes, 2)} WHERE ${where()}`
      return writes(db, `updateSession${form}\0\0${attributes.name}`, text, [id, ...attributes.values])
    },
    async has(db, id, ifNull) {
      const { form, where } = changeable(db, ifNull)
      const text = () => `SELECT 1 AS found FROM ${db.tables.session} WHERE ${where()}`
      return (await db.store.query(db.statement(`hasSession${form}`, text, [id]))).length > 0
    },
    replace(db, oldId, session) {
      const { attributes } = session
      const text = () => replaceText(db, attributes)
      const values = [oldId, ...coreValues(session), ...attributes.values]
      return writes(db, `replaceSession\0${attributes.name}`, text, values)
    },
    delete(db, id, user) {
      const any = () => `DELETE FROM ${db.tables.session} WHERE ${hasId(db, "session")}`
      const own = () => `${any()} AND ${isOwned(db, "session", "?2")}`
      if (user === null) return writes(db, "deleteSession", any, [id])
      return writes(db, "deleteSessionOfUser", own, [id, user])
    },
    async deleteOfUser(db, user, exceptId) {
      const all = () => `DELETE FROM ${db.tables.session} WHERE ${isOwned(db, "session", "?1")}`
      const others = () => `${all()} AND NOT (${hasId(db, "session", "id", "?2")})`
      await (exceptId === null
        ? writes(db, "deleteSessions", all, [user])
        : writes(db, "deleteOtherSessions", others, [user, exceptId]))
    },
    deleteExpired: expiredSessions(),
  }
}

async function writes(db: Database, name: string, text: () => string, values: SqlValue[]): Promise<boolean> {
  return (await db.store.execute(db.statement(name, text, values))) > 0
}

function coreValues({ id, user, createdAt, expiresAt }: NewSession<SqlUserId, Assignment>): SqlValue[] {
  return [id, user, createdAt, expiresAt]
}

function changeable(db: Database, ifNull: string | null) {
  if (ifNull === null) return { form: "", where: () => hasId(db, "session") }
  const column = db.dialect.quote(columnOf(db, "session", ifNull).name)
  return { form: `\0ifNull\0${ifNull}`, where: () => `${hasId(db, "session")} AND ${column} IS NULL` }
}

/**
 * Updates the row in one statement, so that it is atomic without a transaction. Attributes not given get a new row's
 * value.
 */
function replaceText(db: Database, { columns }: Assignment): string {
  const { dialect, tables, catalogue, ids } = db
  const values = new Map(columns.map((column, n) => [column.name, dialect.value(`?${n + 6}`, column)]))
  const attributes = [...catalogue.session.values()]
    .filter((column) => isAttribute("session", column))
    .map(({ name, fresh }) => `${dialect.quote(name)} = ${values.get(name) ?? fresh}`)
  const core = `id = ?2, user_id = ${dialect.userId("?3", ids.type)}, created_at = ?4, expires_at = ?5`
  return `UPDATE ${tables.session} SET ${[core, ...attributes].join(", ")} WHERE ${hasId(db, "session")}`
}

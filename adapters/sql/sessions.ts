import type { NewSession, SessionRows } from "../port/session-port.ts"
import { readText } from "../port/storable-text.ts"
import { missingUser } from "../port/user-ids.ts"
import type { Assignment } from "./attributes.ts"
import { assign, assigned, columnOf } from "./attributes.ts"
import { isAttribute } from "./catalogue.ts"
import type { Database } from "./database.ts"
import { hasId } from "./exact-id.ts"
import type { Row, SqlValue } from "./executor.ts"
import { sessionLookup } from "./lookups.ts"
import { isOwned, isUser } from "./user-lookup.ts"

type User = string | number
type Session = NewSession<User, Assignment>
type SqlSessions = SessionRows<Database, User, Assignment, Row, Row>

/** Keeps sessions in a table. Each function is one statement, or less. */
export function sqlSessions(): SqlSessions {
  return {
    encodeUser: ({ ids }, id) => ids.encode(id),
    encodeAttributes: (db, attributes) => assign(db, "session", attributes),
    insert,
    find: sessionLookup(),
    list,
    extend,
    update,
    has,
    replace,
    delete: deleteOne,
    deleteOfUser,
    deleteExpired,
  }
}

async function insert(db: Database, session: Session): Promise<void> {
  const { attributes } = session
  const text = () => insertText(db, attributes)
  const values = [...coreValues(session), ...attributes.values]
  const inserted = await db.store.execute(db.statement(`insertSession\0${attributes.name}`, text, values))
  if (inserted === 0) throw missingUser()
}

/** From the user's row, so that no session is stored for a user who is not there, or is being deleted. */
function insertText(db: Database, { columns }: Assignment): string {
  const { dialect, tables, ids } = db
  const { session } = db.catalogue
  const core = ["id", "user_id", "created_at", "expires_at"].flatMap((name) => session.get(name) ?? [])
  const all = [...core, ...columns]
  const values = all.map((column, n) =>
    dialect.typed(column.name === "user_id" ? dialect.userId("?2", ids.type) : `?${n + 1}`, column),
  )
  const names = all.map(({ name }) => dialect.quote(name)).join(", ")
  const found = `FROM ${tables.user} u WHERE ${isUser(db, "?2", "u.id")}${dialect.keep}`
  return `INSERT INTO ${tables.session} (${names}) SELECT ${values.join(", ")} ${found}`
}

async function list(db: Database, user: User): ReturnType<SqlSessions["list"]> {
  const { store, sessions } = db
  const isOfUser = () => isOwned(db, "session", "?1", "s.user_id")
  const text = () =>
    `SELECT ${sessions.select}, s.id AS id FROM ${db.tables.session} s WHERE ${isOfUser()} ORDER BY s.created_at DESC, s.id`
  const rows = await store.query(db.statement("listSessions", text, [user]))
  return rows.map((row) => sessions.read(row, readText(row.id)))
}

async function extend(db: Database, id: string, expiresAt: number, ifBefore: number): Promise<boolean> {
  const text = () =>
    `UPDATE ${db.tables.session} SET expires_at = ?2 WHERE ${hasId(db, "session")} AND expires_at <= ?3`
  return writes(db, "extendSession", text, [id, expiresAt, ifBefore])
}

async function update(db: Database, id: string, attributes: Assignment, ifNull: string | null): Promise<boolean> {
  const { form, where } = changeable(db, ifNull)
  const text = () => `UPDATE ${db.tables.session} SET ${assigned(db, attributes, 2)} WHERE ${where()}`
  return writes(db, `updateSession${form}\0\0${attributes.name}`, text, [id, ...attributes.values])
}

async function has(db: Database, id: string, ifNull: string | null): Promise<boolean> {
  const { form, where } = changeable(db, ifNull)
  const text = () => `SELECT 1 AS found FROM ${db.tables.session} WHERE ${where()}`
  return (await db.store.query(db.statement(`hasSession${form}`, text, [id]))).length > 0
}

function changeable(db: Database, ifNull: string | null) {
  if (ifNull === null) return { form: "", where: () => hasId(db, "session") }
  const column = db.dialect.quote(columnOf(db, "session", ifNull).name)
  return { form: `\0ifNull\0${ifNull}`, where: () => `${hasId(db, "session")} AND ${column} IS NULL` }
}

async function replace(db: Database, oldId: string, session: Session): Promise<boolean> {
  const { attributes } = session
  const text = () => replaceText(db, attributes, hasId(db, "session"))
  const values = [oldId, ...coreValues(session), ...attributes.values]
  return writes(db, `replaceSession\0${attributes.name}`, text, values)
}

/** One update of the row, so that it is atomic without a transaction; what is not given is as in a new row. */
function replaceText({ dialect, tables, catalogue, ids }: Database, { columns }: Assignment, byId: string): string {
  const given = new Map(columns.map((column, n) => [column.name, dialect.value(`?${n + 6}`, column)]))
  const attributes = [...catalogue.session.values()]
    .filter((column) => isAttribute("session", column))
    .map(({ name, fresh }) => `${dialect.quote(name)} = ${given.get(name) ?? fresh}`)
  const core = `id = ?2, user_id = ${dialect.userId("?3", ids.type)}, created_at = ?4, expires_at = ?5`
  return `UPDATE ${tables.session} SET ${[core, ...attributes].join(", ")} WHERE ${byId}`
}

async function deleteOne(db: Database, id: string, user: User | null): Promise<boolean> {
  const any = () => `DELETE FROM ${db.tables.session} WHERE ${hasId(db, "session")}`
  const own = () => `${any()} AND ${isOwned(db, "session", "?2")}`
  if (user === null) return writes(db, "deleteSession", any, [id])
  return writes(db, "deleteSessionOfUser", own, [id, user])
}

async function deleteOfUser(db: Database, user: User, exceptId: string | null): Promise<void> {
  const all = () => `DELETE FROM ${db.tables.session} WHERE ${isOwned(db, "session", "?1")}`
  const others = () => `${all()} AND NOT (${hasId(db, "session", "id", "?2")})`
  await (exceptId === null
    ? writes(db, "deleteSessions", all, [user])
    : writes(db, "deleteOtherSessions", others, [user, exceptId]))
}

async function deleteExpired(db: Database, before: number, limit: number): Promise<number> {
  // The limit stands in the text: MySQL does not take a driver's number for it.
  const text = () => db.dialect.deleteSome(db.tables.session, "expires_at <= ?1", limit)
  return db.store.execute(db.statement(`deleteExpired\0${limit}`, text, [before]))
}

async function writes(db: Database, name: string, text: () => string, values: SqlValue[]): Promise<boolean> {
  return (await db.store.execute(db.statement(name, text, values))) > 0
}

function coreValues({ id, user, createdAt, expiresAt }: Session): SqlValue[] {
  return [id, user, createdAt, expiresAt]
}

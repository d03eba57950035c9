import { AuthError } from "../../src/core/errors.ts"
import { isPromise } from "../../src/platform/maybe-promise.ts"
import type { FoundSession, SessionAdapter, SessionRecord, UserId } from "../../src/core/ports.ts"
import { newSessionIdOf, sessionIdOf, timeOf } from "../port/parameters.ts"
import { readText } from "../port/storable-text.ts"
import type { Assignment } from "./attributes.ts"
import { assign, assigned } from "./attributes.ts"
import { isAttribute } from "./catalogue.ts"
import type { Database, OpenDatabase } from "./database.ts"
import { sessionById } from "./exact-id.ts"
import type { Row } from "./executor.ts"
import { sessionLookup } from "./lookups.ts"
import { yieldToEventLoop } from "../retry/queue.ts"
import { isOwned, isUser } from "./user-lookup.ts"
import { missingUser } from "../port/user-ids.ts"

type Session = SessionRecord<Row>

/** Keeps sessions in a table. Each method is one statement, or less. */
export function sqlSessions(db: Database): SessionAdapter<Row, Row> {
  const find = sessionLookup(db)
  return {
    insertSession: (session) => insertSession(db, session),
    findSession: (id) => findSession(db, find, id),
    listSessions: (userId) => listSessions(db, userId),
    extendSession: (id, expiresAt, ifBefore) => extendSession(db, id, expiresAt, ifBefore),
    updateSession: (id, attributes) => updateSession(db, id, attributes),
    replaceSession: (oldId, session) => replaceSession(db, oldId, session),
    deleteSession: (id, userId) => deleteSession(db, id, userId),
    deleteUserSessions: (userId, exceptId) => deleteUserSessions(db, userId, exceptId),
    deleteExpiredSessions: (before, limit) => deleteExpiredSessions(db, before, limit),
  }
}

async function insertSession(db: Database, session: Session): Promise<void> {
  const { open, columns, values, name } = await assign(db, "session", session.attributes)
  const core = coreValues(open, session)
  await db.open("user")
  if (core[1] === null) throw missingUser()
  const text = () => insertText(db, { open, columns, values, name })
  const inserted = await db.store.execute(open.statement(`insertSession\0${name}`, text, [...core, ...values]))
  if (inserted === 0) throw missingUser()
}

/** From the user's row, so that no session is stored for a user who is not there, or is being deleted. */
function insertText(db: Database, { open, columns }: Assignment): string {
  const { dialect, tables } = db
  const { session } = open.catalogue
  const core = ["id", "user_id", "created_at", "expires_at"].flatMap((name) => session.get(name) ?? [])
  const all = [...core, ...columns]
  const values = all.map((column, n) =>
    dialect.typed(column.name === "user_id" ? dialect.userId("?2", open.ids.type) : `?${n + 1}`, column),
  )
  const names = all.map(({ name }) => dialect.quote(name)).join(", ")
  const found = `FROM ${tables.user} u WHERE ${isUser(db, open, "?2", "u.id")}${dialect.keep}`
  return `INSERT INTO ${tables.session} (${names}) SELECT ${values.join(", ")} ${found}`
}

async function findSession(
  db: Database,
  find: ReturnType<typeof sessionLookup>,
  id: string,
): Promise<FoundSession<Row, Row> | null> {
  const known = sessionIdOf(id)
  if (known === null) return null
  // Every request comes by here: what is there at once is not awaited.
  const opened = db.open("session", "user")
  const open = isPromise(opened) ? await opened : opened
  return find(open, known)
}

async function listSessions(db: Database, userId: UserId): Promise<Session[]> {
  const open = await db.open("session", "user")
  const user = open.ids.encode(userId)
  if (user === null) return []
  const text = () =>
    `SELECT ${open.sessions.select}, s.id AS id FROM ${db.tables.session} s WHERE ${isOwned(db, open, "session", "?1", "s.user_id")} ORDER BY s.created_at DESC, s.id`
  const rows = await db.reading(open.statement("listSessions", text, [user]))
  return rows.map((row) => open.sessions.read(row, readText(row.id)))
}

async function extendSession(db: Database, id: string, expiresAt: Date, ifBefore: Date): Promise<boolean> {
  const known = sessionIdOf(id)
  const values = [known, timeOf(expiresAt), timeOf(ifBefore)]
  if (known === null) return false
  const open = await db.open("session")
  const { form, byId } = sessionById(db, open, known)
  const text = () => `UPDATE ${db.tables.session} SET expires_at = ?2 WHERE ${byId()} AND expires_at <= ?3`
  return (await db.store.execute(open.statement(`extendSession${form}`, text, values))) > 0
}

async function updateSession(db: Database, id: string, attributes: object): Promise<boolean> {
  const known = sessionIdOf(id)
  const { open, columns, values, name } = await assign(db, "session", attributes)
  if (known === null) return false
  const { form, byId } = sessionById(db, open, known)
  if (columns.length > 0) {
    const set = () => columns.map((column, n) => assigned(db, column, n + 2)).join(", ")
    const text = () => `UPDATE ${db.tables.session} SET ${set()} WHERE ${byId()}`
    const updated = await db.store.execute(open.statement(`updateSession${form}\0${name}`, text, [known, ...values]))
    if (updated > 0) return true
  }
  // Also after an update of no row: some of MySQL's drivers count only rows whose values changed.
  const text = () => `SELECT 1 AS found FROM ${db.tables.session} WHERE ${byId()}`
  return (await db.store.query(open.statement(`hasSession${form}`, text, [known]))).length > 0
}

async function replaceSession(db: Database, oldId: string, session: Session): Promise<boolean> {
  const known = sessionIdOf(oldId)
  const assignment = await assign(db, "session", session.attributes)
  const core = coreValues(assignment.open, session)
  if (core[1] === null) throw missingUser()
  if (known === null) return false
  const { open, values, name } = assignment
  const { form, byId } = sessionById(db, open, known)
  const text = () => replaceText(db, assignment, byId())
  return (
    (await db.store.execute(open.statement(`replaceSession${form}\0${name}`, text, [known, ...core, ...values]))) > 0
  )
}

/** One update of the row, so that it is atomic without a transaction; what is not given is as in a new row. */
function replaceText({ dialect, tables }: Database, { open, columns }: Assignment, byId: string): string {
  const given = new Map(columns.map((column, n) => [column.name, dialect.value(`?${n + 6}`, column)]))
  const attributes = [...open.catalogue.session.values()]
    .filter((column) => isAttribute("session", column))
    .map(({ name, fresh }) => `${dialect.quote(name)} = ${given.get(name) ?? fresh}`)
  const core = `id = ?2, user_id = ${dialect.userId("?3", open.ids.type)}, created_at = ?4, expires_at = ?5`
  return `UPDATE ${tables.session} SET ${[core, ...attributes].join(", ")} WHERE ${byId}`
}

async function deleteSession(db: Database, id: string, userId?: UserId): Promise<boolean> {
  const known = sessionIdOf(id)
  const open = await db.open("session", "user")
  const user = userId === undefined ? undefined : open.ids.encode(userId)
  if (known === null || user === null) return false
  const { form, byId } = sessionById(db, open, known)
  const byIdOnly = () => `DELETE FROM ${db.tables.session} WHERE ${byId()}`
  const byBoth = () => `${byIdOnly()} AND ${isOwned(db, open, "session", "?2")}`
  const statement =
    user === undefined
      ? open.statement(`deleteSession${form}`, byIdOnly, [known])
      : open.statement(`deleteSessionOfUser${form}`, byBoth, [known, user])
  return (await db.store.execute(statement)) > 0
}

async function deleteUserSessions(db: Database, userId: UserId, exceptId?: string): Promise<void> {
  const except = exceptId === undefined ? null : sessionIdOf(exceptId)
  const open = await db.open("session", "user")
  const user = open.ids.encode(userId)
  if (user === null) return
  const all = () => `DELETE FROM ${db.tables.session} WHERE ${isOwned(db, open, "session", "?1")}`
  const others = () => `${all()} AND id <> ?2`
  const statement =
    except === null
      ? open.statement("deleteSessions", all, [user])
      : open.statement("deleteOtherSessions", others, [user, except])
  await db.store.execute(statement)
}

async function deleteExpiredSessions(db: Database, before: Date, limit: number): Promise<number> {
  const time = timeOf(before)
  if (!Number.isSafeInteger(limit) || limit < 0) throw new AuthError("invalid_option", "The limit is a whole number.")
  const open = await db.open("session")
  // The limit stands in the text: MySQL does not take a driver's number for it.
  const text = () => db.dialect.deleteSome(db.tables.session, "expires_at <= ?1", limit)
  const deleted = await db.store.execute(open.statement(`deleteExpired\0${limit}`, text, [time]))
  if (deleted > 0 && deleted === limit) await yieldToEventLoop()
  return deleted
}

function coreValues({ ids }: OpenDatabase, { id, userId, createdAt, expiresAt }: Session) {
  return [newSessionIdOf(id), ids.encode(userId), timeOf(createdAt), timeOf(expiresAt)]
}

import { and, asc, desc, lte, not, sql } from "drizzle-orm"
import type { SQL } from "drizzle-orm"
import { AuthError } from "../../src/core/errors.ts"
import { isPromise } from "../../src/platform/maybe-promise.ts"
import type { FoundSession, SessionAdapter, SessionRecord, UserId } from "../../src/core/ports.ts"
import type { Row } from "../sql/executor.ts"
import { newSessionIdOf, sessionIdOf, timeOf } from "../port/parameters.ts"
import { yieldToEventLoop } from "../retry/queue.ts"
import { missingUser } from "../port/user-ids.ts"
import { checkedAttributes, freshAttributes } from "./attributes.ts"
import type { Builder } from "./builders.ts"
import { isAlike, isExactly, slot, valueOf } from "./conditions.ts"
import type { JoinedRow } from "./rows.ts"
import { existingUser, joinedRow, selected, toSession } from "./rows.ts"
import type { DrizzleStore, Statement } from "./store.ts"
import type { Tables } from "./tables.ts"
import { coreColumn } from "./tables.ts"

type Session = SessionRecord<Row>

/** Keeps sessions in the application's own table. */
export function drizzleSessions(
  store: DrizzleStore,
  tables: Tables,
  userExists: (id: UserId) => Promise<boolean>,
): SessionAdapter<Row, Row> {
  const { session, createdAt, expiresAt, dialect } = tables
  const [idColumn, ownerColumn] = [coreColumn(session, "id"), coreColumn(session, "userId")]
  const idSlot = isExactly(dialect.name, idColumn, slot(idColumn, "id"))
  const ownerSlot = isExactly(dialect.name, ownerColumn, slot(ownerColumn, "userId"))
  const joined = joinedRow(tables)
  const statements = sessionStatements(store, tables, joined, idSlot, ownerSlot)

  async function insertSession(given: Session): Promise<void> {
    const userId = tables.userId(given.userId)
    const row = { ...checkedAttributes(session, given.attributes), ...core(given) }
    if (userId === null) throw missingUser()
    try {
      await store.atomic((db) =>
        store.write(db.insert(session.table).values({ ...row, userId: existingUser(tables, userId) }), session),
      )
    } catch (error) {
      throw (await userExists(userId)) ? error : missingUser()
    }
  }

  function core({ id, createdAt: created, expiresAt: expires }: Session): Row {
    return {
      id: newSessionIdOf(id),
      createdAt: createdAt.encode(timeOf(created)),
      expiresAt: expiresAt.encode(timeOf(expires)),
    }
  }

  async function findSession(id: string): Promise<FoundSession<Row, Row> | null> {
    const known = sessionIdOf(id)
    if (known === null) return null
    // Every request comes by here: what is there at once is not awaited.
    const answer = statements.find({ id: known })
    const { rows } = isPromise(answer) ? await answer : answer
    const found = rows[0] ? joined.read(rows[0]) : null
    // A column may take other ids for equal. Compared here it costs less than once more in the statement.
    return found?.session.id === known ? found : null
  }

  async function listSessions(userId: UserId): Promise<Session[]> {
    const user = tables.userId(userId)
    if (user === null) return []
    const { rows } = await statements.list({ userId: user })
    return rows.flatMap((row) => toSession(tables, row.session) ?? [])
  }

  async function extendSession(id: string, until: Date, ifBefore: Date): Promise<boolean> {
    const known = sessionIdOf(id)
    const times = { until: expiresAt.encode(timeOf(until)), ifBefore: expiresAt.encode(timeOf(ifBefore)) }
    if (known === null) return false
    return (await statements.extend({ id: known, ...times })).count > 0
  }

  async function updateSession(id: string, attributes: object): Promise<boolean> {
    const known = sessionIdOf(id)
    const row = checkedAttributes(session, attributes)
    if (known === null) return false
    if (Object.keys(row).length > 0 && (await changed(known, row))) return true
    // Also after an update of no row: some of MySQL's drivers count only rows whose values changed.
    return (await statements.has({ id: known })).count > 0
  }

  async function replaceSession(oldId: string, next: Session): Promise<boolean> {
    const known = sessionIdOf(oldId)
    const userId = tables.userId(next.userId)
    const attributes = { ...freshAttributes(session), ...checkedAttributes(session, next.attributes) }
    const row = { ...attributes, ...core(next) }
    if (userId === null) throw missingUser()
    return known !== null && changed(known, { ...row, userId })
  }

  /** One update of the row, so that it is atomic without a transaction. */
  async function changed(id: string, row: Row): Promise<boolean> {
    const found = isExactly(dialect.name, idColumn, valueOf(idColumn, id))
    const update = (db: Builder) => store.write(db.update(session.table).set(row).where(found), session)
    return (await store.atomic(update)).count > 0
  }

  async function deleteSession(id: string, userId?: UserId): Promise<boolean> {
    const known = sessionIdOf(id)
    const user = userId === undefined ? undefined : tables.userId(userId)
    if (known === null || user === null) return false
    const answer = user === undefined ? statements.end({ id: known }) : statements.endOwn({ id: known, userId: user })
    return (await answer).count > 0
  }

  async function deleteUserSessions(userId: UserId, exceptId?: string): Promise<void> {
    const user = tables.userId(userId)
    const except = exceptId === undefined ? null : sessionIdOf(exceptId)
    if (user === null) return
    await (except === null ? statements.endAll({ userId: user }) : statements.endOthers({ userId: user, except }))
  }

  async function deleteExpiredSessions(before: Date, limit: number): Promise<number> {
    const time = valueOf(expiresAt.column, expiresAt.encode(timeOf(before)))
    if (!Number.isSafeInteger(limit) || limit < 0) throw new AuthError("invalid_option", "The limit is a whole number.")
    const { count } = await store.once((db) => deleteExpired(db, store, tables, lte(expiresAt.column, time), limit))
    if (count > 0 && count === limit) await yieldToEventLoop()
    return count
  }

  return {
    insertSession,
    findSession,
    listSessions,
    extendSession,
    updateSession,
    replaceSession,
    deleteSession,
    deleteUserSessions,
    deleteExpiredSessions,
  }
}

/** What is the same at every call but for its values, and so prepared once. */
function sessionStatements(store: DrizzleStore, tables: Tables, joined: JoinedRow, isId: SQL, isOwn: SQL) {
  const { session, user, createdAt, expiresAt, dialect } = tables
  const [id, userId] = [coreColumn(session, "id"), coreColumn(user, "id")]
  const owner = isExactly(dialect.name, userId, sql`${coreColumn(session, "userId")}`)
  const remove = (condition: SQL | undefined) =>
    store.prepared((db) => store.write(db.delete(session.table).where(condition ?? isId), session))
  return {
    find: store.prepared((db) =>
      store.readOne(
        db
          .select(joined.columns)
          .from(session.table)
          .leftJoin(user.table, owner)
          .where(isAlike(dialect.name, id, slot(id, "id"))),
      ),
    ),
    list: store.prepared((db) =>
      store.read(
        db
          .select({ session: selected(session) })
          .from(session.table)
          .where(isOwn)
          .orderBy(desc(createdAt.column), asc(id)),
      ),
    ),
    has: store.prepared((db) => store.read(db.select({ id }).from(session.table).where(isId))),
    extend: store.prepared((db) =>
      store.write(
        db
          .update(session.table)
          .set({ expiresAt: sql.placeholder("until") as unknown })
          .where(sql`${isId} and ${expiresAt.column} <= ${slot(expiresAt.column, "ifBefore")}`),
        session,
      ),
    ),
    end: remove(isId),
    endOwn: remove(and(isId, isOwn)),
    endAll: remove(isOwn),
    endOthers: remove(and(isOwn, not(isExactly(dialect.name, id, slot(id, "except"))))),
  }
}

/** Judged when the rows are deleted. In PostgreSQL, rows that another cleaner holds are left to it. */
function deleteExpired(
  db: Builder,
  store: DrizzleStore,
  { session, dialect }: Tables,
  isExpired: SQL,
  limit: number,
): Statement {
  const remove = db.delete(session.table)
  if (dialect.name === "mysql") return store.write(remove.where(isExpired).limit(limit), session)
  const id = coreColumn(session, "id")
  const some = db.select({ id }).from(session.table).where(isExpired).limit(limit)
  const found =
    dialect.name === "sqlite"
      ? sql`${id} in ${some}`
      : // An array is made once; a subquery under IN may be run again, past the limit.
        sql`${id} = any(array${some.for("update", { skipLocked: true })}) and ${isExpired}`
  return store.write(remove.where(found), session)
}

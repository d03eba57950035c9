import { asc, desc, sql } from "drizzle-orm"
import type { SQL } from "drizzle-orm"
import type { UserId } from "../../src/core/ports.ts"
import { isPromise } from "../../src/platform/maybe-promise.ts"
import type { SessionRows } from "../port/session-port.ts"
import { readSession, sessionRow } from "../port/stored-rows.ts"
import { missingUser } from "../port/user-ids.ts"
import type { Row } from "../sql/executor.ts"
import { attributeColumn, checkedAttributes, freshAttributes } from "./attributes.ts"
import type { Builder } from "./builders.ts"
import { equals, isAlike, isExactly, slot, valueOf } from "./conditions.ts"
import { existingUser, hasUser, isRow, joinedRow, selected } from "./rows.ts"
import type { DrizzleStore, Statement } from "./store.ts"
import type { Tables } from "./tables.ts"

/** The session table and its prepared statements. */
export interface SessionDb extends Tables {
  store: DrizzleStore
  statements: ReturnType<typeof sessionStatements>
}

/** Stores sessions in the application's own table. */
export const drizzleSessions: SessionRows<SessionDb, UserId, Row, Row, Row> = {
  encodeUser: ({ userId }, id) => userId(id),
  encodeAttributes: ({ session }, attributes) => checkedAttributes(session, attributes),
  async insert(db, session) {
    const row = { ...sessionRow(db, session), userId: existingUser(db, session.user) }
    try {
      await db.store.atomic((builder) => db.store.write(builder.insert(db.session.table).values(row), db.session))
    } catch (error) {
      throw (await hasUser(db, session.user)) ? error : missingUser()
    }
  },
  async find({ statements }, id) {
    // Every request runs this, so a synchronous result is not awaited.
    const outcome = statements.find({ id })
    const { rows } = isPromise(outcome) ? await outcome : outcome
    const found = rows[0] ? statements.joined.read(rows[0]) : null
    // A column may treat other ids as equal. Comparing here costs less than comparing again in the statement.
    return found?.session.id === id ? found : null
  },
  async list(db, userId) {
    const { rows } = await db.statements.list({ userId })
    return rows.flatMap(({ session }) => (isRow(session) ? readSession(db, session) : null) ?? [])
  },
  extend: async ({ statements, expiresAt }, id, to, limit) => {
    const times = { until: expiresAt.encode(to), ifBefore: expiresAt.encode(limit) }
    return (await statements.extend({ id, ...times })).count > 0
  },
  update: (db, id, attributes, ifNull) => change(db, changeable(db, id, ifNull), attributes),
  async has({ store, session, dialect }, id, ifNull) {
    const condition = changeable({ session, dialect }, id, ifNull)
    const select = (builder: Builder) => builder.select({ id: session.id }).from(session.table).where(condition)
    return (await store.once((builder) => store.read(select(builder)))).count > 0
  },
  replace: (db, oldId, session) =>
    change(db, equals(db, db.session.id, oldId), { ...freshAttributes(db.session), ...sessionRow(db, session) }),
  delete: async ({ statements }, id, userId) => {
    const outcome = userId === null ? statements.end({ id }) : statements.endOwn({ id, userId })
    return (await outcome).count > 0
  },
  deleteOfUser: async ({ statements }, userId, except) => {
    await (except === null ? statements.endAll({ userId }) : statements.endOthers({ userId, except }))
  },
  deleteExpired: async (db, before, limit) => {
    const isExpired = sql`${db.expiresAt.column} <= ${valueOf(db.expiresAt.column, db.expiresAt.encode(before))}`
    return (await db.store.once((builder) => deleteSome(builder, db, isExpired, limit))).count
  },
}

/** Updates the row in one statement, so that it is atomic without a transaction. */
async function change({ store, session }: SessionDb, condition: SQL, row: Row): Promise<boolean> {
  const update = (builder: Builder) => store.write(builder.update(session.table).set(row).where(condition), session)
  return (await store.atomic(update)).count > 0
}

function changeable(tables: Pick<Tables, "session" | "dialect">, id: string, ifNull: string | null): SQL {
  const isIt = equals(tables, tables.session.id, id)
  return ifNull === null ? isIt : sql`${isIt} and ${attributeColumn(tables.session, ifNull)} is null`
}

/** Prepares the statements that differ only in their values. */
export function sessionStatements(store: DrizzleStore, tables: Tables) {
  const { session, user, createdAt, expiresAt, dialect } = tables
  const joined = joinedRow(tables)
  const isLike = isAlike(dialect.name, session.id, slot(session.id, "id"))
  const isId = isExactly(dialect.name, session.id, slot(session.id, "id"))
  const isOwn = isExactly(dialect.name, session.userId, slot(session.userId, "userId"))
  const isExcepted = isExactly(dialect.name, session.id, slot(session.id, "except"))
  const isUser = isExactly(dialect.name, user.id, sql`${session.userId}`)
  const isDue = sql`${isId} and ${expiresAt.column} <= ${slot(expiresAt.column, "ifBefore")}`
  const select = (db: Builder, columns: Record<string, unknown>) => db.select(columns).from(session.table)
  const until = { expiresAt: sql.placeholder("until") as unknown }
  const extend = (db: Builder) => db.update(session.table).set(until).where(isDue)
  const newestFirst = [desc(createdAt.column), asc(session.id)]
  const own = (db: Builder) => select(db, { session: selected(session) }).where(isOwn)
  const remove = (condition: SQL) =>
    store.prepared((db) => store.write(db.delete(session.table).where(condition), session))
  return {
    joined,
    find: store.prepared((db) => store.readOne(select(db, joined.columns).leftJoin(user.table, isUser).where(isLike))),
    list: store.prepared((db) => store.read(own(db).orderBy(...newestFirst))),
    extend: store.prepared((db) => store.write(extend(db), session)),
    end: remove(isId),
    endOwn: remove(sql`${isId} and ${isOwn}`),
    endAll: remove(isOwn),
    endOthers: remove(sql`${isOwn} and not ${isExcepted}`),
  }
}

/** Checks the condition again at deletion. In PostgreSQL, skips rows that another cleanup has locked. */
function deleteSome(db: Builder, { store, session, dialect }: SessionDb, isExpired: SQL, limit: number): Statement {
  const remove = db.delete(session.table)
  if (dialect.name === "mysql") return store.write(remove.where(isExpired).limit(limit), session)
  const some = db.select({ id: session.id }).from(session.table).where(isExpired).limit(limit)
  const found =
    dialect.name === "sqlite"
      ? sql`${session.id} in ${some}`
      : // PostgreSQL builds an array once, but may run a subquery under IN again and delete more than the limit.
        sql`${session.id} = any(array${some.for("update", { skipLocked: true })}) and ${isExpired}`
  return store.write(remove.where(found), session)
}

import type { AuditRecord } from "../../src/audit/audit-port.ts"
import type { EventPlace, EventRows, NewEvent } from "../port/audit-port.ts"
import { readText } from "../port/storable-text.ts"
import { coreColumns } from "./catalogue.ts"
import { isOwned } from "./conditions.ts"
import type { Database, SqlUserId } from "./database.ts"
import type { Row, SqlValue } from "./executor.ts"
import { byId, inChunks } from "./lists.ts"

const width = coreColumns.event.length

/** Stores events in the table `auth_event`. */
export const sqlEvents: EventRows<Database, SqlUserId> = {
  encodeUser: ({ ids }, id) => ids.encode(id),
  async insert(db, events) {
    for (const some of inChunks(byId(events), width)) {
      const text = () => insertText(db, some.length)
      await db.store.execute(db.statement(`insertEvents\0${some.length}`, text, some.flatMap(valuesOf)))
    }
  },
  async list(db, user, before, limit) {
    const { form, where, values } = after(db, before)
    const order = () => `ORDER BY at DESC, ${db.dialect.bytewise("id")} DESC LIMIT ${limit}`
    const text = () =>
      `SELECT ${columns(db)} FROM ${db.tables.event} WHERE ${isOwned(db, "event", "?1")}${where} ${order()}`
    const rows = await db.store.query(db.statement(`listEvents\0${limit}${form}`, text, [user, ...values]))
    return rows.map((row) => toEvent(db, row))
  },
  async deleteOld(db, before, limit) {
    const text = () => db.dialect.deleteSome(db.tables.event, "at <= ?1", limit, "at")
    return db.store.execute(db.statement(`deleteEvents\0${limit}`, text, [before]))
  },
}

function insertText({ tables, dialect, ids }: Database, count: number): string {
  const rows = Array.from({ length: count }, (_, row) => {
    const parameter = (n: number) => `?${row * width + n + 1}`
    const values = coreColumns.event.map((name, n) =>
      name === "user_id" ? dialect.userId(parameter(n), ids.type) : parameter(n),
    )
    return `(${values.join(", ")})`
  })
  return `INSERT INTO ${tables.event} (${coreColumns.event.join(", ")}) VALUES ${rows.join(", ")}${dialect.skipTaken}`
}

function valuesOf({ id, user, at, type, sessionId, detail }: NewEvent<SqlUserId>): SqlValue[] {
  return [id, user, at, type, sessionId, detail]
}

/** The first comparison lets the query use the index on `user_id` and `at`. */
function after({ dialect }: Database, before: EventPlace | null) {
  if (!before) return { form: "", where: "", values: [] }
  const where = ` AND at <= ?2 AND (at < ?2 OR ${dialect.bytewise("id")} < ?3)`
  return { form: "\0after", where, values: [before.at, before.id] }
}

function columns({ dialect, ids }: Database): string {
  const userId = ids.type === "bigint" ? dialect.asText("user_id") : "user_id"
  return `id, ${userId} AS user_id, ${dialect.time("at")} AS happened_at, type, session_id, detail`
}

function toEvent({ ids }: Database, row: Row): AuditRecord {
  return {
    id: readText(row.id),
    at: new Date(Number(row.happened_at)),
    type: readText(row.type),
    userId: row.user_id === null ? null : ids.decode(row.user_id),
    sessionId: row.session_id === null ? null : readText(row.session_id),
    detail: readText(row.detail),
  }
}

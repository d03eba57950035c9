import type { SessionRows } from "../port/session-port.ts"
import { yieldToEventLoop } from "../port/session-port.ts"
import { readText } from "../port/storable-text.ts"
import type { Database } from "./database.ts"

type DeleteExpired = SessionRows<Database, never, never, never, never>["deleteExpired"]

/** Creates a function that deletes expired sessions, by the index on `expires_at` or in slices. */
export function expiredSessions(): DeleteExpired {
  const inSlices = sliced()
  return (db, ...call) => (db.dialect.sliceRows === null ? byIndex(db, ...call) : inSlices(db, ...call))
}

async function byIndex(db: Database, before: number, limit: number): Promise<number> {
  // The limit is part of the text, because MySQL does not accept a driver's number as a limit.
  const text = () => db.dialect.deleteSome(db.tables.session, "expires_at <= ?1", limit, "expires_at")
  return db.store.execute(db.statement(`deleteExpired\0${limit}`, text, [before]))
}

/**
 * Reads the table in the order of its key. Each call continues where the last one stopped, at its limit or at a
 * failure. A call that deletes fewer rows than its limit has read the whole table.
 */
function sliced(): DeleteExpired {
  // Sorts before any other text.
  const first = ""
  let next = first

  return async (db, before, limit) => {
    let from = next
    let isFromStart = from === first
    for (let deleted = 0; ; await yieldToEventLoop()) {
      const end = await endOfSlice(db, from)
      deleted += await deleteSlice(db, from, end, before, limit - deleted)
      if (deleted < limit) from = end ?? first
      // Saved after each slice: D1 stops a request after a number of statements, and the next request must get further.
      next = from
      if (deleted >= limit || (end === null && isFromStart)) return deleted
      if (end === null) isFromStart = true
    }
  }
}

/** Returns the id at which the next slice starts; `null` after the last slice. */
async function endOfSlice(db: Database, from: string): Promise<string | null> {
  const { session } = db.tables
  const { sliceRows } = db.dialect
  // A column may also hold bytes, which sort after all text. Read as text, they would lead back to an earlier position.
  const isText = "id >= ?1 AND id < x''"
  const text = () => `SELECT id FROM ${session} WHERE ${isText} ORDER BY id LIMIT 1 OFFSET ${sliceRows}`
  const [row] = await db.store.query(db.statement("endOfSlice", text, [from]))
  return row ? readText(row.id) : null
}

async function deleteSlice(
  db: Database,
  from: string,
  end: string | null,
  before: number,
  limit: number,
): Promise<number> {
  const { session } = db.tables
  const isInside = end === null ? "id >= ?1" : "id >= ?1 AND id < ?4"
  // The plus stops SQLite from using an older table's index on `expires_at`, which finds the rows of all slices.
  const some = `SELECT id FROM ${session} WHERE ${isInside} AND +expires_at <= ?2 LIMIT ?3`
  const text = () => `DELETE FROM ${session} WHERE id IN (${some})`
  const values = [from, before, limit, ...(end === null ? [] : [end])]
  return db.store.execute(db.statement(`deleteSlice\0${values.length}`, text, values))
}

import type { TakenAttempt } from "../../src/throttle/throttle-port.ts"
import type { Attempt, AttemptRows } from "../port/throttle-port.ts"
import { hasId } from "./conditions.ts"
import type { Database } from "./database.ts"
import { inChunks, parameters } from "./lists.ts"

// A round decides nothing only if another caller has changed the row.
const maxRounds = 10

/** Stores rate-limit budgets in the table `auth_attempt`. */
export const sqlAttempts: AttemptRows<Database> = {
  take: (db, attempt) => (db.dialect.returning ? takeReturning(db, attempt) : takeInTurn(db, attempt)),
  async cut(db, attempt) {
    const until = await untilOf(db, attempt.id)
    if (until === null || until <= attempt.latest) return until
    const text = () => `UPDATE ${db.tables.attempt} SET until = ?2 WHERE ${hasId(db, "attempt")} AND until > ?3`
    await db.store.execute(db.statement("cutAttempts", text, [attempt.id, attempt.end, attempt.latest]))
    return attempt.end
  },
  async drop(db, ids) {
    for (const some of inChunks(ids)) {
      const text = () => `DELETE FROM ${db.tables.attempt} WHERE id IN (${parameters(some.length)})`
      await db.store.execute(db.statement(`dropAttempts\0${some.length}`, text, some))
    }
  },
  async deleteIdle(db, before, limit) {
    const text = () => db.dialect.deleteSome(db.tables.attempt, "until <= ?1", limit, "until")
    return db.store.execute(db.statement(`deleteIdleAttempts\0${limit}`, text, [before]))
  },
}

/** The time until which a budget is used: at least now, and its end if the row is later than any valid one. */
const used = "CASE WHEN a.until < ?2 THEN ?2 WHEN a.until > ?4 THEN ?7 ELSE a.until END"
const hasRoom = `${used} <= ?5`

function valuesOf({ id, now, cost, end, latest }: Attempt) {
  return [id, now, cost, latest, end - cost, now + cost, end]
}

async function takeReturning(db: Database, attempt: Attempt): Promise<TakenAttempt | null> {
  const update = `ON CONFLICT (id) DO UPDATE SET until = ${used} + ?3 WHERE ${hasRoom} RETURNING until`
  const text = () => `INSERT INTO ${db.tables.attempt} AS a (id, until) VALUES (?1, ?6) ${update}`
  const [row] = await db.store.query(db.statement("takeAttempt", text, valuesOf(attempt)))
  return row ? { taken: true, until: Number(row.until) } : null
}

/**
 * For MySQL, which has no RETURNING. Its drivers count a row that `ON DUPLICATE KEY UPDATE` leaves unchanged like one
 * that it changes. A row is updated only from the value that was read, so that each caller knows its own position.
 */
async function takeInTurn(db: Database, attempt: Attempt): Promise<TakenAttempt | null> {
  const { id, now, cost, end } = attempt
  const move = () => `UPDATE ${db.tables.attempt} SET until = ?3 WHERE ${hasId(db, "attempt")} AND until = ?2`
  const insert = () => `INSERT IGNORE INTO ${db.tables.attempt} (id, until) VALUES (?1, ?2)`
  for (let round = 0; round < maxRounds; round++) {
    const before = await untilOf(db, id)
    const until = usedOf(attempt, before ?? now) + cost
    if (until > end) return null
    const statement =
      before === null
        ? db.statement("firstAttempt", insert, [id, until])
        : db.statement("moveAttempt", move, [id, before, until])
    // An attempt of cost 0 leaves the row unchanged, and some drivers do not count such a row.
    if ((await db.store.execute(statement)) > 0 || until === before) return { taken: true, until }
  }
  return takeBlindly(db, attempt)
}

/** Computes the same as `used`, for a row that was read. */
function usedOf({ now, end, latest }: Attempt, row: number): number {
  return row > latest ? end : Math.max(row, now)
}

/** Used when too many callers change the row: takes an attempt in one step, then reads the row. */
async function takeBlindly(db: Database, attempt: Attempt): Promise<TakenAttempt | null> {
  const text = () =>
    `UPDATE ${db.tables.attempt} a SET a.until = ${used} + ?3 WHERE ${hasId(db, "attempt", "a.id")} AND ${hasRoom}`
  if ((await db.store.execute(db.statement("takeAttempt", text, valuesOf(attempt)))) === 0) return null
  return { taken: true, until: (await untilOf(db, attempt.id)) ?? attempt.now + attempt.cost }
}

async function untilOf(db: Database, id: string): Promise<number | null> {
  const text = () =>
    `SELECT ${db.dialect.time("until")} AS until_then FROM ${db.tables.attempt} WHERE ${hasId(db, "attempt")}${db.dialect.keep}`
  const [row] = await db.store.query(db.statement("findAttempt", text, [id]))
  return row ? Number(row.until_then) : null
}

import type { FoundSession } from "../../src/core/ports.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import { after } from "../../src/platform/maybe-promise.ts"
import { isHash } from "../port/parameters.ts"
import { hasId, ownsRow } from "./conditions.ts"
import type { Database } from "./database.ts"
import type { Row } from "./executor.ts"

type Found = FoundSession<Row, Row> | null

interface Lookup {
  id: string
  resolve(found: Found): void
  reject(error: unknown): void
}

interface Batch {
  db: Database
  lookups: Lookup[]
  idTable: IdTable
}

type Find = (db: Database, id: string) => MaybePromise<Found>

type IdTable = NonNullable<Database["idTable"]>

// A few lookups are faster as separate statements. In a batch of more than 64, all would wait for a large result.
const few = 3
const maxLookups = 64

// A server handles each request in its own callback, and runs the microtasks before the next one. Under load a lookup
// waits for other requests; otherwise it waits for nothing. Read at load time, so that a test's fake timers do not stop
// it.
const afterOthers: (run: () => void) => unknown = globalThis.setImmediate ?? queueMicrotask

/** Creates a function that finds a session. Over a shared executor, calls of one tick share a statement. */
export function sessionLookup(): Find {
  let gathering: Batch | null = null
  let underWay = 0

  function gather(db: Database, idTable: IdTable, lookup: Lookup): void {
    if (gathering?.db === db && gathering.lookups.length < maxLookups) gathering.lookups.push(lookup)
    else start({ db, lookups: [lookup], idTable })
  }

  function start(batch: Batch): void {
    gathering = batch
    const wait = underWay > few ? afterOthers : queueMicrotask
    wait(() => {
      if (gathering === batch) gathering = null
      if (batch.lookups.length > few) void send(batch, rowsTogether(batch))
      else for (const lookup of batch.lookups) void send({ ...batch, lookups: [lookup] }, rowOf(batch.db, lookup.id))
    })
  }

  async function send(batch: Batch, rows: MaybePromise<Row[]>): Promise<void> {
    underWay++
    try {
      settle(batch, await rows)
    } catch (error) {
      for (const { reject } of batch.lookups) reject(error)
    } finally {
      // Runs before callers continue, so that a caller's next lookup counts as the only one.
      underWay--
    }
  }

  return (db, id) => {
    const { idTable } = db
    // A hash is stored in one spelling only. Another id might contain the character that separates ids.
    if (!idTable || !isHash(id)) return after(rowOf(db, id), ([row]) => read(db, row, id))
    return new Promise((resolve, reject) => gather(db, idTable, { id, resolve, reject }))
  }
}

/** Passes each caller its row. A malformed row rejects only the call that asked for it. */
function settle({ db, lookups }: Batch, rows: Row[]): void {
  const places = lookups.length === 1 ? rows : rowsByPlace(db, rows)
  for (const [place, { id, resolve, reject }] of lookups.entries()) {
    try {
      resolve(read(db, places[place], id))
    } catch (error) {
      reject(error)
    }
  }
}

/** Returns one row per lookup, even if two lookups have the same id. */
function rowsByPlace({ sessions }: Database, rows: Row[]): Row[] {
  const places: Row[] = []
  for (const row of rows) places[Number(row[sessions.place])] = row
  return places
}

function read({ sessions, users }: Database, row: Row | undefined, id: string): Found {
  return row ? { session: sessions.read(row, id), user: users.read(row) } : null
}

function rowOf(db: Database, id: string): MaybePromise<Row[]> {
  const text = () => `${select(db)} FROM ${db.tables.session} s ${withUser(db)} WHERE ${hasId(db, "session", "s.id")}`
  return db.store.query(db.statement("findSession", text, [id]))
}

function rowsTogether({ db, lookups, idTable }: Batch): MaybePromise<Row[]> {
  const { table, values } = idTable(lookups.map(({ id }) => id))
  // Joined, because with a list in a condition the database compares each row of a small table with the whole list.
  const from = () => `${table} JOIN ${db.tables.session} s ON ${hasId(db, "session", "s.id", "i.id")} ${withUser(db)}`
  const text = () => `${select(db)}, i.place AS ${db.dialect.quote(db.sessions.place)} FROM ${from()}`
  return db.store.query(db.statement(`findSessions\0${values.length}`, text, values))
}

function select({ users, sessions }: Database): string {
  return `SELECT ${users.select}, ${sessions.select}`
}

function withUser(db: Database): string {
  return `LEFT JOIN ${db.tables.user} u ON ${ownsRow(db, "s.user_id")}`
}

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

// So few are faster alone than together, and more would wait for a large answer.
const few = 3
const maxLookups = 64

// Each request of a server arrives in its own callback, with the microtasks run before the next. Under load one
// waits for the others; alone, it waits for nothing. Taken early, so that a test's pretended clock does not stop it.
const afterOthers: (run: () => void) => unknown = globalThis.setImmediate ?? queueMicrotask

/** Makes a function that finds a session. Over a shared executor, calls of one tick share a statement. */
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
      // Before anyone hears of it: who asks again at once is alone.
      underWay--
    }
  }

  return (db, id) => {
    const { idTable } = db
    // Of a hash only its own spelling is ever stored. An id of another form might hold what separates ids.
    if (!idTable || !isHash(id)) return after(rowOf(db, id), ([row]) => read(db, row, id))
    return new Promise((resolve, reject) => gather(db, idTable, { id, resolve, reject }))
  }
}

/** Gives each caller its row. A malformed row rejects only the call that asked for it. */
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

/** One row for each lookup, even if two ask for the same id. */
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
  // Joined: of a list in a condition each row of a small table would be compared with all.
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

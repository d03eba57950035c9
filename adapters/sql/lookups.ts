import { isPromise } from "../../src/platform/maybe-promise.ts"
import type { FoundSession } from "../../src/core/ports.ts"
import type { Database, OpenDatabase } from "./database.ts"
import { isOwnForm, sessionById } from "./exact-id.ts"
import type { Row } from "./executor.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import { ownsRow } from "./user-lookup.ts"

type Found = FoundSession<Row, Row> | null

interface Lookup {
  id: string
  resolve(found: Found): void
  reject(error: unknown): void
}

interface Batch {
  open: OpenDatabase
  lookups: Lookup[]
  idTable: IdTable
}

type IdTable = NonNullable<Database["idTable"]>

// So few are faster alone than together, and more would wait for a large answer.
const few = 3
const maxLookups = 64

// Each request of a server arrives in a callback of its own, with the microtasks run before the next. Under load one
// waits for the others; alone, it waits for nothing. Taken early, so that a test's pretended clock does not stop it.
const afterOthers: (run: () => void) => unknown = globalThis.setImmediate ?? queueMicrotask

/** Makes a function that finds a session. Over a shared executor, calls of one tick share a statement. */
export function sessionLookup(db: Database): (open: OpenDatabase, id: string) => MaybePromise<Found> {
  const { idTable } = db
  return idTable ? gatheringLookup(db, idTable) : (open, id) => findOne(db, open, id)
}

function gatheringLookup(db: Database, idTable: IdTable): (open: OpenDatabase, id: string) => MaybePromise<Found> {
  let gathering: Batch | null = null
  let underWay = 0

  function gather(open: OpenDatabase, lookup: Lookup): void {
    if (gathering?.open === open && gathering.lookups.length < maxLookups) gathering.lookups.push(lookup)
    else start({ open, lookups: [lookup], idTable })
  }

  function start(batch: Batch): void {
    gathering = batch
    const wait = underWay > few ? afterOthers : queueMicrotask
    wait(() => {
      if (gathering === batch) gathering = null
      if (batch.lookups.length > few) void send(batch, rowsTogether(db, batch))
      else
        for (const lookup of batch.lookups) void send({ ...batch, lookups: [lookup] }, rowOf(db, batch.open, lookup.id))
    })
  }

  async function send(batch: Batch, rows: MaybePromise<Row[]>): Promise<void> {
    underWay++
    try {
      answer(batch, await rows)
    } catch (error) {
      for (const { reject } of batch.lookups) reject(error)
    } finally {
      // Before anyone hears of it: who asks again at once is alone.
      underWay--
    }
  }

  return (open, id) => {
    // An id of another form might hold what separates ids.
    if (!isOwnForm(id)) return findOne(db, open, id)
    return new Promise((resolve, reject) => gather(open, { id, resolve, reject }))
  }
}

function findOne(db: Database, open: OpenDatabase, id: string): MaybePromise<Found> {
  const answer = rowOf(db, open, id)
  return isPromise(answer) ? answer.then(([row]) => read(open, row, id)) : read(open, answer[0], id)
}

/** One that cannot be read is its own caller's failure. */
function answer({ open, lookups }: Batch, rows: Row[]): void {
  const places = lookups.length === 1 ? rows : rowsByPlace(open, rows)
  for (const [place, { id, resolve, reject }] of lookups.entries()) {
    try {
      resolve(read(open, places[place], id))
    } catch (error) {
      reject(error)
    }
  }
}

/** A row of its own for each lookup, also where two ask for the same id. */
function rowsByPlace({ sessions }: OpenDatabase, rows: Row[]): Row[] {
  const places: Row[] = []
  for (const row of rows) places[Number(row[sessions.place])] = row
  return places
}

function read(open: OpenDatabase, row: Row | undefined, id: string): Found {
  return row ? { session: open.sessions.read(row, id), user: open.users.read(row) } : null
}

function rowOf(db: Database, open: OpenDatabase, id: string): MaybePromise<Row[]> {
  const { form, byId } = sessionById(db, open, id, "s.id")
  const text = () => `${select(open)} FROM ${db.tables.session} s ${withUser(db, open)} WHERE ${byId()}`
  return db.reading(open.statement(`findSession${form}`, text, [id]))
}

function rowsTogether(db: Database, { open, lookups, idTable }: Batch): MaybePromise<Row[]> {
  const { table, values } = idTable(lookups.map(({ id }) => id))
  // Joined: of a list in a condition each row of a small table would be compared with all.
  const from = () => `${table} JOIN ${db.tables.session} s ON s.id = i.id ${withUser(db, open)}`
  const text = () => `${select(open)}, i.place AS ${db.dialect.quote(open.sessions.place)} FROM ${from()}`
  return db.reading(open.statement(`findSessions\0${values.length}`, text, values))
}

function select({ users, sessions }: OpenDatabase): string {
  return `SELECT ${users.select}, ${sessions.select}`
}

function withUser(db: Database, open: OpenDatabase): string {
  return `LEFT JOIN ${db.tables.user} u ON ${ownsRow(db, open, "s.user_id")}`
}

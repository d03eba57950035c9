import type { FoundSession } from "../../src/core/ports.ts"
import type { Database, OpenDatabase } from "./database.ts"
import type { Row, SqlStatement } from "./executor.ts"
import type { Answer } from "./retry.ts"
import { readText } from "./storable-text.ts"
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
}

const most = 64

// Each request of a server arrives in a callback of its own, with the microtasks run before the next. Under load one
// waits for the others; alone, it waits for nothing. Taken early, so that a test's pretended clock does not stop it.
const afterOthers: (run: () => void) => unknown = globalThis.setImmediate ?? queueMicrotask

const ownForm = /^[0-9a-f]{64}$/
// Types that give an id back as it was stored: others pad it.
const exactTypes = new Set(["text", "character varying", "varbinary"])

/** Makes a function that finds a session. Outside SQLite and transactions, calls of one tick share statements. */
export function sessionLookup(db: Database): (open: OpenDatabase, id: string) => Answer<Found> {
  let gathering: Batch | null = null
  let underWay = 0

  function start(open: OpenDatabase, lookup: Lookup): void {
    const batch: Batch = { open, lookups: [lookup] }
    gathering = batch
    const wait = underWay > 0 ? afterOthers : queueMicrotask
    wait(() => {
      if (gathering === batch) gathering = null
      underWay++
      void send(db, batch).then(() => underWay--)
    })
  }

  return (open, id) => {
    if (!db.gathers || !ownForm.test(id)) return findOne(db, open, id)
    return new Promise((resolve, reject) => {
      const lookup = { id, resolve, reject }
      if (gathering?.open === open && gathering.lookups.length < most) gathering.lookups.push(lookup)
      else start(open, lookup)
    })
  }
}

async function findOne(db: Database, open: OpenDatabase, id: string): Promise<Found> {
  const statement = open.statement("findSession", () => findText(db, open, "s.id = ?1"), [id])
  const answer = db.reading(statement)
  const [row] = answer instanceof Promise ? await answer : answer
  return read(open, row, id)
}

/** Answers every lookup, and never rejects. */
async function send(db: Database, { open, lookups }: Batch): Promise<void> {
  const isExact = exactTypes.has(open.catalogue.session.get("id")?.type ?? "")
  if (lookups.length === 1 || !isExact) return alone(db, open, lookups)
  try {
    const rows = await db.reading(manyStatement(db, open, [...new Set(lookups.map(({ id }) => id))]))
    const byId = new Map(rows.map((row) => [readText(row[open.sessions.id]), row]))
    await alone(db, open, lookups.filter(isUnanswered(open, byId)))
  } catch (error) {
    for (const { reject } of lookups) reject(error)
  }
}

async function alone(db: Database, open: OpenDatabase, lookups: Lookup[]): Promise<void> {
  await Promise.all(lookups.map(({ id, resolve, reject }) => findOne(db, open, id).then(resolve, reject)))
}

/** Answers lookups, but not two from one row with an object in it, which would be in both their hands. */
function isUnanswered(open: OpenDatabase, rows: Map<string, Row>): (lookup: Lookup) => boolean {
  const answered = new Set<string>()
  return ({ id, resolve, reject }) => {
    try {
      const found = read(open, rows.get(id), id)
      if (answered.has(id) && found && !isPlain(found)) return true
      answered.add(id)
      resolve(found)
    } catch (error) {
      reject(error)
    }
    return false
  }
}

function isPlain({ user, session }: NonNullable<Found>): boolean {
  const values = [...Object.values(user ?? {}), ...Object.values(session.attributes)]
  return values.every((value) => value === null || typeof value !== "object")
}

function read(open: OpenDatabase, row: Row | undefined, id: string): Found {
  return row ? { session: open.sessions.read(row, id), user: open.users.read(row) } : null
}

function manyStatement(db: Database, open: OpenDatabase, ids: string[]): SqlStatement {
  const text = (condition: string) => findText(db, open, condition, `, s.id AS ${db.dialect.quote(open.sessions.id)}`)
  if (db.dialect.name === "postgres")
    return open.statement("findSessions", () => text("s.id = ANY(string_to_array(?1, ','))"), [ids.join(",")])
  // Few sizes, so that few statements are prepared: the last id fills up.
  const size = 2 ** Math.ceil(Math.log2(ids.length))
  const values = Array.from({ length: size }, (_, n) => ids[n] ?? ids.at(-1) ?? null)
  const list = () => values.map((_, n) => `?${n + 1}`).join(", ")
  return open.statement(`findSessions\0${size}`, () => text(`s.id IN (${list()})`), values)
}

function findText(db: Database, open: OpenDatabase, condition: string, more = ""): string {
  const from = `${db.tables.session} s LEFT JOIN ${db.tables.user} u ON ${ownsRow(db, open, "s.user_id")}`
  return `SELECT ${open.users.select}, ${open.sessions.select}${more} FROM ${from} WHERE ${condition}`
}

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import Database from "better-sqlite3"
import { createAuth } from "nightlatch"
import type { SessionAdapter } from "nightlatch"
import { betterSqlite3Adapter } from "nightlatch/adapters/better-sqlite3"
import { pgAdapter } from "nightlatch/adapters/pg"

import { postgresServer } from "../test/servers.ts"
import { fillPostgres, fillSqlite, idOf, tokenOf } from "./many-sessions.ts"
import { measure } from "./rounds.ts"
import type { Step } from "./rounds.ts"

interface UserRow {
  id: string
  username: string
}

/** One driver over tables of one size. */
interface Contender {
  sessions: number
  /** Runs the join by itself, with the session's id. */
  bare: (id: string) => unknown
  adapter: SessionAdapter<UserRow, {}>
  close: () => unknown
}

const few = 1_000
const many = 1_000_000
const statementText = "SELECT s.user_id, s.created_at, s.expires_at, u.username FROM session s"

console.table({
  "better-sqlite3, file": await growth(openSqlite),
  pg: await growth(openPostgres),
})

/** Compares what the bare statement and a validation take at both sizes, all four in turn. */
async function growth(open: (sessions: number) => Promise<Contender | null>) {
  const [small, large] = [await open(few), await open(many)]
  if (!small || !large) return {}
  const smallSteps = await steps(small)
  const largeSteps = await steps(large)
  const times = await measure({
    bareFew: smallSteps.bare,
    bareMany: largeSteps.bare,
    oursFew: smallSteps.ours,
    oursMany: largeSteps.ours,
  })
  await small.close()
  await large.close()
  return {
    "statement, 1k (us)": rounded(times.bareFew),
    "1M (us)": rounded(times.bareMany),
    grows: rounded(times.bareMany / times.bareFew),
    "validate, 1k (us)": rounded(times.oursFew),
    "1M (us) ": rounded(times.oursMany),
    "grows ": rounded(times.oursMany / times.oursFew),
  }
}

async function steps({ sessions, bare, adapter }: Contender): Promise<{ bare: Step; ours: Step }> {
  const auth = createAuth({ adapter, getUserAttributes: ({ username }) => ({ username }) })
  // Made before, as nothing of them grows. A step that is prime to the number of sessions visits them in no order.
  const visits = Array.from({ length: 100_000 }, (_, n) => (n * 7919) % sessions)
  const [ids, tokens] = [visits.map(idOf), visits.map(tokenOf)]
  const { user } = await auth.validateSession(tokens[1])
  if (user?.username !== `name ${Math.floor((visits[1] ?? 0) / 10)}`) throw new Error("The rows are not those meant.")
  return {
    bare: async (n) => bare(ids[n % ids.length] ?? ""),
    ours: (n) => auth.validateSession(tokens[n % tokens.length]),
  }
}

async function openSqlite(sessions: number): Promise<Contender> {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const db = new Database(join(folder, "app.db"))
  fillSqlite(db, { sessions })
  // The plus hides the value from the planner, which would plan the join anew for every id.
  const statement = db.prepare(`${statementText} JOIN user u ON u.id = s.user_id WHERE s.id = +?`)
  const close = () => {
    db.close()
    rmSync(folder, { recursive: true })
  }
  return { sessions, bare: (id) => statement.get(id), adapter: betterSqlite3Adapter<UserRow>(db), close }
}

async function openPostgres(sessions: number): Promise<Contender | null> {
  const server = await postgresServer({ max: 1 })
  if (!server) return null
  const { pool, close } = server
  await fillPostgres(pool, { sessions })
  const text = `${statementText} JOIN "user" u ON u.id = s.user_id WHERE s.id = $1`
  const bare = (id: string) => pool.query({ name: "bare", text, values: [id] })
  return { sessions, bare, adapter: pgAdapter<UserRow>(pool), close }
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import Database from "better-sqlite3"
import { createAuth } from "nightlatch"
import type { SessionAdapter } from "nightlatch"
import { betterSqlite3Adapter } from "nightlatch/adapters/better-sqlite3"
import { pgAdapter } from "nightlatch/adapters/pg"

import { postgresServer } from "../test/servers.ts"
import { fillPostgres, fillSqlite, tokenOf } from "./many-sessions.ts"

interface UserRow {
  id: string
  username: string
}

interface Validating {
  validateSession(token: unknown): Promise<{ session: object | null }>
}

const sessions = 1_000_000

const onSqlite = await sqliteRow()
const onPostgres = await postgresRow()
console.table({ "better-sqlite3, file": onSqlite, ...(onPostgres && { pg: onPostgres }) })

async function sqliteRow() {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const db = new Database(join(folder, "app.db"))
  fillSqlite(db, { sessions, halfDead: true })
  const row = await race(betterSqlite3Adapter<UserRow>(db), betterSqlite3Adapter<UserRow>(db))
  db.close()
  rmSync(folder, { recursive: true })
  return row
}

async function postgresRow() {
  const server = await postgresServer({ max: 1 })
  if (!server) return null
  const { pool, close } = server
  await fillPostgres(pool, { sessions, halfDead: true })
  const other = await postgresServer({ max: 1 })
  if (!other) return null
  const { rows } = await pool.query<{ search_path: string }>("SHOW search_path")
  await other.pool.query(`SET search_path TO ${rows[0]?.search_path}`)
  const row = await race(pgAdapter<UserRow>(pool), pgAdapter<UserRow>(other.pool))
  await other.close()
  await close()
  return row
}

/** Deletes what is dead while a loop validates, one after the other, and while what is validated lives. */
async function race(cleaning: SessionAdapter<UserRow, {}>, validating: SessionAdapter<UserRow, {}>) {
  const batches: number[] = []
  const timed: typeof cleaning = {
    ...cleaning,
    async deleteExpiredSessions(before, limit) {
      const start = performance.now()
      const deleted = await cleaning.deleteExpiredSessions(before, limit)
      batches.push(performance.now() - start)
      return deleted
    },
  }
  const auth = createAuth({ adapter: validating })
  const idle = await validations(auth, 2000, () => false)
  let done = false
  const start = performance.now()
  const cleanup = createAuth({ adapter: timed })
    .deleteExpiredSessions()
    .finally(() => (done = true))
  const beside = await validations(auth, 600_000, () => done)
  if ((await cleanup) !== sessions / 2) throw new Error("Other sessions were deleted than those that are dead.")
  const tenth = Math.ceil(batches.length / 10)
  return {
    "cleanup (s)": rounded((performance.now() - start) / 1000),
    "first batches (ms)": rounded(mean(batches.slice(0, tenth))),
    "last (ms)": rounded(mean(batches.slice(-tenth))),
    "longest (ms)": rounded(Math.max(...batches)),
    "validation alone, longest (ms)": rounded(idle),
    "beside (ms)": rounded(beside),
  }
}

/** Resolves to the longest that anyone waited for a validation, in milliseconds: for the process, then for the store. */
async function validations({ validateSession }: Validating, most: number, isDone: () => boolean): Promise<number> {
  const end = performance.now() + most
  let longest = 0
  for (let n = 0; performance.now() < end && !isDone(); n++) {
    const start = performance.now()
    // A request comes in as an event of its own.
    await new Promise((resolve) => setImmediate(resolve))
    const { session } = await validateSession(tokenOf((n * 7918) % sessions))
    longest = Math.max(longest, performance.now() - start)
    if (!session) throw new Error("A live session is gone.")
  }
  return longest
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}

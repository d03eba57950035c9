import { DatabaseSync } from "node:sqlite"
import { createAuth } from "nightlatch"
import type { SessionAdapter } from "nightlatch"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { pgAdapter } from "nightlatch/adapters/pg"

import { postgresServer } from "../test/servers.ts"
import { fillPostgres, fillSqlite, tokenOf } from "./many-sessions.ts"

type Adapter = SessionAdapter<{ id: string }, {}>

const requests = 50
// Past half of the 30 days for which the sessions are made.
const later = Date.now() + 20 * 86_400_000

const db = new DatabaseSync(":memory:")
fillSqlite(db, { sessions: 10 })
const onSqlite = await stampede(nodeSqliteAdapter(db))

const server = await postgresServer({ max: 10 })
if (server) await fillPostgres(server.pool, { sessions: 10 })
const onPostgres = server && (await stampede(pgAdapter(server.pool)))
await server?.close()

console.table({ "node:sqlite": onSqlite, ...(onPostgres && { pg: onPostgres }) })

/** Validates one session for many requests at once, and counts what reaches the store. */
async function stampede(adapter: Adapter) {
  const counts = { requests, reads: 0, "writes sent": 0, "rows written": 0 }
  const counting: Adapter = {
    ...adapter,
    findSession: (id) => (counts.reads++, adapter.findSession(id)),
    async extendSession(...values) {
      counts["writes sent"]++
      const extended = await adapter.extendSession(...values)
      if (extended) counts["rows written"]++
      return extended
    },
  }
  const auth = createAuth({ adapter: counting, now: () => later })
  const validations = await Promise.all(Array.from({ length: requests }, () => auth.validateSession(tokenOf(1))))
  if (validations.some(({ session }) => !session)) throw new Error("A live session was turned down.")
  return counts
}

import { hash } from "node:crypto"
import { createAuth } from "nightlatch"
import { pgAdapter } from "nightlatch/adapters/pg"
import pg from "pg"

import { fillPostgres, tokenOf } from "./many-sessions.ts"
import { compete } from "./rounds.ts"
import type { Contest } from "./rounds.ts"

const sessions = 10_000
const name = `bench_${process.pid}`
const connectionString = process.env.NIGHTLATCH_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/test"
const pool = new pg.Pool({ connectionString, max: 10, options: `-c search_path=${name}` })

await pool.query(`CREATE SCHEMA ${name}`)
try {
  await compete(await contests())
} finally {
  await pool.query(`DROP SCHEMA ${name} CASCADE`)
  await pool.end()
}

async function contests(): Promise<Contest[]> {
  await fillPostgres(pool, { sessions })
  const adapter = pgAdapter<{ id: string; username: string }>(pool)
  const auth = createAuth({ adapter, getUserAttributes: ({ username }) => ({ username }) })
  const anyToken = (n: number) => tokenOf((n * 7919) % sessions)
  const validate = (n: number) => auth.validateSession(anyToken(n))
  const limit = (n: number) => byHand(anyToken(n))
  if ((await limit(1))?.user.username !== (await validate(1)).user?.username) throw new Error("One validates wrongly.")
  return [
    { name: "pg: validate, 1 in flight", limit, ours: validate },
    { name: "pg: validate, 64 at once", limit: atOnce(limit), ours: atOnce(validate) },
    { name: "pg: validate, 64 in callbacks", limit: inCallbacks(limit), ours: inCallbacks(validate) },
  ]
}

/** The least that is correct: one hash, and one prepared join for each lookup. */
async function byHand(token: string) {
  if (!/^[a-z2-7]{32}$/.test(token)) return null
  const id = hash("sha256", token, "hex")
  const text = `SELECT s.user_id, s.created_at, s.expires_at, u.username FROM session s JOIN "user" u ON u.id = s.user_id WHERE s.id = $1`
  const { rows } = await pool.query({ name: "validate", text, values: [id] })
  const [row] = rows
  if (!row || Date.now() >= Number(row.expires_at)) return null
  const { user_id: userId, username } = row
  return { session: { id, userId, expiresAt: new Date(Number(row.expires_at)) }, user: { id: userId, username } }
}

function atOnce(step: (n: number) => Promise<unknown>) {
  return (n: number) => Promise.all(Array.from({ length: 64 }, (_, k) => step(n * 64 + k)))
}

/** As the requests of a server arrive: each in a callback of its own. */
function inCallbacks(step: (n: number) => Promise<unknown>) {
  return atOnce((n) => new Promise((resolve) => setImmediate(() => resolve(step(n)))))
}

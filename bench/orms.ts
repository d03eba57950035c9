import { hash } from "node:crypto"
import Database from "better-sqlite3"
import { eq, sql } from "drizzle-orm"
import { drizzle as drizzleSqlite } from "drizzle-orm/better-sqlite3"
import { drizzle as drizzlePg } from "drizzle-orm/node-postgres"
import { bigint, pgTable, text as pgText } from "drizzle-orm/pg-core"
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core"
import type { Expression } from "kysely"
import { Kysely, PostgresDialect, SqliteDialect, sql as kyselySql } from "kysely"
import { createAuth } from "nightlatch"
import type { SessionAdapter } from "nightlatch"
import { drizzleAdapter } from "nightlatch/adapters/drizzle"
import { kyselyAdapter } from "nightlatch/adapters/kysely"
import type pg from "pg"

import { postgresServer } from "../test/servers.ts"
import { fillPostgres, fillSqlite, tokenOf } from "./many-sessions.ts"
import { compete } from "./rounds.ts"
import type { Contest } from "./rounds.ts"

interface UserRow {
  id: string
  username: string
}

interface Row {
  user_id: string
  created_at: number | string
  expires_at: number | string
  username: string
}

/** What Kysely knows of the tables. */
interface Tables {
  user: UserRow
  session: { id: string; user_id: string; created_at: number; expires_at: number }
}

/** The ORM's own way to the row of a session and its user, as fast as it goes. */
type Find = (id: string) => Row | undefined | Promise<Row | undefined>

const sessions = 100_000
const absoluteTimeout = 90 * 86_400_000

const db = new Database(":memory:")
fillSqlite(db, { sessions })
const server = await postgresServer({ max: 1 })
if (server) {
  await fillPostgres(server.pool, { sessions })
  // Else the server chooses for each statement anew whether it keeps the plan, and not alike for both.
  await server.pool.query("SET plan_cache_mode = force_generic_plan")
}

await compete([
  await contest("Drizzle, better-sqlite3", drizzleOnSqlite(db)),
  await contest("Kysely, better-sqlite3", kyselyOnSqlite(db)),
])
if (server)
  await compete([
    await contest("Drizzle, pg", drizzleOnPostgres(server.pool)),
    await contest("Kysely, pg", kyselyOnPostgres(server.pool)),
  ])
await server?.close()

async function contest(
  name: string,
  { find, adapter }: { find: Find; adapter: SessionAdapter<UserRow, {}> },
): Promise<Contest> {
  const { validateSession } = createAuth({ adapter, getUserAttributes: ({ username }) => ({ username }) })
  const tokens = Array.from({ length: sessions }, (_, n) => tokenOf((n * 7919) % sessions))
  for (const validate of [validateSession, (token: unknown) => byHand(find, token)]) {
    const { user } = (await validate(tokenOf(10))) ?? {}
    if (user?.username !== "name 1") throw new Error(`${name} validates wrongly.`)
  }
  return {
    name,
    limit: (n) => byHand(find, tokens[n % sessions]),
    ours: (n) => validateSession(tokens[n % sessions]),
  }
}

/** The least that is correct, but for the renewal, which no session here needs. */
async function byHand(find: Find, token: unknown) {
  if (typeof token !== "string" || !/^[a-z2-7]{32}$/.test(token)) return null
  const id = hash("sha256", token, "hex")
  const answer = find(id)
  const row = answer instanceof Promise ? await answer : answer
  if (!row) return null
  const [now, createdAt, expiresAt] = [Date.now(), Number(row.created_at), Number(row.expires_at)]
  if (now >= expiresAt || now >= createdAt + absoluteTimeout) return null
  const { user_id: userId, username } = row
  return {
    session: { id, userId, createdAt: new Date(createdAt), expiresAt: new Date(expiresAt) },
    user: { id: userId, username },
  }
}

function drizzleOnSqlite(client: Database.Database) {
  const user = sqliteTable("user", { id: text().primaryKey(), username: text().notNull() })
  const session = sqliteTable("session", {
    id: text().primaryKey(),
    userId: text("user_id").notNull(),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
  })
  const orm = drizzleSqlite(client)
  const prepared = orm
    .select({
      user_id: session.userId,
      created_at: session.createdAt,
      expires_at: session.expiresAt,
      username: user.username,
    })
    .from(session)
    .innerJoin(user, eq(user.id, session.userId))
    // The plus hides the value from the planner, which would plan the join anew for every token.
    .where(sql`${session.id} = +${sql.placeholder("id")}`)
    .prepare()
  return { find: (id: string) => prepared.get({ id }), adapter: drizzleAdapter(orm, { user, session }) }
}

function drizzleOnPostgres(client: pg.Pool) {
  const user = pgTable("user", { id: pgText().primaryKey(), username: pgText().notNull() })
  const session = pgTable("session", {
    id: pgText().primaryKey(),
    userId: pgText("user_id").notNull(),
    createdAt: bigint("created_at", { mode: "number" }).notNull(),
    expiresAt: bigint("expires_at", { mode: "number" }).notNull(),
  })
  const orm = drizzlePg(client)
  const prepared = orm
    .select({
      user_id: session.userId,
      created_at: session.createdAt,
      expires_at: session.expiresAt,
      username: user.username,
    })
    .from(session)
    .innerJoin(user, eq(user.id, session.userId))
    .where(eq(session.id, sql.placeholder("id")))
    .prepare("by_hand")
  const find = async (id: string) => (await prepared.execute({ id }))[0]
  return { find, adapter: drizzleAdapter(orm, { user, session }) }
}

function kyselyOnSqlite(database: Database.Database) {
  return kysely(new Kysely<Tables>({ dialect: new SqliteDialect({ database }) }), kyselySql<string>`+${""}`)
}

function kyselyOnPostgres(pool: pg.Pool) {
  return kysely(new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }), kyselySql<string>`${""}`)
}

/** Compiled once. Kysely's own dialects keep no prepared statement, whoever asks. */
function kysely(orm: Kysely<Tables>, id: Expression<string>) {
  const compiled = orm
    .selectFrom("session")
    .innerJoin("user", "user.id", "session.user_id")
    .select(["session.user_id", "session.created_at", "session.expires_at", "user.username"])
    .where("session.id", "=", id)
    .compile()
  const find = async (id: string) => (await orm.executeQuery<Row>({ ...compiled, parameters: [id] })).rows[0]
  return { find, adapter: kyselyAdapter<UserRow>(orm) }
}

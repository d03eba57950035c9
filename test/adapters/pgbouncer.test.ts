import { drizzle as drizzlePg } from "drizzle-orm/node-postgres"
import { drizzle as drizzlePostgresJs } from "drizzle-orm/postgres-js"
import { bigint, pgTable, text } from "drizzle-orm/pg-core"
import { Kysely, PostgresDialect } from "kysely"
import pg from "pg"
import postgres from "postgres"
import { afterAll, describe, expect, test } from "vitest"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import { kyselyAdapter } from "../../adapters/kysely.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { postgresAdapter } from "../../adapters/postgres.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { testAdapter } from "../../src/testing.ts"
import { pgbouncerServers, postgresDatabase } from "../servers.ts"
import type { TestAdapter, TestSession, TestUser } from "./sql-stores.ts"
import { pgPoolExecutor, testTables } from "./sql-stores.ts"
import { testTableNames } from "./test-table-names.ts"

/** An adapter over connections to PgBouncer. */
interface Pooled {
  adapter: TestAdapter
  close(): Promise<unknown>
}

const bouncers = await pgbouncerServers()
const database = bouncers && (await postgresDatabase())
afterAll(async () => {
  await database?.close()
  await bouncers?.close()
})
for (const statement of testTables("postgres", "text")) await database?.pool.query(statement)

const tables = {
  user: pgTable("user", { id: text().primaryKey(), username: text().notNull().unique() }),
  session: pgTable("session", {
    id: text().primaryKey(),
    userId: text("user_id").notNull(),
    createdAt: bigint("created_at", { mode: "number" }).notNull(),
    expiresAt: bigint("expires_at", { mode: "number" }).notNull(),
    label: text(),
  }),
  key: pgTable("user_key", {
    id: text().primaryKey(),
    userId: text("user_id").notNull(),
    hashedPassword: text("hashed_password"),
  }),
}
const adapters: Record<string, (url: string) => Pooled> = {
  "pgAdapter() over a pool": (url) => {
    const pool = openPool(url)
    return { adapter: pgAdapter<TestUser, TestSession, keyof TestUser>(pool), close: () => pool.end() }
  },
  "postgresAdapter() with prepare: false": (url) => {
    const sql = postgres(url, { max: 4, prepare: false, onnotice: () => undefined })
    return { adapter: postgresAdapter<TestUser, TestSession, keyof TestUser>(sql), close: () => sql.end() }
  },
  "drizzleAdapter() over pg": (url) => {
    const pool = openPool(url)
    return { adapter: drizzleAdapter(drizzlePg(pool), tables) as unknown as Pooled["adapter"], close: () => pool.end() }
  },
  "drizzleAdapter() over postgres.js with prepare: false": (url) => {
    const sql = postgres(url, { max: 4, prepare: false, onnotice: () => undefined })
    return {
      adapter: drizzleAdapter(drizzlePostgresJs(sql), tables) as unknown as Pooled["adapter"],
      close: () => sql.end(),
    }
  },
  "kyselyAdapter()": (url) => {
    const db = new Kysely<object>({ dialect: new PostgresDialect({ pool: openPool(url) }) })
    return { adapter: kyselyAdapter<TestUser, TestSession, keyof TestUser>(db), close: () => db.destroy() }
  },
  "sqlAdapter()": (url) => {
    const pool = openPool(url)
    const adapter = sqlAdapter<TestUser, TestSession, keyof TestUser>({
      dialect: "postgres",
      executor: pgPoolExecutor(pool),
    })
    return { adapter: adapter, close: () => pool.end() }
  },
}

describe.skipIf(!database).each(["transaction", "session"])("behind PgBouncer in %s mode", (mode) => {
  const [transaction = "", session = ""] = bouncers?.urls ?? []
  const address = new URL((mode === "session" ? session : transaction) || "postgres://none")
  address.pathname = `/${database?.name}`

  describe.each(Object.entries(adapters))("%s", (_, open) => {
    if (mode === "transaction")
      testAdapter(test, async () => {
        await emptyTables()
        const { adapter, close } = open(address.href)
        return { adapter, addUser: ({ id, username }) => addUser(id, username), close }
      })

    test("many sign-ins, validations and sign-outs at once all succeed", async () => {
      await emptyTables()
      const { adapter, close } = open(address.href)
      const auth = createAuth({ adapter })
      const visits = Array.from({ length: 48 }, async (_, n) => {
        await adapter.insertUser({ id: `u${n}`, attributes: { username: `n${n}` } }, keyOf(n))
        const { token, session } = await auth.createSession(`u${n}`)
        const seen = await Promise.all([1, 2, 3].map(() => auth.validateSession(token)))
        await auth.invalidateSession(session.id)
        if (n % 2) await adapter.deleteUser(`u${n}`)
        return seen.every(({ user }) => user?.id === `u${n}`) && (await auth.validateSession(token)).session === null
      })
      expect(await Promise.all(visits)).toEqual(visits.map(() => true))
      await close()
    })
  })
})

const keyOf = (n: number) => ({ providerId: "username", providerUserId: `n${n}`, passwordHash: null })

function openPool(url: string): pg.Pool {
  return new pg.Pool({ connectionString: url, max: 4 }).on("error", () => undefined)
}

async function addUser(id: unknown, username: string): Promise<void> {
  await database?.pool.query(`INSERT INTO "user" (id, username) VALUES ($1, $2)`, [id, username])
}

async function emptyTables(): Promise<void> {
  for (const table of testTableNames) await database?.pool.query(`DELETE FROM "${table}"`)
}

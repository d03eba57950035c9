import { mkdtempSync, rmSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { createClient } from "@libsql/client"
import Database from "better-sqlite3"
import mysql from "mysql2/promise"
import pg from "pg"
import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { betterSqlite3Executor } from "../../adapters/better-sqlite3.ts"
import { bunSqliteExecutor } from "../../adapters/bun-sqlite.ts"
import { drizzleExecutor } from "../../adapters/drizzle.ts"
import { kyselyExecutor } from "../../adapters/kysely.ts"
import { libsqlExecutor } from "../../adapters/libsql.ts"
import { mysql2Executor } from "../../adapters/mysql2.ts"
import type { Mysql2Pool } from "../../adapters/mysql2.ts"
import { nodeSqliteExecutor } from "../../adapters/node-sqlite.ts"
import { pgExecutor } from "../../adapters/pg.ts"
import { postgresExecutor } from "../../adapters/postgres.ts"
import type { DialectName, DriverExecutor } from "../../adapters/sql.ts"
import { revocationSchema, sqlAdapter, sqlRevocations } from "../../adapters/sql.ts"
import { manualClock, testAdapter } from "../../src/testing.ts"
import { mysqlServer, postgresServer } from "../servers.ts"
import { postgresJs } from "./driver-stores.ts"
import type { DrizzleShape } from "./drizzle-stores.ts"
import { openBetterSqlite3, openLibsql, openMysql2, openPg, openPostgresJs } from "./drizzle-stores.ts"
import { kyselyStores } from "./kysely-stores.ts"
import type { TestSession, TestUser } from "./sql-stores.ts"
import { testTables } from "./sql-stores.ts"
import { testTableNames } from "./test-table-names.ts"

interface Case {
  name: string
  executor: DriverExecutor
  /** Runs in a transaction of the application's; absent where the driver has its transactions on the one connection. */
  inTransaction?: (run: (inside: DriverExecutor) => Promise<void>) => Promise<unknown>
  close(): unknown
}

const session = {
  id: "s1",
  userId: "bob",
  createdAt: new Date(1_700_000_000_000),
  expiresAt: new Date(2_000_000_000_000),
  attributes: {},
}
const key = { providerId: "username", providerUserId: "alice", passwordHash: "$argon2id$secret" }
const alice = { id: "alice", attributes: { username: "alice" } }
const bob = { id: "bob", attributes: { username: "bob" } }

const cases = [...(await sqliteCases()), ...(await serverCases()), ...(await kyselyCases()), ...(await drizzleCases())]
afterAll(async () => {
  for (const { close } of cases) await close()
})

for (const { name, executor, inTransaction } of cases) {
  const { dialect } = executor
  const adapter = sqlAdapter<TestUser, TestSession, keyof TestUser>({ dialect, executor })
  const quote = dialect === "mysql" ? "`" : '"'
  const empty = async () => {
    for (const table of testTableNames) await executor.execute(`DELETE FROM ${quote}${table}${quote}`, [])
  }

  // The others are what the drivers' adapters are made of, which have these cases.
  describe.runIf(name.startsWith("drizzle"))(`${name} under sqlAdapter()`, () => {
    testAdapter(test, async () => {
      await empty()
      return {
        adapter,
        addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
      }
    })
  })

  describe(name, () => {
    beforeEach(empty)

    test("carries the revocations of stateless sessions", async () => {
      const now = manualClock()
      const revocations = sqlRevocations({ dialect, executor, now })
      for (const statement of revocationSchema(dialect)) await executor.execute(statement, [])
      await Promise.all([60, 30, 90].map((seconds) => revocations.revoke("a", new Date(now() + seconds * 1000))))
      await revocations.revoke("b", new Date(now() + 1000))
      expect(await revocations.isRevoked(["a"])).toBe(true)
      expect(await revocations.isRevoked(["c"])).toBe(false)
      now.advance(89_000)
      expect(await revocations.isRevoked(["b", "a"])).toBe(true)
      expect(await revocations.deleteExpiredRevocations()).toBe(1)
      now.advance(1000)
      expect(await revocations.isRevoked(["a"])).toBe(false)
    })

    test("all of a batch happens, or nothing", async () => {
      expect(await adapter.insertUser(alice, key)).toMatchObject({ user: { id: "alice" } })
      expect(await adapter.insertUser(bob, key)).toEqual({ taken: "key" })
      expect(await adapter.findUser("bob")).toBeNull()
    })

    test("its errors are the driver's, and hold no values", async () => {
      await adapter.insertUser(alice, key)
      const place = { sqlite: "+?", postgres: "$1", mysql: "?" }[dialect]
      const text = `INSERT INTO user_key (id, user_id, hashed_password) VALUES ('username:alice', 'alice', ${place})`
      const error: unknown = await executor.execute(text, ["a secret"]).catch((reason: unknown) => reason)
      const codes = { sqlite: /UNIQUE constraint failed/, postgres: "23505", mysql: 1062 }
      const { message, code, errno } = error as { message: string; code?: string; errno?: number }
      expect({ sqlite: message, postgres: code, mysql: errno }[dialect]).toEqual(
        dialect === "sqlite" ? expect.stringMatching(codes.sqlite) : codes[dialect],
      )
      if (/^(?:drizzle|kysely)/.test(name))
        expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("secret")
    })

    // Of these the application's code is a callback, at whose end the driver commits.
    test.runIf(inTransaction && /^(?:drizzle|kysely|postgresE)/.test(name))(
      "the application's transaction is committed with what followed a refusal",
      async () => {
        await adapter.insertUser(alice, key)
        await inTransaction?.(async (inside) => {
          const own = sqlAdapter<TestUser, TestSession, keyof TestUser>({
            dialect,
            executor: inside,
            inTransaction: true,
          })
          expect(await own.insertUser(bob, key)).toEqual({ taken: "key" })
          await own.insertUser(bob, null)
        })
        expect(await adapter.findUser("bob")).toMatchObject({ id: "bob" })
      },
    )

    test.runIf(inTransaction)(
      "writes inside the application's transaction, which a refusal leaves usable",
      async () => {
        await adapter.insertUser(alice, key)
        await inTransaction?.(async (inside) => {
          const own = sqlAdapter<TestUser, TestSession, keyof TestUser>({
            dialect,
            executor: inside,
            inTransaction: true,
          })
          expect(await own.insertUser(bob, key)).toEqual({ taken: "key" })
          expect(await own.insertUser(bob, { ...key, providerUserId: "bob" })).toMatchObject({ user: { id: "bob" } })
          await own.insertSession(session)
          throw new RolledBack()
        }).catch((error: unknown) => expect(error).toBeInstanceOf(RolledBack))
        expect(await adapter.findUser("bob")).toBeNull()
        expect(await adapter.findSession("s1")).toBeNull()
      },
    )
  })
}

test("a placeholder in a name or a text stays what it is, over Drizzle", async () => {
  for (const { name, executor } of cases.filter((one) => one.name.startsWith("drizzle"))) {
    const place = { sqlite: "?", postgres: "$1::text", mysql: "?" }[executor.dialect]
    const mark = executor.dialect === "postgres" ? "$1" : "?"
    const quote = executor.dialect === "mysql" ? "`" : '"'
    const text = `SELECT '${mark}' AS a, ${place} AS ${quote}b${mark}${quote}`
    expect(await executor.query(text, ["x"]), name).toEqual([{ a: mark, [`b${mark}`]: "x" }])
  }
})

test("an executor over a pool is not shared, because what is made of it may choose a tenant", () => {
  const pool = mysql.createPool({}) as unknown as Mysql2Pool
  expect([pgExecutor(new pg.Pool()).shared, mysql2Executor(pool).shared]).toEqual([false, false])
  expect(pgExecutor(new pg.Pool(), { shared: true }).shared).toBe(true)
})

test("an adapter and an executor over one connection take turns", async () => {
  const order: string[] = []
  const client = {
    query: async ({ text }: { text: string }) => {
      order.push(text)
      await new Promise((resolve) => setTimeout(resolve, 2))
      return { rows: [], rowCount: 0 }
    },
  }
  const first = pgExecutor(client as never)
  const second = pgExecutor(client as never)
  const inside = { sql: "inside", params: [] }
  await Promise.all([first.batch?.([inside, inside]), second.execute("outside", [])])
  expect(order).toEqual(["BEGIN", "inside", "inside", "COMMIT", "outside"])
})

test("what is no database of these is refused", () => {
  const bad = expect.objectContaining({ code: "invalid_option" })
  expect(() => drizzleExecutor({} as never)).toThrow(bad)
  expect(() => kyselyExecutor(cases as never, { dialect: "oracle" as "mysql" })).toThrow(bad)
  const pool = { totalCount: 0 } as never
  expect(() => pgExecutor(pool, { inTransaction: true })).toThrow(bad)
  expect(() => mysql2Executor({ getConnection: 0 } as never, { inTransaction: true })).toThrow(bad)
  expect(() => postgresExecutor({ begin: 0 } as never)).toThrow(/needs version 3.4/)
})

class RolledBack extends Error {}

async function sqliteCases(): Promise<Case[]> {
  const node = new DatabaseSync(":memory:")
  const [better, asBun] = [new Database(":memory:"), new Database(":memory:")]
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const libsql = createClient({ url: `file:${join(folder, "app.db")}`, timeout: 20_000 })
  for (const statement of testTables("sqlite", "text")) {
    for (const db of [node, better, asBun]) db.exec(statement)
    await libsql.execute(statement)
  }
  return [
    { name: "nodeSqliteExecutor()", executor: nodeSqliteExecutor(node), close: () => node.close() },
    { name: "betterSqlite3Executor()", executor: betterSqlite3Executor(better), close: () => better.close() },
    {
      name: "bunSqliteExecutor() over what has its methods",
      executor: bunSqliteExecutor(asBun),
      close: () => asBun.close(),
    },
    {
      name: "libsqlExecutor()",
      executor: libsqlExecutor(libsql),
      async inTransaction(run) {
        const transaction = await libsql.transaction("write")
        try {
          await run(libsqlExecutor(transaction))
        } finally {
          await transaction.rollback()
        }
      },
      close() {
        libsql.close()
        rmSync(folder, { recursive: true })
      },
    },
  ]
}

async function serverCases(): Promise<Case[]> {
  return [...(await postgresCases()), ...(await mysqlCases())]
}

async function postgresCases(): Promise<Case[]> {
  const server = await postgresServer()
  if (!server) return []
  const { pool } = server
  for (const statement of testTables("postgres", "text")) await pool.query(statement)
  const client = await server.connect()
  if (!(client instanceof pg.Client)) throw new Error("Not a client.")
  const sql = await postgresJs(server)
  return [
    {
      name: "pgExecutor() over a pool",
      executor: pgExecutor(pool),
      async inTransaction(run) {
        const inside = await pool.connect()
        await inside.query("BEGIN")
        try {
          await run(pgExecutor(inside, { inTransaction: true }))
        } finally {
          await inside.query("ROLLBACK")
          inside.release()
        }
      },
      close: () => undefined,
    },
    { name: "pgExecutor() over a client", executor: pgExecutor(client), close: () => client.end() },
    {
      name: "postgresExecutor()",
      executor: postgresExecutor(sql),
      inTransaction: (run) => sql.begin((inside) => run(postgresExecutor(inside))),
      async close() {
        await sql.end()
        await server.close()
      },
    },
  ]
}

async function mysqlCases(): Promise<Case[]> {
  const server = await mysqlServer()
  if (!server) return []
  const { pool } = server
  for (const statement of testTables("mysql", "text")) await pool.query(statement)
  return [
    {
      name: "mysql2Executor() over a pool",
      executor: mysql2Executor(pool),
      async inTransaction(run) {
        const inside = await pool.getConnection()
        await inside.beginTransaction()
        try {
          await run(mysql2Executor(inside, { inTransaction: true }))
        } finally {
          await inside.rollback()
          inside.release()
        }
      },
      close: server.close,
    },
  ]
}

async function kyselyCases(): Promise<Case[]> {
  return (await kyselyStores()).map(({ name, db, close }) => ({
    name: `kyselyExecutor() on ${name}`,
    executor: kyselyExecutor(db),
    inTransaction: (run) => db.transaction().execute((inside) => run(kyselyExecutor(inside))),
    close,
  }))
}

/** What is used here of the tables is what they are made by. */
function shapeOf(dialect: DialectName): DrizzleShape {
  return { name: dialect, tables: {} as never, ddl: testTables(dialect, "text") }
}

async function drizzleCases(): Promise<Case[]> {
  const better = await openBetterSqlite3(shapeOf("sqlite"))
  const libsql = await openLibsql(shapeOf("sqlite"))
  const node = await openPg(shapeOf("postgres"))
  const postgres = await openPostgresJs(shapeOf("postgres"))
  const mysql = await openMysql2(shapeOf("mysql"))
  const made: (Case | null)[] = [
    // A transaction of better-sqlite3's takes no promise.
    { name: "drizzleExecutor() on better-sqlite3", executor: drizzleExecutor(better.db), close: better.close },
    {
      name: "drizzleExecutor() on libsql",
      executor: drizzleExecutor(libsql.db),
      inTransaction: (run) => libsql.db.transaction((inside) => run(drizzleExecutor(inside))),
      close: libsql.close,
    },
    node && {
      name: "drizzleExecutor() on node-postgres",
      executor: drizzleExecutor(node.db),
      inTransaction: (run) => node.db.transaction((inside) => run(drizzleExecutor(inside))),
      close: node.close,
    },
    postgres && {
      name: "drizzleExecutor() on postgres.js",
      executor: drizzleExecutor(postgres.db),
      inTransaction: (run) => postgres.db.transaction((inside) => run(drizzleExecutor(inside))),
      close: postgres.close,
    },
    mysql && {
      name: "drizzleExecutor() on mysql2",
      executor: drizzleExecutor(mysql.db),
      inTransaction: (run) => mysql.db.transaction((inside) => run(drizzleExecutor(inside))),
      close: mysql.close,
    },
  ]
  return made.filter((one) => one !== null)
}

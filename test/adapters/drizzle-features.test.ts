import Database from "better-sqlite3"
import { drizzle } from "drizzle-orm/better-sqlite3"
import { bigint, integer, pgSchema, pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { integer as sqliteInteger, sqliteTable, text as sqliteText } from "drizzle-orm/sqlite-core"
import { afterAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest"
import type { DrizzleDatabase } from "../../adapters/drizzle.ts"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import type { AuditAdapter } from "../../src/audit.ts"
import type { PasskeyAdapter, PasskeyRecord } from "../../src/passkeys/passkey-port.ts"
import { sessionId, sessionOf } from "../../src/testing/session-fixture.ts"
import type { ThrottleAdapter } from "../../src/throttle.ts"
import type { TokenAdapter, TokenRecord } from "../../src/tokens.ts"
import type { TotpAdapter } from "../../src/totp/totp-port.ts"
import { postgresServer } from "../servers.ts"
import { postgresFeatures } from "./drizzle-feature-tables.ts"
import { mysqlMilliseconds } from "./drizzle-mysql-tables.ts"
import { postgresTimestamps } from "./drizzle-postgres-tables.ts"
import { sqliteMilliseconds } from "./drizzle-sqlite-tables.ts"
import { emptyDrizzle, openLibsql, openMysql2, openPg, openPostgresJs } from "./drizzle-stores.ts"

const user = "user-1"
const purpose = "reset_password"
const { tables } = sqliteMilliseconds
const plain = { user: tables.user, session: tables.session, key: tables.key }

const sqlite = drizzle(new Database(":memory:"))

describe("the ports of drizzleAdapter()", () => {
  test("are those whose tables are given", () => {
    const none = drizzleAdapter(sqlite, plain)
    expectTypeOf(none).not.toExtend<TokenAdapter>()
    expect(Object.keys(none)).not.toContain("insertTokens")
    const one = drizzleAdapter(sqlite, { ...plain, token: tables.token })
    expectTypeOf(one).toExtend<TokenAdapter>()
    expectTypeOf(one).not.toExtend<ThrottleAdapter>()
    expect(Object.keys(one)).toContain("takeToken")
    expect(Object.keys(one)).not.toContain("takeAttempt")
    const { user: users, session, attempt, event } = tables
    const others = drizzleAdapter(sqlite, { user: users, session, attempt, event })
    expectTypeOf(others).toExtend<ThrottleAdapter & AuditAdapter>()
    expect(Object.keys(others)).toEqual(expect.arrayContaining(["takeAttempt", "insertEvents", "findSession"]))
    expect(Object.keys(others)).not.toContain("insertUser")
    const factors = drizzleAdapter(sqlite, { ...plain, totp: tables.totp, passkey: tables.passkey })
    expectTypeOf(factors).toExtend<TotpAdapter & PasskeyAdapter>()
    expectTypeOf(others).not.toExtend<TotpAdapter>()
    expectTypeOf(others).not.toExtend<PasskeyAdapter>()
    expect(Object.keys(factors)).toEqual(expect.arrayContaining(["takeStep", "recordPasskeyUse", "insertUser"]))
    expect(Object.keys(factors)).not.toContain("takeToken")
  })

  test("an unknown table is refused by name", () => {
    const wrong = { ...plain, tokens: tables.token }
    expect(() => drizzleAdapter(sqlite, wrong)).toThrow('did you mean "token"?')
  })

  const refused: [string, object, string][] = [
    [
      "a timestamp",
      { expires_at: timestamp("expires_at") },
      'the column "expires_at" is timestamp, which Drizzle reads as a date; make it bigint("expires_at"',
    ],
    ["an integer of 32 bits", { expires_at: integer("expires_at") }, 'the column "expires_at" is integer'],
    [
      "a time that may not be null",
      { expires_at: bigint("expires_at", { mode: "number" }).notNull() },
      'the column "expires_at" refuses null',
    ],
    ["a user who may not be null", { user_id: text("user_id").notNull() }, 'the column "user_id" refuses null'],
    [
      "another type of user ids",
      { user_id: integer("user_id") },
      `the column "user_id" holds a number and the user's "id" a string`,
    ],
    ["a missing column", { data: text("contents") }, 'the table has no column "data"'],
    ["a column named by its property only", { user_id: text("userId") }, 'the table has no column "user_id"'],
  ]
  test.for(refused)("%s is refused at the start", ([, changes, message]) => {
    const columns = {
      id: text().primaryKey(),
      purpose: text().notNull(),
      user_id: text(),
      expires_at: bigint({ mode: "number" }),
      attempts: integer().notNull(),
      data: text().notNull(),
    }
    const own = postgresTimestamps.tables
    const open = (token: object) => {
      return drizzleAdapter(sqlite, {
        ...own,
        token: pgTable("auth_token", { ...columns, ...token }),
        attempt: undefined,
      })
    }
    expect(() => open({})).not.toThrow()
    expect(() => open(changes)).toThrow(`token: ${message}`)
  })

  test("times and counters of authenticators and passkeys that cannot hold them are refused at the start", () => {
    const big = (name: string) => bigint(name, { mode: "number" })
    const words = ["aaguid", "transports", "name", "public_key"].map((name) => [name, text(name).notNull()] as const)
    const flags = ["algorithm", "backup_eligible", "backed_up"].map((name) => [name, integer(name).notNull()] as const)
    const times = { created_at: big("created_at").notNull(), used_at: big("used_at") }
    const passkey = (changes: object) => {
      const columns = { id: text().primaryKey(), user_id: text().notNull(), sign_count: big("sign_count").notNull() }
      return pgTable("user_passkey", { ...Object.fromEntries([...words, ...flags]), ...columns, ...times, ...changes })
    }
    const open = (given: object) => drizzleAdapter(sqlite, { ...postgresTimestamps.tables, ...given })
    expect(() => open({ passkey: passkey({}) })).not.toThrow()
    const refused: [object, string][] = [
      [
        { created_at: timestamp() },
        '"created_at" is timestamp, which Drizzle reads as a date; make it bigint("created_at"',
      ],
      [{ sign_count: integer() }, '"sign_count" is integer'],
      [{ used_at: big("used_at").notNull() }, '"used_at" refuses null'],
    ]
    for (const [changes, message] of refused)
      expect(() => open({ passkey: passkey(changes) })).toThrow(`passkey: the column ${message}`)
    const totp = pgTable("user_totp", {
      user_id: text().primaryKey(),
      secret: text(),
      used_step: big("used_step"),
      created_at: timestamp(),
    })
    expect(() => open({ totp })).toThrow('totp: the column "created_at" is timestamp')
  })

  test("SQLite's integers that Drizzle reads as dates are refused at the start", () => {
    const until = sqliteInteger({ mode: "timestamp_ms" }).notNull()
    const attempt = sqliteTable("auth_attempt", { id: sqliteText().primaryKey(), until })
    const message = 'attempt: the column "until" is integer, which Drizzle reads as a date; make it integer("until")'
    expect(() => drizzleAdapter(sqlite, { ...plain, attempt })).toThrow(message)
  })
})

await features("libsql", await openLibsql(sqliteMilliseconds), sqliteMilliseconds)
await features("node-postgres", await openPg(postgresTimestamps), postgresTimestamps)
await features("postgres.js", await openPostgresJs(postgresTimestamps), postgresTimestamps)
await features("mysql2", await openMysql2(mysqlMilliseconds), mysqlMilliseconds)

type Shape = typeof sqliteMilliseconds | typeof postgresTimestamps | typeof mysqlMilliseconds
type Store = NonNullable<
  Awaited<ReturnType<typeof openPg | typeof openLibsql | typeof openMysql2 | typeof openPostgresJs>>
>

async function features(driver: string, store: Store | null, shape: Shape): Promise<void> {
  if (!store) return
  const open = (db: DrizzleDatabase) => drizzleAdapter(db, shape.tables as typeof postgresTimestamps.tables)
  const adapter = open(store.db)
  const inTransaction = (run: (inside: ReturnType<typeof open>) => Promise<unknown>) => {
    const db = store.db as { transaction(call: (tx: DrizzleDatabase) => Promise<unknown>): Promise<unknown> }
    return db.transaction((tx) => run(open(tx)))
  }

  describe(`the features of drizzleAdapter() on ${driver}`, () => {
    afterAll(store.close)
    beforeEach(async () => {
      await emptyDrizzle(store, shape)
      await adapter.insertUser({ id: user, attributes: { username: "ada" } }, null)
    })

    test("a user's tokens are deleted with the user, and all of it or nothing", async () => {
      await adapter.insertTokens([tokenOf(1), tokenOf(2)])
      await adapter.insertTokens([tokenOf(3, { userId: null })])
      await expect(
        inTransaction(async (inside) => {
          await inside.deleteUser(user)
          expect(await inside.findToken(tokenOf(1).id)).toBeNull()
          throw new Error("changed my mind")
        }),
      ).rejects.toThrow("changed my mind")
      expect(await adapter.countTokens(user, purpose)).toBe(2)
      await adapter.deleteUser(user)
      const left = await rows(`SELECT id FROM auth_token`)
      expect(left).toHaveLength(1)
      expect(await adapter.findToken(tokenOf(3).id)).toMatchObject({ userId: null })
    })

    test("authenticators and passkeys are deleted with the user, and all of it or nothing", async () => {
      await adapter.insertTotp(user, "sealed", 1, false)
      await adapter.insertPasskey(passkeyOf("a"))
      const undone = inTransaction(async (inside) => {
        await inside.deleteUser(user)
        expect(await inside.findTotp(user)).toBeNull()
        throw new Error("changed my mind")
      })
      await expect(undone).rejects.toThrow("changed my mind")
      expect(await adapter.listPasskeys(user)).toEqual([passkeyOf("a")])
      expect(await adapter.findTotp(user)).toEqual({ secret: "sealed", usedStep: 1 })
      await adapter.deleteUser(user)
      for (const table of ["user_totp", "user_passkey"]) expect(await rows(`SELECT user_id FROM ${table}`)).toEqual([])
    })

    test("the last key may go if its user has a passkey", async () => {
      const key = { providerId: "email", providerUserId: "a", userId: user, passwordHash: null }
      await adapter.insertUser({ id: "user-2", attributes: { username: "bob" } }, null)
      await adapter.insertKey(key)
      await adapter.insertPasskey(passkeyOf("a", "user-2"))
      expect(await adapter.deleteKey(key)).toBe("last_key")
      await adapter.insertPasskey(passkeyOf("b"))
      expect(await adapter.deleteKey(key)).toBe("deleted")
    })

    test("one of 50 callers uses up a time step, and a counter that rises", async () => {
      const fifty = <Result>(call: () => Promise<Result>) => Promise.all(Array.from({ length: 50 }, call))
      await adapter.insertTotp(user, "sealed", 1, true)
      await adapter.insertPasskey(passkeyOf("AbC"))
      const steps = await fifty(() => adapter.takeStep(user, 2, "resealed", "sealed"))
      expect(steps.filter(Boolean)).toEqual([true])
      expect(await adapter.findTotp(user)).toEqual({ secret: "resealed", usedStep: 2 })
      const use = { signCount: 4_294_967_295, backedUp: true, usedAt: new Date(2) }
      const uses = await fifty(() => adapter.recordPasskeyUse("AbC", { signCount: 0 }, use))
      expect(uses.filter(Boolean)).toEqual([true])
      expect(await adapter.findPasskey("AbC")).toEqual({ ...passkeyOf("AbC"), ...use })
      expect(await adapter.findPasskey("abc")).toBeNull()
    })

    test("calls of all ports that overlap in a transaction take turns", async () => {
      await adapter.insertTokens([tokenOf(7), tokenOf(8), tokenOf(9)])
      await inTransaction(async (inside) => {
        const results = await Promise.all([
          inside.insertTokens([tokenOf(1), tokenOf(2)], { userId: user, purpose, keep: 9 }),
          inside.insertSession(labelled(1)),
          inside.insertTokens([tokenOf(8)]),
          inside.insertKey({ providerId: "email", providerUserId: "a", userId: user, passwordHash: null }),
          inside.takeAttempt("ada", 1000, 10, 100),
          inside.insertSession(labelled(2)),
          inside.takeToken(tokenOf(9).id),
          inside.tryToken(tokenOf(7).id, 5),
        ])
        expect(results).toMatchObject([
          true,
          undefined,
          false,
          "inserted",
          { taken: true, until: 1010 },
          undefined,
          {},
          {},
        ])
        expect(await inside.insertTokens([tokenOf(1)])).toBe(false)
        await expect(inside.insertTokens([tokenOf(4, { userId: "nobody" })])).rejects.toMatchObject({
          code: "user_missing",
        })
        expect(await inside.countTokens(user, purpose)).toBe(4)
      })
      expect(await adapter.countTokens(user, purpose)).toBe(4)
      expect((await adapter.findToken(tokenOf(7).id))?.attempts).toBe(1)
      expect((await adapter.findSession(sessionId(2)))?.session.userId).toBe(user)
      expect(await adapter.takeToken(tokenOf(9).id)).toBeNull()
    })

    test("what was taken in a transaction that fails is there again", async () => {
      await adapter.insertTokens([tokenOf(1)])
      const failed = inTransaction(async (inside) => {
        expect(await inside.takeToken(tokenOf(1).id)).toEqual(tokenOf(1))
        await inside.takeAttempt("ada", 1000, 10, 100)
        throw new Error("the order was refused")
      })
      await expect(failed).rejects.toThrow("the order was refused")
      expect(await adapter.takeToken(tokenOf(1).id)).toEqual(tokenOf(1))
      expect(await adapter.takeAttempt("ada", 1000, 10, 100)).toEqual({ taken: true, until: 1010 })
    })

    test("one of 50 callers takes a token", async () => {
      await adapter.insertTokens([tokenOf(1)])
      const taken = await Promise.all(Array.from({ length: 50 }, () => adapter.takeToken(tokenOf(1).id)))
      expect(taken.filter((token) => token !== null)).toEqual([tokenOf(1)])
    })

    async function rows(sql: string): Promise<unknown[]> {
      const result: unknown = await store?.run(sql)
      if (Array.isArray(result)) return Array.isArray(result[0]) ? (result[0] as unknown[]) : [...(result as unknown[])]
      return (result as { rows: unknown[] }).rows
    }
  })
}

test("tables of other names in another schema are found", async (context) => {
  const server = await postgresServer()
  if (!server) return context.skip()
  const { drizzle: drizzlePg } = await import("drizzle-orm/node-postgres")
  const name = `apart_${crypto.randomUUID().slice(0, 8)}`
  const { ddl, tables: own } = postgresTimestamps
  const apart = ddl
    .filter((sql) => sql.includes("auth_attempt"))
    .map((sql) => sql.replace(' "auth_attempt"', ` "${name}"."budget"`))
  for (const sql of [...ddl.filter((one) => !one.includes("auth_")), `CREATE SCHEMA ${name}`, apart[0]!])
    await server.pool.query(sql)
  const columns = { id: text().primaryKey(), until: bigint({ mode: "number" }).notNull() }
  const attempt = pgSchema(name).table("budget", columns)
  const adapter = drizzleAdapter(drizzlePg(server.pool), { ...own, token: postgresFeatures("text").token, attempt })
  expect(await adapter.takeAttempt("ada", 1000, 10, 100)).toEqual({ taken: true, until: 1010 })
  const { rows } = await server.pool.query(`SELECT until FROM ${name}.budget`)
  expect(rows).toEqual([{ until: "1010" }])
  await expect(adapter.insertTokens([tokenOf(1)])).rejects.toThrow('"auth_token" does not exist')
  // Without a table of tokens there is none to delete.
  await server.pool.query(`DROP SCHEMA ${name} CASCADE`)
  await server.close()
})

function labelled(n: number) {
  return { ...sessionOf(user, n), attributes: { label: null } }
}

function passkeyOf(id: string, userId = user): PasskeyRecord {
  const flags = { signCount: 0, backupEligible: true, backedUp: false }
  const rest = {
    publicKey: "AA",
    algorithm: -8 as const,
    aaguid: "",
    transports: ["usb"],
    name: "Schlüssel",
    usedAt: null,
  }
  return { id, userId, ...flags, ...rest, createdAt: new Date(1) }
}

function tokenOf(n: number, changes: Partial<TokenRecord> = {}): TokenRecord {
  const id = n.toString(16).padStart(64, "0")
  return { id, purpose, userId: user, expiresAt: new Date(Date.UTC(2035, 0, n)), attempts: 0, data: "", ...changes }
}

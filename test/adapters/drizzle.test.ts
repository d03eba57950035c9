import { inspect } from "node:util"
import { eq, sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/better-sqlite3"
import { date as pgDate, integer as pgInteger, pgTable, text as pgText, timestamp } from "drizzle-orm/pg-core"
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core"
import { afterAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import { createAuth } from "../../src/index.ts"
import { mysqlMilliseconds } from "./drizzle-mysql-tables.ts"
import { postgresTimestamps } from "./drizzle-postgres-tables.ts"
import { sqliteMilliseconds, sqliteSeconds } from "./drizzle-sqlite-tables.ts"
import { emptyDrizzle, openBetterSqlite3, openLibsql, openMysql2, openPg, openPostgresJs } from "./drizzle-stores.ts"
import type { DrizzleShape, DrizzleStore } from "./drizzle-stores.ts"

const key = { providerId: "username", providerUserId: "alice", passwordHash: "$argon2id$secret" }
const alice = { id: "alice", attributes: { username: "alice" } }
const session = {
  id: "s1",
  userId: "alice",
  createdAt: new Date(1_700_000_000_000),
  expiresAt: new Date(2_000_000_000_000),
  attributes: { label: null },
}

const shapes = { sqlite: sqliteMilliseconds, postgres: postgresTimestamps, mysql: mysqlMilliseconds }
const opened: { name: string; shape: DrizzleShape; store: DrizzleStore | null }[] = [
  { name: "better-sqlite3", shape: shapes.sqlite, store: await openBetterSqlite3(shapes.sqlite) },
  { name: "libsql", shape: shapes.sqlite, store: await openLibsql(shapes.sqlite) },
  { name: "node-postgres", shape: shapes.postgres, store: await openPg(shapes.postgres) },
  { name: "postgres.js", shape: shapes.postgres, store: await openPostgresJs(shapes.postgres) },
  { name: "mysql2", shape: shapes.mysql, store: await openMysql2(shapes.mysql) },
]

afterAll(async () => {
  for (const { store } of opened) await store?.close()
})

for (const { name, shape, store } of opened) {
  if (!store) continue
  describe(name, () => {
    // The shapes are alike in what these tests touch; the types of one stand for all.
    const tables = shape.tables as unknown as (typeof sqliteMilliseconds)["tables"]
    const adapter = drizzleAdapter(store.db, tables)
    beforeEach(() => emptyDrizzle(store, shape))

    test("a validation is one statement, and a malformed token none", async () => {
      const auth = createAuth({ adapter })
      await adapter.insertUser(alice, key)
      const { token } = await auth.createSession("alice", { label: null })
      store.sent.length = 0
      expect(await auth.validateSession(token)).toMatchObject({ user: { id: "alice" } })
      expect(store.sent).toHaveLength(1)
      for (const malformed of ["", "short", `${token} `, `${token}'--`]) await auth.validateSession(malformed)
      expect(store.sent).toHaveLength(1)
    })

    test("the user is found though the first column of the row is null", async () => {
      await adapter.insertUser(alice, null)
      await adapter.insertSession(session)
      expect((await adapter.findSession("s1"))?.user).toEqual({
        id: "alice",
        username: "alice",
        role: "user",
        email: null,
      })
    })

    test("a row whose times are null is not a session, and a listing skips it", async () => {
      await adapter.insertUser(alice, null)
      await adapter.insertSession(session)
      await adapter.insertSession({ ...session, id: "s2" })
      await store.run(`UPDATE session SET expires_at = NULL WHERE id = 's1'`)
      expect(await adapter.findSession("s1")).toBeNull()
      expect(await adapter.listSessions("alice")).toEqual([{ ...session, id: "s2" }])
      await store.run(`UPDATE session SET created_at = NULL`)
      expect(await adapter.listSessions("alice")).toEqual([])
    })

    test("a key without a name is skipped", async () => {
      await adapter.insertUser(alice, key)
      await store.run(`INSERT INTO user_key (id, user_id) VALUES ('truncated', 'alice')`)
      expect(await adapter.listKeys("alice")).toEqual([{ ...key, userId: "alice" }])
    })

    test.each([
      ["no column", { nonsense: "x" }],
      ["a core column", { id: "other" }],
      ["a prototype's name", { constructor: "x" }],
      ["SQL", { [`label" = 'x', "user_id`]: "x" }],
      ["an object for text", { username: { role: 1 } }],
      ["a list for text", { username: ["a", "b"] }],
      ["a number for text", { username: 1 }],
    ])("an attribute that is %s is refused, and nothing changes", async (_, attributes) => {
      await adapter.insertUser(alice, null)
      const refusal = { code: "invalid_option" }
      await expect(adapter.updateUser("alice", attributes as object)).rejects.toMatchObject(refusal)
      const insertion = { id: "bob", attributes: { username: "bob", ...attributes } as { username: string } }
      await expect(adapter.insertUser(insertion, null)).rejects.toMatchObject(refusal)
      expect(await adapter.findUser("bob")).toBeNull()
      expect(await adapter.findUser("alice")).toMatchObject({ username: "alice", role: "user" })
    })

    test("no error repeats a password hash, nor is it read for what a visitor sent", async () => {
      const text = "UNIQUE constraint failed: database is locked $argon2id$secret"
      await store.run(shape.ddl.find((statement) => statement.includes("user_key"))?.replace("user_key", "spare") ?? "")
      await store.run("DROP TABLE user_key")
      const failure = await adapter
        .insertUser({ id: "alice", attributes: { username: text } }, key)
        .catch((error: unknown) => error)
      await store.run("ALTER TABLE spare RENAME TO user_key")
      expect(failure).toBeInstanceOf(Error)
      // As a logger writes it, with all that drivers hang on their errors.
      expect(inspect(failure, { depth: 10 })).not.toContain("$argon2id$secret")
      expect(await adapter.findUser("alice")).toBeNull()
    })

    test("a foreign key of the application's own that blocks a deletion is named as the reason", async () => {
      await adapter.insertUser(alice, key)
      const [quote, text] = name === "mysql2" ? ["`", "VARCHAR(255)"] : ['"', "TEXT"]
      const user = `${quote}user${quote}`
      await store.run(
        `CREATE TABLE orders (id INT, buyer ${text} NOT NULL, FOREIGN KEY (buyer) REFERENCES ${user} (id))`,
      )
      await store.run(`INSERT INTO orders VALUES (1, 'alice')`)
      const mistake = { code: "invalid_option", message: expect.stringMatching(/ON DELETE CASCADE/) }
      await expect(adapter.deleteUser("alice")).rejects.toMatchObject(mistake)
      expect(await adapter.findKey("username", "alice")).not.toBeNull()
      if (name !== "better-sqlite3") {
        const db = store.db as unknown as Awaited<ReturnType<typeof openLibsql>>["db"]
        const inside = db.transaction((tx) => drizzleAdapter(tx, tables).deleteUser("alice"))
        await expect(inside).rejects.toMatchObject(mistake)
      }
      await store.run("DROP TABLE orders")
      await adapter.deleteUser("alice")
      expect(await adapter.findUser("alice")).toBeNull()
    })

    test("of many racing sign-ups with one name, one is stored whole", async () => {
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          adapter.insertUser(
            { id: `user-${n}`, attributes: { username: "alice" } },
            { ...key, providerUserId: `${n}` },
          ),
        ),
      )
      expect(results.filter((result) => "user" in result)).toHaveLength(1)
      expect(results.filter((result) => "taken" in result && result.taken === "attribute")).toHaveLength(9)
    })
  })
}

for (const { name, shape, store } of opened) {
  if (!store || name === "better-sqlite3") continue
  describe(`in a transaction of the caller's on ${name}`, () => {
    const tables = shape.tables as unknown as (typeof sqliteMilliseconds)["tables"]
    const outside = drizzleAdapter(store.db, tables)
    const db = store.db as unknown as Awaited<ReturnType<typeof openLibsql>>["db"]
    beforeEach(() => emptyDrizzle(store, shape))

    test.each([
      ["commits", false],
      ["rolls back", true],
    ])("it %s the application's row, user, key and session together", async (_, undone) => {
      const transaction = db.transaction(async (tx) => {
        const inside = drizzleAdapter(tx, tables)
        await tx.insert(tables.user).values({ id: "bob", username: "bob" })
        await inside.insertUser(alice, key)
        await inside.insertSession(session)
        expect(await inside.insertUser({ id: "carol", attributes: { username: "carol" } }, key)).toEqual({
          taken: "key",
        })
        expect(await inside.updateUser("alice", { username: "bob" })).toBe("taken")
        await expect(inside.insertSession({ ...session, id: "s2", userId: "nobody" })).rejects.toMatchObject({
          code: "user_missing",
        })
        expect(await inside.findSession("s1")).toMatchObject({ user: { username: "alice" } })
        if (undone) throw new Error("undone")
      })
      await (undone ? expect(transaction).rejects.toThrow("undone") : transaction)
      const found = [
        await outside.findUser("bob"),
        await outside.findUser("alice"),
        await outside.findKey("username", "alice"),
        await outside.findSession("s1"),
      ]
      expect(found.filter((row) => row !== null)).toHaveLength(undone ? 0 : 4)
      expect(await outside.findUser("carol")).toBeNull()
    })

    test("calls that overlap take turns", async () => {
      await db.transaction(async (tx) => {
        const inside = drizzleAdapter(tx, tables)
        const insert = (n: number) =>
          inside.insertUser({ id: `user-${n}`, attributes: { username: `name-${n % 2}` } }, null)
        const results = await Promise.all([0, 1, 2, 3].map(insert))
        expect(results.filter((result) => "user" in result)).toHaveLength(2)
      })
      expect(await outside.findUser("user-0")).not.toBeNull()
      expect(await outside.findUser("user-1")).not.toBeNull()
    })
  })
}

test("a transaction that the caller began on better-sqlite3 decides about everything", async () => {
  const { db, close } = await openBetterSqlite3(sqliteMilliseconds)
  const { tables } = sqliteMilliseconds
  const adapter = drizzleAdapter(db, tables)
  db.run(sql`begin`)
  db.insert(tables.user).values({ id: "bob", username: "bob" }).run()
  await adapter.insertUser(alice, key)
  await adapter.insertSession(session)
  expect(await adapter.insertUser({ id: "carol", attributes: { username: "carol" } }, key)).toEqual({ taken: "key" })
  expect(db.select().from(tables.user).where(eq(tables.user.id, "carol")).all()).toEqual([])
  expect(await adapter.findSession("s1")).not.toBeNull()
  db.run(sql`rollback`)
  expect(db.select().from(tables.user).all()).toEqual([])
  expect(await adapter.findKey("username", "alice")).toBeNull()
  await close()
})

test("an id that the database makes goes to the user's key", async () => {
  const { db, close } = await openBetterSqlite3(sqliteSeconds)
  const adapter = drizzleAdapter(db, sqliteSeconds.tables)
  const result = await adapter.insertUser({ attributes: { username: "alice" } }, key)
  expect(result).toEqual({ user: { id: 1, username: "alice" } })
  expect(await adapter.findKey("username", "alice")).toMatchObject({ userId: 1 })
  expect(await adapter.insertUser({ attributes: { username: "bob" } }, null)).toMatchObject({ user: { id: 2 } })
  await close()
})

test("reads go to the primary where there are replicas", async () => {
  const { db, close } = await openBetterSqlite3(sqliteMilliseconds)
  const stale = drizzle(":memory:")
  const replicated = Object.assign(Object.create(stale), { $primary: db }) as typeof stale
  const adapter = drizzleAdapter(replicated, sqliteMilliseconds.tables)
  await adapter.insertUser(alice, null)
  expect(await adapter.findUser("alice")).toMatchObject({ username: "alice" })
  await close()
})

test("rows have the types of the tables", async () => {
  const { db, close } = await openBetterSqlite3(sqliteMilliseconds)
  const adapter = drizzleAdapter(db, sqliteMilliseconds.tables)
  const found = await adapter.findSession("s1")
  expectTypeOf(found?.user).toEqualTypeOf<
    { email: string | null; id: string; username: string; role: string } | null | undefined
  >()
  expectTypeOf(found?.session.attributes).toEqualTypeOf<{ label: string | null } | undefined>()
  // @ts-expect-error -- the table has no such column
  await expect(adapter.updateUser("alice", { nonsense: 1 })).rejects.toMatchObject({ code: "invalid_option" })
  // @ts-expect-error -- a user needs a name
  await expect(adapter.insertUser({ id: "alice", attributes: {} }, null)).rejects.toThrow(/username/)
  // @ts-expect-error -- the session table has no expiresAt
  expect(() => drizzleAdapter(db, { ...sqliteMilliseconds.tables, session: sqliteMilliseconds.tables.key })).toThrow(
    /expiresAt|createdAt/,
  )
  await close()
})

test("without a key table there are sessions only", async () => {
  const { db, close } = await openBetterSqlite3(sqliteMilliseconds)
  const { user, session } = sqliteMilliseconds.tables
  const adapter = drizzleAdapter(db, { user, session })
  expect(adapter).not.toHaveProperty("insertUser")
  expect(await adapter.findSession("s1")).toBeNull()
  await close()
})

const pgUser = pgTable("user", { id: pgText().primaryKey() })
const pgColumns = { id: pgText().primaryKey(), userId: pgText().notNull() }

test.each([
  ["32 bits", pgTable("session", { ...pgColumns, createdAt: pgInteger().notNull(), expiresAt: pgInteger().notNull() })],
  ["days", pgTable("session", { ...pgColumns, createdAt: pgDate().notNull(), expiresAt: pgDate().notNull() })],
])("a time column of %s is refused", async (_, table) => {
  const { db, close } = await openBetterSqlite3(sqliteMilliseconds)
  expect(() => drizzleAdapter(db, { user: pgUser, session: table })).toThrow(/cannot hold a time/)
  await close()
})

const wholeSeconds = {
  ...postgresTimestamps,
  tables: {
    ...postgresTimestamps.tables,
    session: pgTable("session", {
      id: pgText().primaryKey(),
      userId: pgText("user_id").notNull(),
      createdAt: timestamp("created_at", { withTimezone: true, precision: 0 }).notNull(),
      expiresAt: timestamp("expires_at", { withTimezone: true, precision: 0 }).notNull(),
      label: pgText(),
    }),
  },
  ddl: postgresTimestamps.ddl.map((statement) => statement.replaceAll("TIMESTAMPTZ", "TIMESTAMPTZ(0)")),
} satisfies DrizzleShape

test("PostgreSQL's whole seconds never make a session live longer", async () => {
  const store = await openPg(wholeSeconds)
  if (!store) return
  const adapter = drizzleAdapter(store.db, wholeSeconds.tables)
  const at = (second: number, ms: number) => new Date(Date.UTC(2030, 0, 1, 0, 0, second, ms))
  await adapter.insertUser(alice, null)
  await adapter.insertSession({ ...session, createdAt: at(1, 900), expiresAt: at(9, 900) })
  expect((await adapter.findSession("s1"))?.session).toMatchObject({ createdAt: at(1, 0), expiresAt: at(9, 0) })
  expect(await adapter.extendSession("s1", at(20, 501), at(9, 900))).toBe(true)
  expect((await adapter.findSession("s1"))?.session.expiresAt).toEqual(at(20, 0))
  expect(await adapter.extendSession("s1", at(30, 0), at(19, 999))).toBe(false)
  expect(await adapter.replaceSession("s1", { ...session, id: "s2", expiresAt: at(40, 999) })).toBe(true)
  expect((await adapter.findSession("s2"))?.session.expiresAt).toEqual(at(40, 0))
  expect(await adapter.deleteExpiredSessions(at(39, 999), 10)).toBe(0)
  expect(await adapter.deleteExpiredSessions(at(40, 0), 10)).toBe(1)
  await store.close()
})

test("a user id that may be null, or is of another type than the user's, is refused", async () => {
  const { db, close } = await openBetterSqlite3(sqliteMilliseconds)
  const { user, session } = sqliteMilliseconds.tables
  const loose = sqliteTable("user_key", { id: text().primaryKey(), userId: text(), hashedPassword: text() })
  const numbered = sqliteTable("user_key", { id: text(), userId: integer().notNull(), hashedPassword: text() })
  expect(() => drizzleAdapter(db, { user, session, key: loose })).toThrow(/notNull/)
  expect(() => drizzleAdapter(db, { user, session, key: numbered })).toThrow(/number/)
  await close()
})

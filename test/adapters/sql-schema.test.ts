import { DatabaseSync } from "node:sqlite"
import { expect, test } from "vitest"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { mysql } from "../../adapters/sql/mysql-dialect.ts"
import { postgres } from "../../adapters/sql/postgres-dialect.ts"
import { sqlite } from "../../adapters/sql/sqlite-dialect.ts"
import { revocationSchema, schema, sqlAdapter, sqlRevocations } from "../../adapters/sql.ts"
import { asId } from "../../src/testing/hostile-input.ts"
import { everyStore } from "./sql-stores.ts"

const stores = await everyStore()
const dialects = { sqlite, postgres, mysql }
const executor = { query: async () => [], execute: async () => 0 }

test("schema() makes the tables with their columns and indexes", () => {
  const db = new DatabaseSync(":memory:")
  db.exec(`CREATE TABLE account (id INTEGER PRIMARY KEY)`)
  const tables = { user: "account", session: "my_session", key: "my_key" }
  const statements = schema("sqlite", {
    tables,
    userIdType: "integer",
    sessionColumns: ["label TEXT NOT NULL DEFAULT ''"],
  })
  for (const statement of [...statements, ...statements]) db.exec(statement)
  const columns = (table: string) =>
    db
      .prepare(`SELECT name FROM pragma_table_info(?)`)
      .all(table)
      .map(({ name }) => name)
  expect(columns("my_session")).toEqual(["id", "user_id", "created_at", "expires_at", "label"])
  expect(columns("my_key")).toEqual(["id", "user_id", "hashed_password"])
  const indexes = db.prepare("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1").all()
  expect(indexes.map(({ name }) => name)).toEqual(["my_key_user_id", "my_session_user_id"])
  db.close()
})

test("schema() keeps SQLite's rows in the index of their key, and leaves an older table as it is", async () => {
  const db = new DatabaseSync(":memory:")
  const older = `"session" (id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL)`
  db.exec(`CREATE TABLE user (id TEXT NOT NULL PRIMARY KEY); INSERT INTO user VALUES ('alice'); CREATE TABLE ${older}`)
  db.exec("CREATE INDEX session_expires_at ON session (expires_at)")
  for (const statement of [...schema("sqlite"), ...revocationSchema("sqlite")]) db.exec(statement)
  const withRowid = db
    .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr = 0 ORDER BY name")
    .all()
  expect(withRowid.map(({ name }) => name)).toEqual(["session", "sqlite_schema", "user"])
  const adapter = nodeSqliteAdapter<{ id: string }>(db)
  const times = { createdAt: new Date(1), expiresAt: new Date(2) }
  await adapter.insertSession({ id: "s", userId: "alice", ...times, attributes: {} })
  expect(await adapter.findSession("s")).toMatchObject({ session: times, user: { id: "alice" } })
  expect(await adapter.deleteExpiredSessions(new Date(2), 10)).toBe(1)
  expect(db.prepare("SELECT name FROM sqlite_master WHERE name = 'session_expires_at'").all()).toHaveLength(1)
  db.close()
})

test.for(stores)(
  "schema() on $dialect makes the index on expires_at by which a cleanup finds sessions",
  ({ dialect }) => {
    const isMade = schema(dialect).some((statement) => statement.includes("session_expires_at"))
    expect(isMade).toBe(dialects[dialect].sliceRows === null)
    expect(isMade).toBe(dialect !== "sqlite")
  },
)

test("schema() may be run twice on every database, and rows go with their user where it says so", async () => {
  for (const store of stores) {
    for (const statement of schema(store.dialect, { sessionColumns: { label: "TEXT" } })) await store.run(statement)
    expect(await store.adapter().findSession("s")).toBeNull()
    const refers = schema(store.dialect).some((statement) => statement.includes("ON DELETE CASCADE"))
    expect(refers).toBe(store.dialect !== "mysql")
  }
})

test("[ADP-1][P13] names that are no plain identifiers are refused, in schema() and in the adapter", () => {
  const names = [
    "",
    "a b",
    `a"b`,
    "a`b",
    "a;b",
    "1a",
    "a.b.c",
    ".a",
    "a.",
    `a."b`,
    "é",
    "a\n",
    "x".repeat(64),
    1,
    null,
  ].map(asId)
  for (const name of names) {
    for (const owner of ["user", "session", "key"] as const) {
      const tables = { [owner]: name ?? "" }
      expect(() => schema("sqlite", { tables })).toThrow(expect.objectContaining({ code: "invalid_option" }))
      expect(() => sqlAdapter({ dialect: "mysql", executor, tables })).toThrow(/is not a table name/)
    }
    if (typeof name === "string")
      expect(() => schema("mysql", { sessionColumns: { [name]: "TEXT" } })).toThrow(/column/)
  }
  for (const name of ["id", "USER_ID", "created_at", "expires_at"]) {
    expect(() => schema("postgres", { sessionColumns: [`${name} TEXT`] })).toThrow(/already/)
  }
})

const attach: Record<string, { make: string[]; drop: string[] }> = {
  sqlite: { make: [`ATTACH ':memory:' AS own`], drop: ["DETACH own"] },
  postgres: { make: ["CREATE SCHEMA own_schema"], drop: ["DROP SCHEMA own_schema CASCADE"] },
  mysql: { make: ["CREATE DATABASE own_schema"], drop: ["DROP DATABASE own_schema"] },
}

for (const { dialect, run, adapter: make } of stores) {
  const schemaName = dialect === "sqlite" ? "own" : `own_${Math.random().toString(36).slice(2)}`
  const named = (sql: string) => sql.replace("own_schema", schemaName)
  const inSchema = { user: `${schemaName}.user`, session: `${schemaName}.session`, key: `${schemaName}.user_key` }
  const id = dialect === "mysql" ? "VARBINARY(99)" : "TEXT"
  const user = dialect === "mysql" ? `${schemaName}.user` : `${schemaName}."user"`

  test(`[ADP-1] a dot in a table's name ends the name of its schema, on ${dialect}`, async () => {
    for (const statement of attach[dialect]?.make ?? []) await run(named(statement))
    try {
      const missing = make({ tables: inSchema }).findUser("alice")
      await expect(missing).rejects.toThrow(`tables.user: "${schemaName}.user" does not exist; `)
      await run(`CREATE TABLE ${user} (id ${id} PRIMARY KEY, username VARCHAR(99) NOT NULL UNIQUE)`)
      const statements = schema(dialect, { tables: inSchema, sessionColumns: { label: "TEXT" } })
      for (const statement of [...statements, ...statements]) await run(statement)
      const adapter = make({ tables: inSchema, userIdType: undefined })
      const key = { providerId: "username", providerUserId: "alice", passwordHash: "hash" }
      await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, key)
      expect(await adapter.insertUser({ id: "bob", attributes: { username: "bob" } }, key)).toEqual({ taken: "key" })
      const times = { createdAt: new Date(1), expiresAt: new Date(2) }
      await adapter.insertSession({ id: "s", userId: "alice", ...times, attributes: { label: "x" } })
      expect(await adapter.updateUser("alice", { username: "ada" })).toBe("updated")
      expect(await adapter.findSession("s")).toMatchObject({ session: times, user: { username: "ada" } })
      // Tables of the same name elsewhere are others.
      expect(await make().findUser("alice")).toBeNull()
      expect(await make().findSession("s")).toBeNull()
      expect(await adapter.replaceKeyPassword(key, "hash", "other", {})).toBe(true)
      expect(await adapter.deleteExpiredSessions(new Date(), 10)).toBe(0)
      await adapter.deleteUser("alice")
      expect(await adapter.findKey("username", "alice")).toBeNull()
    } finally {
      for (const statement of attach[dialect]?.drop ?? []) await run(named(statement))
    }
  })

  test(`revocations may be kept in a schema, on ${dialect}`, async () => {
    const store = stores.find((other) => other.dialect === dialect)
    if (!store) return
    for (const statement of attach[dialect]?.make ?? []) await run(named(statement))
    try {
      const table = `${schemaName}.revoked`
      for (const statement of revocationSchema(dialect, { table })) await run(statement)
      const revocations = sqlRevocations({ dialect, executor: store.executor, table })
      await revocations.revoke("a", new Date(Date.now() + 60_000))
      await revocations.revoke("a", new Date(Date.now() + 90_000))
      expect(await revocations.isRevoked(["a"])).toBe(true)
      expect(await revocations.isRevoked(["b"])).toBe(false)
    } finally {
      for (const statement of attach[dialect]?.drop ?? []) await run(named(statement))
    }
  })
}

test("a table apart from its users' schema does not refer to them in SQLite, which could not", () => {
  const [apart = ""] = schema("sqlite", { tables: { session: "own.session" } })
  expect(apart).not.toContain("REFERENCES")
  const [beside = ""] = schema("postgres", { tables: { user: "auth.user", session: "own.session" } })
  expect(beside).toContain(`CREATE TABLE IF NOT EXISTS "own"."session"`)
  expect(beside).toContain(`REFERENCES "auth"."user" (id)`)
})

test("unknown dialects and id types are refused by name", () => {
  const wrong: { dialect: "sqlite"; userIdType: "text" } = JSON.parse('{"dialect":"oracle","userIdType":"ulid"}')
  expect(() => sqlAdapter({ dialect: wrong.dialect, executor })).toThrow(/"oracle"/)
  expect(() => schema(wrong.dialect)).toThrow(/"oracle"/)
  expect(() => sqlAdapter({ dialect: "sqlite", executor, userIdType: wrong.userIdType })).toThrow(/"ulid"/)
})

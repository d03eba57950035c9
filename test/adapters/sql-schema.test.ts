import { DatabaseSync } from "node:sqlite"
import { expect, test } from "vitest"
import { schema, sqlAdapter } from "../../adapters/sql.ts"
import { asId } from "../../src/testing/hostile-input.ts"
import { everyStore } from "./sql-stores.ts"

const stores = await everyStore()
const executor = { query: async () => [], execute: async () => 0 }

test("schema() makes the tables with their columns and indexes", () => {
  const db = new DatabaseSync(":memory:")
  db.exec(`CREATE TABLE account (id INTEGER PRIMARY KEY)`)
  const tables = { user: "account", session: "my_session", key: "my_key" }
  const statements = schema("sqlite", { tables, userId: "integer", sessionColumns: ["label TEXT NOT NULL DEFAULT ''"] })
  for (const statement of [...statements, ...statements]) db.exec(statement)
  const columns = (table: string) =>
    db
      .prepare(`SELECT name FROM pragma_table_info(?)`)
      .all(table)
      .map(({ name }) => name)
  expect(columns("my_session")).toEqual(["id", "user_id", "created_at", "expires_at", "label"])
  expect(columns("my_key")).toEqual(["id", "user_id", "hashed_password"])
  const indexes = db.prepare("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1").all()
  expect(indexes.map(({ name }) => name)).toEqual(["my_key_user_id", "my_session_expires_at", "my_session_user_id"])
  db.close()
})

test("schema() may be run twice on every database, and rows go with their user where it says so", async () => {
  for (const store of stores) {
    for (const statement of schema(store.dialect, { sessionColumns: { label: "TEXT" } })) await store.run(statement)
    expect(await store.adapter().findSession("s")).toBeNull()
    const refers = schema(store.dialect).some((statement) => statement.includes("ON DELETE CASCADE"))
    expect(refers).toBe(store.dialect !== "mysql")
  }
})

test("[ADP-1][P13] names that are no plain identifiers are refused, in schema() and in the adapter", () => {
  const names = ["", "a b", `a"b`, "a`b", "a;b", "1a", "a.b", "é", "a\n", "x".repeat(64), 1, null].map(asId)
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

test("unknown dialects and id types are refused by name", () => {
  const wrong: { dialect: "sqlite"; userId: "text" } = JSON.parse('{"dialect":"oracle","userId":"ulid"}')
  expect(() => sqlAdapter({ dialect: wrong.dialect, executor })).toThrow(/"oracle"/)
  expect(() => schema(wrong.dialect)).toThrow(/"oracle"/)
  expect(() => sqlAdapter({ dialect: "sqlite", executor, userId: wrong.userId })).toThrow(/"ulid"/)
})

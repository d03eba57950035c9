import { DatabaseSync } from "node:sqlite"
import { expect, test } from "vitest"
import { sqlAdapter } from "../../adapters/sql.ts"
import type { SqlStatement } from "../../adapters/sql.ts"
import { schema } from "../../adapters/sql/schema.ts"
import { sqliteExecutor } from "../../adapters/sql/sqlite-executor.ts"

const expiresAt = new Date(2_000_000_000_000)

// PostgreSQL looks for a deadlock after a second, and several callers may meet again and again until none has a try left.
test("rows that are written together are written in the order of their ids, so that no two callers deadlock", async () => {
  const { adapter, written } = openRecorded()
  const shuffled = ["c", "a", "d", "b"]
  const event = { at: new Date(0), type: "key_used", userId: null, sessionId: null, detail: "" }
  await adapter.insertEvents(shuffled.map((id) => ({ ...event, id })))
  expect(written("auth_event")).toEqual(["a", "b", "c", "d"])
  const token = { purpose: "sign_up", userId: null, expiresAt, attempts: 0, data: "" }
  expect(await adapter.insertTokens(shuffled.map((id) => ({ ...token, id })))).toBe(true)
  expect(written("auth_token")).toEqual(["a", "b", "c", "d"])
})

function openRecorded() {
  const db = new DatabaseSync(":memory:")
  db.exec("CREATE TABLE user (id TEXT PRIMARY KEY, username TEXT NOT NULL)")
  for (const statement of schema("sqlite", { include: ["tokens", "audit"] })) db.exec(statement)
  const sent: SqlStatement[] = []
  const executor = sqliteExecutor(db)
  const adapter = sqlAdapter<{ id: string; username: string }>({
    dialect: "sqlite",
    executor: {
      query: async (sql, params) => executor.query(sql, params),
      execute: async (sql, params) => {
        sent.push({ sql, params })
        return executor.execute(sql, params)
      },
      batch: async (statements) => {
        sent.push(...statements)
        return executor.batch!(statements)
      },
    },
  })
  const ids = new Set<unknown>(["a", "b", "c", "d"])
  const written = (table: string) =>
    sent
      .filter(({ sql }) => sql.startsWith(`INSERT INTO "${table}"`))
      .flatMap(({ params }) => params.filter((value) => ids.has(value)))
  return { adapter, written }
}

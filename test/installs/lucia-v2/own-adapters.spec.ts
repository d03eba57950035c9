import { DatabaseSync } from "node:sqlite"
import fc from "fast-check"
import * as real from "lucia"
import { afterEach, expect, test, vi } from "vitest"
import { memoryAdapter } from "../../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../../adapters/node-sqlite.ts"
import { schema } from "../../../adapters/sql.ts"
import * as ours from "../../../src/lucia-v2.ts"
import { configuration, expected, firstSteps, history, realAuth, step } from "./histories.ts"
import { openBetterSqlite3 } from "./stores.ts"

afterEach(() => void vi.useRealTimers())

test.each([
  ["memoryAdapter", openMemory, { uniqueNames: false }],
  ["nodeSqliteAdapter", openNodeSqlite, { uniqueNames: true }],
])("over %s the same calls have the results that they have with Lucia over SQLite", async (_, open, options) => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() })
  const theirStore = await openBetterSqlite3(options)
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 50 }), async (steps) => {
      await theirStore.empty()
      const { adapter, close } = open()
      const theirs = history(real, realAuth({ ...configuration, adapter: theirStore.adapter }), theirStore)
      const mine = history(ours, ours.lucia({ ...configuration, adapter }), theirStore)
      for (const one of [...firstSteps, ...steps]) {
        // Of two mistakes, the taken key and the unknown user, another one is told.
        if (one[0] === "createKey" && (await theirs.run(["getUser", one[1].userId])).error) continue
        if (one[0] === "wait") vi.setSystemTime(Date.now() + one[1])
        else expect(bare(await mine.run(one)), JSON.stringify(one)).toEqual(expected(one, told(await theirs.run(one))))
      }
      close()
    }),
    { numRuns: 100, endOnFailure: true },
  )
  theirStore.close()
})

const duplicate = {
  ...{ kind: "LuciaError", isLuciaError: true, message: "AUTH_DUPLICATE_KEY_ID", detail: "" },
  ...{ code: "<undefined>", errno: "<undefined>" },
}

// Lucia passes on what the driver throws when something is taken that is no key.
function told(outcome) {
  const { code, message } = outcome.error ?? {}
  if (!code?.startsWith("SQLITE_CONSTRAINT")) return outcome
  if (message.includes("user_session.id")) return { error: "store_failed" }
  return message.includes("auth_user") ? { error: duplicate } : outcome
}

// Over an adapter of this package it is an AuthError, or the detail of a duplicate tells what is taken.
function bare(outcome) {
  const { kind, code, message, detail } = outcome.error ?? {}
  if (kind === "AuthError") return { error: code }
  const isTaken = message === "AUTH_DUPLICATE_KEY_ID" && ["id", "attribute"].includes(detail)
  return isTaken ? { error: duplicate } : outcome
}

function openMemory() {
  return { adapter: memoryAdapter(), close: () => undefined }
}

function openNodeSqlite() {
  const db = new DatabaseSync(":memory:")
  db.exec(`CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, age INTEGER)`)
  for (const statement of schema("sqlite", { sessionColumns: { label: "TEXT" } })) db.exec(statement)
  return { adapter: nodeSqliteAdapter(db), close: () => db.close() }
}

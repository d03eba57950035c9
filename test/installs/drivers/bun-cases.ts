import { Database } from "bun:sqlite"
import { expect, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bunSqliteAdapter } from "../../../adapters/bun-sqlite.ts"
import type { UserIdType } from "../../../adapters/port/user-ids.ts"
import { createAuth } from "../../../src/core/create-auth.ts"
import { testAdapter } from "../../../src/testing.ts"
import type { DriverSetup } from "../../adapters/driver-cases.ts"
import { driverCases } from "../../adapters/driver-cases.ts"

/** The statements that make the tests' tables, for each type of ids. */
const tables = JSON.parse(process.env.NIGHTLATCH_TABLES ?? "")

const key = { providerId: "username", providerUserId: "alice", passwordHash: "hash" }
const userIds = {
  text: (n) => `user-${n}`,
  integer: (n) => n,
  bigint: (n) => 9007199254740992n + BigInt(2 * n + 1),
  uuid: (n) => `0f8fad5b-d9cb-469f-a165-${String(n).padStart(12, "0")}`,
}

for (const type of Object.keys(userIds) as UserIdType[]) {
  for (const safeIntegers of [false, true]) {
    testAdapter(
      (name, run) => test(`${type} ids, safeIntegers ${safeIntegers}: ${name}`, run),
      () => {
        const db = open(type, ":memory:", { safeIntegers })
        const adapter = bunSqliteAdapter(db, { userIdType: type })
        return {
          adapter,
          userId: userIds[type],
          addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
          close: () => db.close(),
        }
      },
    )
  }
}

// In Bun a statement that is prepared outlives the database, which is closed only when it is gone: see the last test.
for (const { name, run } of driverCases.slice(0, -1)) test(name, () => run(setup(), expect))

test("a locked file is waited for, and then ends in an error that leaves nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const ours = open("text", join(folder, "app.db"))
  const theirs = new Database(join(folder, "app.db"))
  const adapter = bunSqliteAdapter(ours)
  theirs.exec("BEGIN IMMEDIATE")
  setTimeout(() => theirs.exec("COMMIT"), 80)
  await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, key)
  theirs.exec("BEGIN IMMEDIATE")
  const bob = { id: "bob", attributes: { username: "bob" } }
  expect(await rejection(adapter.insertUser(bob, { ...key, providerUserId: "bob" }))).toContain("locked")
  expect(await rejection(adapter.insertUser(bob, null))).toContain("locked")
  theirs.exec("COMMIT")
  await adapter.insertUser({ ...bob, id: "carol" }, null)
  expect(theirs.prepare(`SELECT id FROM "user" ORDER BY id`).all()).toEqual([{ id: "alice" }, { id: "carol" }])
  ours.close()
  theirs.close()
  rmSync(folder, { recursive: true })
})

test("over a closed database calls are errors or tell the truth, and nobody seems signed out", async () => {
  const { adapter: make, close } = setup()
  const [warm, cold] = [make(), make()].map((adapter) => createAuth({ adapter }))
  await make().insertUser({ id: "alice", attributes: { username: "alice" } }, key)
  const { token } = await warm.createSession("alice")
  await warm.validateSession(token)
  await close()
  expect(await warm.validateSession(token)).toMatchObject({ user: { id: "alice" } })
  const calls = [
    cold.validateSession(token),
    cold.createSession("alice"),
    warm.invalidateUserSessions("alice"),
    warm.getUserSessions("alice"),
  ]
  const settled = await Promise.allSettled(calls)
  expect(settled.map((result) => result.status === "rejected" && result.reason.code)).toEqual(
    calls.map(() => "store_failed"),
  )
  expect(await rejection(make().findUser("alice"))).toContain("closed")
})

async function rejection(call) {
  return call.then(
    () => "fulfilled",
    ({ message }) => message,
  )
}

function open(type, path, options = {}) {
  const db = new Database(path, { create: true, readwrite: true, ...options })
  for (const statement of tables[type]) db.exec(statement)
  return db
}

function setup(): DriverSetup {
  const db = open("text", ":memory:")
  const sent: string[] = []
  const note = (sql, method) => (method === "all" || method === "run") && sent.push(sql)
  const watched = {
    exec: (sql) => db.exec(sql),
    prepare: (sql) => {
      const statement = db.prepare(sql)
      return {
        all: (...params) => (note(sql, "all"), statement.all(...params)),
        run: (...params) => (note(sql, "run"), statement.run(...params)),
      }
    },
  }
  return {
    dialect: "sqlite",
    sent,
    run: async (sql) => db.prepare(sql).all(),
    adapter: (options) => bunSqliteAdapter(watched, options),
    async inTransaction(run) {
      db.exec("BEGIN")
      await run(bunSqliteAdapter(db, { inTransaction: true }))
      db.exec("ROLLBACK")
    },
    close: async () => db.close(),
  }
}

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Client, Config, InStatement } from "@libsql/client"
import { createClient } from "@libsql/client"
import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { libsqlAdapter } from "../../adapters/libsql.ts"
import type { Row } from "../../adapters/sql/executor.ts"
import type { UserIdType } from "../../adapters/port/user-ids.ts"
import { testAdapter } from "../../src/testing.ts"
import type { DriverSetup } from "./driver-cases.ts"
import { driverCases } from "./driver-cases.ts"
import type { TestSession, TestUser } from "./sql-stores.ts"
import { droppedTables, empty, idMaker, testTables } from "./sql-stores.ts"

type Database = "a file" | "memory" | "a server's way"

const times = { createdAt: new Date(1_700_000_000_000), expiresAt: new Date(2_000_000_000_000) }
const key = { providerId: "username", providerUserId: "alice", passwordHash: "hash" }
const alice = { id: "alice", attributes: { username: "alice" } }
const session = { id: "s1", userId: "alice", ...times, attributes: {} }

const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

const types: Record<Database, UserIdType[]> = {
  "a file": ["text", "integer", "bigint", "uuid"],
  memory: ["text"],
  "a server's way": ["text", "bigint"],
}
const databases = ["a file", "memory", "a server's way"] satisfies Database[]

for (const database of databases) {
  for (const type of types[database]) {
    describe(`libsqlAdapter() over ${database} with ${type} ids`, async () => {
      const { client, run, close } = await open(database, type)
      afterAll(close)
      testAdapter(test, async () => {
        await empty({ dialect: "sqlite", run })
        const adapter = libsqlAdapter<TestUser, TestSession, keyof TestUser>(client, { userIdType: type })
        return {
          adapter,
          userId: idMaker(type),
          addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
        }
      })
    })
  }
}

for (const database of databases) {
  describe(`libsqlAdapter() over ${database}`, () => {
    for (const { name, run } of driverCases) {
      test(name, async () => {
        const setup = await open(database, "text")
        await run(setup, expect)
        await setup.close()
      })
    }
  })
}

test("a reader during a write keeps it from being committed, until it is done", async () => {
  const path = newFile()
  const [ours, theirs] = [createClient({ url: path }), createClient({ url: path })]
  for (const statement of testTables("sqlite", "text")) await theirs.execute(statement)
  const adapter = libsqlAdapter<TestUser, TestSession, keyof TestUser>(ours)
  const reader = await theirs.transaction("read")
  await reader.execute(`SELECT * FROM "user"`)
  await expect(adapter.insertUser(alice, key)).rejects.toThrow("database is locked")
  await reader.commit()
  expect(await adapter.insertUser(alice, key)).toHaveProperty("user")
  expect((await theirs.execute(`SELECT id FROM "user"`)).rows).toEqual([{ id: "alice" }])
  ours.close()
  theirs.close()
})

describe.each(["DELETE", "WAL"])("a file in mode %s that another writer has locked", (mode) => {
  const path = newFile()
  const [ours, theirs] = [createClient({ url: path }), createClient({ url: path })]
  const adapter = libsqlAdapter<TestUser, TestSession, keyof TestUser>(ours)
  const seen = async () => (await theirs.execute(`SELECT id FROM session ORDER BY id`)).rows.map(({ id }) => id)
  afterAll(() => [ours, theirs].forEach((client) => client.close()))

  beforeEach(async () => {
    await theirs.executeMultiple(droppedTables("sqlite").join(";"))
    await theirs.execute(`PRAGMA journal_mode = ${mode}`)
    for (const statement of testTables("sqlite", "text")) await theirs.execute(statement)
    await adapter.insertUser(alice, key)
  })

  test("is waited for", async () => {
    const lock = await theirs.transaction("write")
    setTimeout(() => void lock.rollback(), 80)
    await adapter.insertSession(session)
    expect(await seen()).toEqual(["s1"])
  })

  test("is not waited for without end: then there is an error, and later writes are really written", async () => {
    await adapter.insertSession(session)
    const lock = await theirs.transaction("write")
    const refused = [
      adapter.insertSession({ ...session, id: "s2" }),
      adapter.insertUser({ id: "bob", attributes: { username: "bob" } }, { ...key, providerUserId: "bob" }),
      adapter.deleteUser("alice"),
    ]
    const errors = await Promise.allSettled(refused)
    expect(errors).toEqual(refused.map(() => expect.objectContaining({ status: "rejected" })))
    expect(await adapter.findSession("s1")).toMatchObject({ user: { username: "alice" } })
    await lock.rollback()

    await adapter.insertSession({ ...session, id: "s3" })
    expect(await seen()).toEqual(["s1", "s3"])
    expect(await adapter.deleteSession("s1")).toBe(true)
    expect(await seen()).toEqual(["s3"])
    await theirs.execute(`UPDATE session SET label = 'theirs'`)
    expect(await adapter.findSession("s3")).toMatchObject({ session: { attributes: { label: "theirs" } } })
    expect(await adapter.findUser("bob")).toBeNull()
  })

  test("is refused to a user whose id the database is to make, and later writes are really written", async () => {
    const path = newFile()
    const [client, other] = [createClient({ url: path }), createClient({ url: path })]
    for (const statement of testTables("sqlite", "integer")) await other.execute(statement)
    const numbered = libsqlAdapter<TestUser & { id: number }, {}, "role">(client, { userIdType: "integer" })
    const lock = await other.transaction("write")
    await expect(numbered.insertUser({ attributes: { username: "alice" } }, null)).rejects.toThrow("database is locked")
    await lock.rollback()
    expect(await numbered.insertUser({ attributes: { username: "alice" } }, null)).toMatchObject({ user: { id: 1 } })
    expect(await numbered.insertUser({ attributes: { username: "alice" } }, null)).toEqual({ taken: "attribute" })
    expect(await numbered.insertUser({ attributes: { username: "bob" } }, key)).toMatchObject({ user: { id: 2 } })
    expect((await other.execute(`SELECT id FROM "user"`)).rows).toEqual([{ id: 1 }, { id: 2 }])
    client.close()
    other.close()
  })
})

test.each([true, false])("the application's transaction decides, committed or not (%s)", async (committed) => {
  const { client, close } = await open("a file", "text")
  const transaction = await client.transaction("write")
  const inside = libsqlAdapter<TestUser, TestSession, keyof TestUser>(transaction)
  await transaction.execute(`INSERT INTO "user" (id, username) VALUES ('bob', 'bob')`)
  await inside.insertUser(alice, key)
  await inside.insertSession(session)
  expect(await inside.insertKey({ ...key, userId: "bob" })).toBe("key_taken")
  await (committed ? transaction.commit() : transaction.rollback())
  const adapter = libsqlAdapter<TestUser, TestSession, keyof TestUser>(client)
  expect(await adapter.findUser("bob")).toEqual(committed ? expect.objectContaining({ username: "bob" }) : null)
  expect(await adapter.findKey("username", "alice")).toEqual(committed ? { ...key, userId: "alice" } : null)
  expect(await adapter.findSession("s1")).toEqual(committed ? expect.objectContaining({}) : null)
  await close()
})

test("reads beside writes are served, also where there is one connection", async () => {
  const { client, close } = await open("memory", "text")
  const adapter = libsqlAdapter<TestUser, TestSession, keyof TestUser>(client)
  await adapter.insertUser(alice, key)
  await adapter.insertSession(session)
  const ids = Array.from({ length: 20 }, (_, n) => `new-${n}`)
  const writing = inTurn(ids, (id) => adapter.insertSession({ ...session, id }))
  const reading = inTurn(ids, () => adapter.findSession("s1"))
  await writing
  for (const found of await reading) expect(found).toMatchObject({ user: { username: "alice" } })
  expect(await adapter.listSessions("alice")).toHaveLength(21)
  await close()
})

test.each(["number", "bigint", "string"] as const)(
  "a client whose integers are a %s keeps times exact",
  async (intMode) => {
    const { client, close } = await open("a file", "integer", { intMode })
    const adapter = libsqlAdapter<TestUser, TestSession, keyof TestUser>(client, { userIdType: "integer" })
    await adapter.insertUser({ id: 7, attributes: { username: "seven" } }, key)
    await adapter.insertSession({ ...session, userId: 7 })
    expect(await adapter.findSession("s1")).toMatchObject({ session: { userId: 7, ...times }, user: { id: 7 } })
    expect(await adapter.findKey("username", "alice")).toMatchObject({ userId: 7 })
    await close()
  },
)

test("a client is in no transaction", async () => {
  const { client, close } = await open("memory", "text")
  const refused = expect.objectContaining({
    code: "invalid_option",
    message: expect.stringContaining("not the client"),
  })
  expect(() => libsqlAdapter(client, { inTransaction: true })).toThrow(refused)
  await close()
})

async function inTurn<Result>(ids: string[], call: (id: string) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (const id of ids) results.push(await call(id))
  return results
}

function newFile(): string {
  return `file:${join(folder, `${files++}.db`)}`
}

/** Opens the tables in a new database. "A server's way" is a file that is written as servers are, in one batch. */
async function open(
  database: Database,
  type: UserIdType,
  config: Omit<Config, "url"> = {},
): Promise<DriverSetup & { client: Client }> {
  const client = createClient({ url: database === "memory" ? ":memory:" : newFile(), ...config })
  for (const statement of testTables("sqlite", type)) await client.execute(statement)
  const sent: string[] = []
  const watched = watch(client, sent, database === "a server's way" ? "http" : client.protocol)
  return {
    client,
    sent,
    dialect: "sqlite",
    run: async (sql) => (await client.execute(sql)).rows.map((row): Row => ({ ...row })),
    adapter: (options) => libsqlAdapter<TestUser, TestSession, keyof TestUser>(watched, options),
    async inTransaction(run) {
      const transaction = await client.transaction("write")
      try {
        await run(libsqlAdapter<TestUser, TestSession, keyof TestUser>(transaction))
      } finally {
        await transaction.rollback()
      }
    },
    close: async () => client.close(),
  }
}

function watch(client: Client, sent: string[], protocol: string): Client {
  return new Proxy(client, {
    get(target, name) {
      if (name === "protocol") return protocol
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== "function") return value
      return (...args: unknown[]) => {
        if (name !== "transaction") sent.push(...[args[0]].flat().map((statement) => textOf(statement as InStatement)))
        return Reflect.apply(value, target, args)
      }
    },
  })
}

function textOf(statement: InStatement): string {
  return typeof statement === "string" ? statement : statement.sql
}

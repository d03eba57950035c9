import { DatabaseSync } from "node:sqlite"
import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { schema } from "../../adapters/sql.ts"
import { createTokens, purpose } from "../../src/tokens.ts"
import { createUsers } from "../../src/users.ts"
import { countingHasher } from "./counting-hasher.ts"

interface UserRow {
  id: string
  name: string | null
  email: string | null
}

type Call = (users: Awaited<ReturnType<typeof setUp>>["users"]) => Promise<unknown>

const stores = [
  ["memory", () => memoryAdapter<UserRow>()],
  ["node:sqlite", () => nodeSqliteAdapter<UserRow>(openSqlite())],
] as const
const emailKey = { userId: "ada", providerId: "email", providerUserId: "old@example.com" }
const github = { userId: "ada", providerId: "github", providerUserId: "7" }

const changes: [what: string, call: Call][] = [
  ["another address by updateUser()", (users) => users.updateUser("ada", { email: "new@example.com" })],
  ["no address any more by updateUser()", (users) => users.updateUser("ada", { email: null })],
  ["another address by createKey()", (users) => users.createKey({ ...github, attributes: { email: "b@example.com" } })],
  ["another address by renameKey()", (users) => users.renameKey(emailKey, "new@example.com")],
  ["one address less by deleteKey()", (users) => users.deleteKey(emailKey)],
]
const others: [what: string, call: Call][] = [
  ["the same address by updateUser()", (users) => users.updateUser("ada", { email: "old@example.com", name: "Ada" })],
  ["another name by updateUser()", (users) => users.updateUser("ada", { name: "Ada" })],
  ["a key without attributes", (users) => users.createKey(github)],
  [
    "the same address by createKey()",
    (users) => users.createKey({ ...github, attributes: { email: "old@example.com" } }),
  ],
]

describe.each(stores)("over %s", (_store, open) => {
  test.each(changes)("[OTT-5] %s ends the links in the old mailbox, and no recovery codes", async (_what, change) => {
    const { users, store, tokens } = await setUp(open())
    const link = await tokens.createToken({ purpose: "sign_in", userId: "ada" })
    await insertCode(store)
    expect(await change(users)).not.toMatchObject({ reason: expect.anything() })
    expect(await tokens.consumeToken(link, "sign_in")).toBeNull()
    expect(await store.countTokens("ada", ":recovery")).toBe(1)
  })

  test.each(changes)("%s also ends the links that are made meanwhile", async (_what, change) => {
    const store = open()
    const tokens = tokensOver(store)
    const made: string[] = []
    const meanwhile = async () => made.push(await tokens.createToken({ purpose: "sign_in", userId: "ada" }))
    const { users: quiet } = await setUp(store)
    const users = quiet.withAdapter({
      ...store,
      updateUser: beside(meanwhile, store.updateUser),
      insertKey: beside(meanwhile, store.insertKey),
      renameKey: beside(meanwhile, store.renameKey),
      deleteKey: beside(meanwhile, store.deleteKey),
    })
    await change(users)
    expect(made).toHaveLength(2)
    for (const each of made) expect(await tokens.consumeToken(each, "sign_in")).toBeNull()
  })

  test.each(others)("%s ends nothing", async (_what, change) => {
    const { users, tokens } = await setUp(open())
    const link = await tokens.createToken({ purpose: "sign_in", userId: "ada" })
    expect(await change(users)).not.toMatchObject({ reason: expect.anything() })
    expect(await tokens.consumeToken(link, "sign_in")).not.toBeNull()
  })

  test("the user is looked up only for an address", async () => {
    const store = open()
    const { users: asked } = await setUp(store)
    const users = asked.withAdapter({ ...store, findUser: () => Promise.reject(new Error("looked up")) })
    expect(await users.updateUser("ada", { name: "Ada" })).toEqual({ updated: true })
    await expect(users.updateUser("ada", { email: "new@example.com" })).rejects.toMatchObject({ code: "store_failed" })
    expect(await asked.getUser("ada")).toMatchObject({ email: "old@example.com" })
  })
})

type Store = ReturnType<(typeof stores)[number][1]>

/** Does something right before a call and right after it. */
function beside<Given extends unknown[], Result>(
  act: () => Promise<unknown>,
  call: (...given: Given) => Promise<Result>,
): (...given: Given) => Promise<Result> {
  return async (...given) => {
    await act()
    const result = await call(...given)
    await act()
    return result
  }
}

function tokensOver(adapter: Store) {
  return createTokens({ adapter, purposes: { sign_in: purpose({ expiresIn: "1h", proves: "email" }) } })
}

async function setUp(store: Store) {
  const users = createUsers({ adapter: store, passwordHasher: countingHasher() })
  const attributes = { name: null, email: "old@example.com" }
  await users.createUser({ id: "ada", key: { ...emailKey, password: "correct horse" }, attributes })
  await users.createKey({ userId: "ada", providerId: "username", providerUserId: "ada" })
  return { store, tokens: tokensOver(store), users }
}

function openSqlite(): DatabaseSync {
  const db = new DatabaseSync(":memory:")
  db.exec(`CREATE TABLE "user" (id TEXT NOT NULL PRIMARY KEY, name TEXT, email TEXT UNIQUE)`)
  for (const statement of schema("sqlite", { include: ["tokens"] })) db.exec(statement)
  return db
}

function insertCode(store: Store): Promise<unknown> {
  const code = { id: "c".repeat(64), purpose: ":recovery", userId: "ada", expiresAt: null, attempts: 0, data: "" }
  return store.insertTokens([code])
}

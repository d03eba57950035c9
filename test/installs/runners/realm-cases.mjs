// Run by Jest and in Vitest's VM pools: the globals here are of another realm than those of Node's own modules and drivers.
import Database from "better-sqlite3"
import { createAuth, isAuthError } from "nightlatch"
import { betterSqlite3Adapter } from "nightlatch/adapters/better-sqlite3"
import { memoryAdapter } from "nightlatch/adapters/memory"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { schema } from "nightlatch/adapters/sql"
import { argon2id, scrypt } from "nightlatch/password"
import { createStatelessAuth } from "nightlatch/stateless"
import { createUsers } from "nightlatch/users"
import { createWebAuth } from "nightlatch/web"

// Jest knows no module that has a name with "node:" only.
const { DatabaseSync } = process.getBuiltinModule("node:sqlite")
const password = "a horse that nobody knows"
const newUser = {
  key: { providerId: "username", providerUserId: "ada", password },
  attributes: { username: "ada" },
}
const adapters = {
  "node:sqlite": () => nodeSqliteAdapter(opened(new DatabaseSync(":memory:"))),
  "better-sqlite3": () => betterSqlite3Adapter(opened(new Database(":memory:"))),
  memory: () => memoryAdapter(),
}

test("this is another realm", async () => {
  const { runInThisContext } = await import("node:vm")
  expect(runInThisContext("new Error()") instanceof Error).toBe(false)
})

for (const [name, open] of Object.entries(adapters)) {
  test(`a name that is taken is an answer, over ${name}`, async () => {
    const users = createUsers({ adapter: open(), passwordHasher: argon2id() })
    expect(await users.createUser(newUser)).toMatchObject({ user: { username: "ada" } })
    expect(await users.createUser(newUser)).toMatchObject({ user: null, reason: "key_taken" })
  })

  test(`a session of a user who does not exist is user_missing, over ${name}`, async () => {
    if (name === "memory") return
    const error = await createAuth({ adapter: open() })
      .createSession("nobody")
      .catch((caught) => caught)
    expect(isAuthError(error)).toBe(true)
    expect(error.code).toBe("user_missing")
  })
}

test("a visitor signs in over Request and Response, and out again", async () => {
  const adapter = adapters["node:sqlite"]()
  const users = createUsers({ adapter, passwordHasher: scrypt() })
  const { user } = await users.createUser(newUser)
  const auth = createAuth({ adapter, getUserAttributes: ({ username }) => ({ username }) })
  const { handler } = createWebAuth(auth)
  const signIn = handler(async (_, { signIn: create }) => {
    await create(user.id)
    return Response.json({})
  })
  const cookie = (await signIn(new Request("https://app.example/"))).headers.getSetCookie()[0].split(";")[0]
  const whoAmI = handler(async (_, { validate }) => Response.json((await validate())?.user ?? null))
  const read = async (headers) => (await whoAmI(new Request("https://app.example/", { headers }))).json()
  expect(await read({ cookie })).toEqual({ id: user.id, username: "ada" })
  const signOut = handler(async (_, session) => {
    await session.signOut()
    return new Response(null, { status: 204 })
  })
  await signOut(new Request("https://app.example/", { headers: { cookie } }))
  expect(await read({ cookie })).toBe(null)
})

test("a stateless session opens, and takes secrets of bytes", async () => {
  const secret = new Uint8Array(32).map((_, at) => at * 7)
  const auth = createStatelessAuth({ secrets: [secret] })
  const { token } = await auth.createSession("ada")
  expect((await auth.validateSession(token)).user).toEqual({ id: "ada" })
})

function opened(db) {
  db.exec("CREATE TABLE user (id TEXT NOT NULL PRIMARY KEY, username TEXT NOT NULL UNIQUE)")
  for (const statement of schema("sqlite")) db.exec(statement)
  return db
}

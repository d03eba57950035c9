// Run by tarball.test.ts against the packed package, on every Node that we support: plain JavaScript, plain node:test.
import assert from "node:assert/strict"
import { createServer } from "node:http"
import { test } from "node:test"

import { createAuth, isAuthError } from "nightlatch"
import { memoryAdapter } from "nightlatch/adapters/memory"
import { betterSqlite3Adapter } from "nightlatch/adapters/better-sqlite3"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { schema, sqlAdapter } from "nightlatch/adapters/sql"
import { createNodeAuth } from "nightlatch/node"
import manifest from "nightlatch/package.json" with { type: "json" }
import { argon2id, pbkdf2, scrypt } from "nightlatch/password"
import { manualClock, testAdapter } from "nightlatch/testing"
import { createUsers } from "nightlatch/users"
import { createWebAuth, safeRedirect } from "nightlatch/web"

const password = "correct horse battery"
const [major] = process.versions.node.split(".").map(Number)

function createApplication(passwordHasher) {
  const adapter = memoryAdapter()
  const now = manualClock()
  const auth = createAuth({ adapter, now, getUserAttributes: ({ username }) => ({ username }) })
  return { auth, now, users: createUsers({ adapter, now, passwordHasher }) }
}

for (const [name, hasher] of Object.entries({ scrypt: scrypt(), pbkdf2: pbkdf2(), argon2id: argon2id() })) {
  test(`a user signs up, signs in, is recognised and signs out (${name})`, async () => {
    const { auth, now, users } = createApplication(hasher)
    const key = { providerId: "username", providerUserId: "Ada", password }
    const { user } = await users.createUser({ key, attributes: { username: "Ada" } })
    assert.match(user.id, /^[a-z2-7]{16}$/)
    assert.equal(await users.signInWithPassword(auth, { ...key, password: "wrong password" }), null)

    const { session, token } = await users.signInWithPassword(auth, key)
    const valid = await auth.validateSession(token)
    assert.deepEqual(valid.user, { id: user.id, username: "Ada" })
    assert.equal(valid.session.id, session.id)

    assert.equal(await auth.invalidateSession(session.id, { userId: user.id }), true)
    assert.equal((await auth.validateSession(token)).reason, "unknown")
    const { token: idle } = await auth.createSession(user.id)
    now.advance(31 * 24 * 60 * 60 * 1000)
    assert.equal((await auth.validateSession(idle)).reason, "expired")
  })
}

test("createWebAuth() signs in over Request and Response, and refuses other sites", async () => {
  const { auth, users } = createApplication(scrypt())
  const { user } = await users.createUser({ key: null, attributes: { username: "Ada" } })
  const { handler } = createWebAuth(auth)
  const signIn = handler(async (_, { signIn }) => {
    await signIn(user.id)
    return new Response(null, { status: 303, headers: { Location: safeRedirect("//elsewhere.example", "/") } })
  })
  const whoami = handler(async (_, { validate }) => Response.json((await validate())?.user ?? null))

  const crossSite = { method: "POST", headers: { "Sec-Fetch-Site": "cross-site" } }
  assert.equal((await signIn(new Request("https://app.example/", crossSite))).status, 403)
  const signedIn = await signIn(new Request("https://app.example/", { method: "POST" }))
  assert.equal(signedIn.headers.get("Location"), "/")
  const [cookie] = signedIn.headers.getSetCookie()
  assert.match(cookie, /^__Host-session=[a-z2-7]{32};/)

  const headers = { Cookie: cookie.split(";")[0] }
  assert.deepEqual(await (await whoami(new Request("https://app.example/", { headers }))).json(), {
    id: user.id,
    username: "Ada",
  })
  assert.equal(await (await whoami(new Request("https://app.example/"))).json(), null)
})

test("createNodeAuth() serves the same over node:http", async () => {
  const { auth, users } = createApplication(scrypt())
  const { user } = await users.createUser({ key: null, attributes: { username: "Ada" } })
  const { token } = await auth.createSession(user.id)
  const { handler } = createNodeAuth(auth)
  const server = createServer(
    handler(async (_, res, { validate }) => res.end((await validate())?.user.username ?? "nobody")),
  )
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    const url = `http://127.0.0.1:${server.address().port}/`
    const headers = { Cookie: `${auth.sessionCookieName}=${token}` }
    assert.equal(await (await fetch(url, { headers })).text(), "Ada")
    assert.equal(await (await fetch(url)).text(), "nobody")
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test(
  "nodeSqliteAdapter() keeps sessions in the SQLite of this Node",
  { skip: major < 22 && "it has none" },
  async () => {
    const { DatabaseSync } = await import("node:sqlite")
    const db = new DatabaseSync(":memory:")
    db.exec("CREATE TABLE user (id TEXT PRIMARY KEY, username TEXT)")
    for (const statement of schema("sqlite")) db.exec(statement)
    db.exec("INSERT INTO user VALUES ('ada', 'Ada')")
    const auth = createAuth({ adapter: nodeSqliteAdapter(db) })
    const { token } = await auth.createSession("ada")
    assert.deepEqual((await auth.validateSession(token)).user, { id: "ada" })
    await assert.rejects(auth.createSession("bob"), (error) => isAuthError(error) && error.code === "user_missing")
  },
)

test("every other function of the package is there", () => {
  for (const exported of [betterSqlite3Adapter, sqlAdapter, testAdapter]) assert.equal(typeof exported, "function")
  assert.equal(manifest.name, "nightlatch")
})

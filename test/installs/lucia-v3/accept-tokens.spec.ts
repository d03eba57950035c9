import { createHash } from "node:crypto"
import * as real from "lucia"
import { afterEach, describe, expect, test } from "vitest"
import { memoryAdapter } from "../../../adapters/memory.ts"
import { createAuth } from "../../../src/index.ts"
import { acceptLuciaTokens, fromLuciaAdapter, Lucia } from "../../../src/lucia.ts"
import { argon2id, luciaScrypt, passwordHasher } from "../../../src/password.ts"
import { createUsers } from "../../../src/users.ts"
import { openBetterSqlite3, openDrizzlePostgres, openDrizzleSqlite, openPg, openPrismaSqlite } from "./stores.ts"

const hex = (text) => createHash("sha256").update(text).digest("hex")
const signedOut = { session: null, user: null, reason: "unknown" }
const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const { close } of opened.splice(0)) await close()
})

const stores = {
  "adapter-sqlite": openBetterSqlite3,
  "adapter-drizzle, SQLite": openDrizzleSqlite,
  "adapter-prisma, SQLite": openPrismaSqlite,
  "adapter-postgresql": openPg,
  "adapter-drizzle, PostgreSQL": openDrizzlePostgres,
}

describe.each(Object.entries(stores))("sessions that lucia@3.2.2 made through %s", (_, open) => {
  async function setUp({ skip }) {
    const store = (await open()) ?? skip()
    opened.push(store)
    await store.addUser({ id: "ada", username: "ada" })
    const adapter = fromLuciaAdapter<{ id: string; username: string }>(store.lucia)
    const own = createAuth({
      adapter,
      session: { absoluteTimeout: false },
      cookie: { name: "auth_session" },
      getUserAttributes: ({ username }) => ({ username }),
    })
    return { store, lucia: new real.Lucia(store.lucia), auth: acceptLuciaTokens(own, { adapter }) }
  }

  test("go on under tokens of ours, with their deadlines", async (context) => {
    const { lucia, auth, store } = await setUp(context)
    const { id, expiresAt } = await lucia.createSession("ada", {})
    const results = await Promise.all(Array.from({ length: 4 }, () => auth.validateSession(id)))
    for (const result of results) {
      expect(result).toMatchObject({
        user: { id: "ada", username: "ada" },
        token: expect.stringMatching(/^[a-z2-7]{32}$/),
      })
      expect(Math.abs(Number(result.session!.expiresAt) - Number(expiresAt))).toBeLessThanOrEqual(1000)
    }
    const [{ token = "", session }] = results
    expect(await auth.validateSession(token)).toMatchObject({ session: { id: session!.id } })
    expect(await lucia.getUserSessions("ada")).toMatchObject([{ id: hex(token) }])
    expect((await store.lucia.getSessionAndUser(id))[0]).toBeNull()
  })

  test("go on after the drop-in has hashed them, and the drop-in knows them afterwards by the new token", async (context) => {
    const { lucia, auth, store } = await setUp(context)
    const { id } = await lucia.createSession("ada", {})
    const dropIn = new Lucia(store.lucia)
    expect(await dropIn.validateSession(id)).toMatchObject({ session: { id } })
    const { token } = await auth.validateSession(id)
    expect(await auth.validateSession(id)).toMatchObject({ token, user: { id: "ada" } })
    for (const storedIds of ["rekey", "hashed"] as const)
      expect(await new Lucia(store.lucia, { storedIds }).validateSession(token!)).toMatchObject({ user: { id: "ada" } })
    expect(await dropIn.validateSession(id)).toEqual({ session: null, user: null })
  })

  test("are listed by ids that sign nobody in, and can be ended by them", async (context) => {
    const { lucia, auth } = await setUp(context)
    const ids: string[] = []
    for (let n = 0; n < 3; n++) ids.push((await lucia.createSession("ada", {})).id)
    await auth.validateSession(ids[0])
    const listed = await auth.getUserSessions("ada")
    expect(listed).toHaveLength(3)
    for (const { id } of listed) {
      expect(await auth.validateSession(id)).toMatchObject({ session: null })
      expect(await auth.invalidateSession(id, { userId: "ada" })).toBe(true)
    }
    for (const id of ids) expect(await auth.validateSession(id)).toEqual(signedOut)
    expect(await lucia.getUserSessions("ada")).toEqual([])
  })

  test("end with a rotation, and everywhere", async (context) => {
    const { lucia, auth } = await setUp(context)
    const [first, second] = [await lucia.createSession("ada", {}), await lucia.createSession("ada", {})]
    const rotated = await auth.rotateSession(first.id)
    expect(await auth.validateSession(first.id)).toEqual(signedOut)
    await auth.invalidateUserSessions("ada", { except: rotated!.session.id })
    expect(await auth.validateSession(second.id)).toEqual(signedOut)
    expect(await auth.validateSession(rotated!.token)).toMatchObject({ user: { id: "ada" } })
  })
})

test("the cookie of lucia@3.2.2 is replaced by one of the same name, domain and path", async () => {
  const attributes = { domain: "example.com", path: "/app", secure: true }
  const lucia = new real.Lucia({} as real.Adapter, { sessionCookie: { attributes } })
  const adapter = memoryAdapter()
  const auth = createAuth({ adapter, cookie: { name: lucia.sessionCookieName, domain: "example.com", path: "/app" } })
  const [old, ours] = [lucia.createSessionCookie("a"), auth.createSessionCookie("b")]
  for (const name of ["domain", "path", "secure", "httpOnly", "sameSite"])
    expect(ours.attributes[name]).toBe(old.attributes[name])
  expect(ours.name).toBe(old.name)
})

test.each(["Scrypt", "LegacyScrypt"])(
  "a password that lucia@3.2.2's %s hashed signs in, and is hashed again",
  async (kind) => {
    const adapter = memoryAdapter()
    await adapter.insertUser({ id: "ada", attributes: {} }, null)
    const passwordHash = await new real[kind]().hash("correct horse ﬁve")
    await adapter.insertKey({ providerId: "username", providerUserId: "ada", userId: "ada", passwordHash })
    const auth = createAuth({ adapter })
    const users = createUsers({
      adapter,
      passwordHasher: passwordHasher({ preferred: argon2id(), accepted: [luciaScrypt()] }),
    })
    expect(
      await users.signInWithPassword(auth, {
        providerId: "username",
        providerUserId: "ada",
        password: "correct horse",
      }),
    ).toBeNull()
    expect((await adapter.findKey("username", "ada"))!.passwordHash).toBe(passwordHash)
    for (let turn = 0; turn < 2; turn++) {
      expect(
        await users.signInWithPassword(auth, {
          providerId: "username",
          providerUserId: "Ada",
          password: "correct horse ﬁve",
        }),
      ).toMatchObject({
        token: expect.any(String),
      })
      expect((await adapter.findKey("username", "ada"))!.passwordHash).toMatch(/^\$argon2id\$/)
    }
  },
)

import { describe, expect, expectTypeOf, test } from "vitest"

import { createAuth } from "../../../src/index.ts"
import type { SessionAdapter } from "../../../src/index.ts"
import { fromLuciaAdapter } from "../../../src/lucia.ts"
import type { Adapter, DatabaseSession, DatabaseUser } from "../../../src/lucia/v3/lucia-adapter.ts"
import { manualClock, sessionAdapterCases } from "../../../src/testing.ts"
import { memoryLuciaAdapter } from "./memory-lucia-adapter.ts"
import { luckyCases, unmetCases } from "./unmet-cases.ts"

interface UserRow {
  id: string
  username: string
}

const day = 86_400_000
const unmet = { ...unmetCases, ...luckyCases }
const session = {
  id: "a".repeat(64),
  userId: "ada",
  createdAt: new Date(Date.UTC(2030, 0, 1)),
  expiresAt: new Date(Date.UTC(2040, 0, 1)),
  attributes: {},
}
const other = { ...session, id: "b".repeat(64) }

function setUp(options?: { createdAt: string }) {
  const lucia = memoryLuciaAdapter()
  lucia.users.set("ada", { id: "ada", attributes: { username: "ada", password_hash: "secret" } })
  return { lucia, adapter: fromLuciaAdapter<UserRow>(lucia, options) }
}

describe("the cases of the session port", () => {
  test.each(sessionAdapterCases)("$name, or not as the list of unmet cases says", async ({ name, run }) => {
    const outcome = run(() => {
      const lucia = memoryLuciaAdapter()
      return {
        adapter: fromLuciaAdapter(lucia, { createdAt: "created_at" }),
        addUser: ({ id, username }) => lucia.users.set(String(id), { id, attributes: { username } }),
      }
    })
    await (name in unmet ? expect(outcome).rejects.toThrow() : outcome)
  })

  test("every case that is said to be unmet exists", () => {
    const names = sessionAdapterCases.map(({ name }) => name)
    expect(Object.keys(unmet).filter((name) => !names.includes(name))).toEqual([])
  })
})

describe("the time of creation", () => {
  test.each([undefined, {}, { absoluteTimeout: "90d" as const }])(
    "createAuth() refuses an absolute timeout where nothing keeps it: %j",
    (policy) => {
      const { adapter } = setUp()
      const call = () => createAuth({ adapter, ...(policy && { session: policy }) })
      expect(call).toThrow(expect.objectContaining({ code: "invalid_option" }))
      expect(call).toThrow(/absoluteTimeout to false.*createdAt/)
    },
  )

  test("createAuth() takes `absoluteTimeout: false`, also from an adapter that is spread", async () => {
    const { adapter } = setUp()
    const auth = createAuth({ adapter: { ...adapter }, session: { absoluteTimeout: false } })
    const { token } = await auth.createSession("ada")
    expect(await auth.validateSession(token)).toMatchObject({ session: { userId: "ada" }, user: { id: "ada" } })
    expect(() => createAuth({ adapter: { ...adapter } })).toThrow(/absoluteTimeout/)
  })

  test("with a column for it, the absolute timeout ends a session that was used all the time", async () => {
    const { adapter, lucia } = setUp({ createdAt: "created_at" })
    const now = manualClock()
    const auth = createAuth({ adapter, session: { idleTimeout: "2d", absoluteTimeout: "5d" }, now })
    const signedIn = new Date(now())
    const { token, session } = await auth.createSession("ada")
    expect(lucia.sessions.get(session.id)?.attributes).toEqual({ created_at: signedIn.getTime() })
    for (const at of [1, 2, 3, 4]) {
      now.advance(day)
      expect((await auth.validateSession(token)).session, `day ${at}`).toMatchObject({ createdAt: signedIn })
    }
    now.advance(day)
    expect(await auth.validateSession(token)).toMatchObject({ session: null, reason: "expired" })
  })

  test.each([
    ["a bigint", 1893456000000n],
    ["text", "1893456000000"],
    ["a date", new Date(1893456000000)],
  ])("is read from %s, and is no attribute", async (_, created) => {
    const { adapter, lucia } = setUp({ createdAt: "created_at" })
    lucia.sessions.set(session.id, { ...session, attributes: { created_at: created, label: "own" } })
    const found = await adapter.findSession(session.id)
    expect(found?.session).toEqual({ ...session, attributes: { label: "own" } })
  })

  test.each([[null], [undefined], [""], ["yesterday"], [true], [{}]])(
    "a session whose column holds %j is not live",
    async (created) => {
      const { adapter, lucia } = setUp({ createdAt: "created_at" })
      const auth = createAuth({ adapter })
      const { token, session } = await auth.createSession("ada")
      const row = lucia.sessions.get(session.id)
      lucia.sessions.set(session.id, { ...row!, attributes: { created_at: created } })
      expect(await auth.validateSession(token)).toMatchObject({ session: null, reason: "expired" })
      expect(await auth.getUserSessions("ada")).toEqual([])
    },
  )
})

describe("the deadline", () => {
  test.each([
    ["2040-01-01 00:00:00+00", Date.UTC(2040, 0, 1)],
    ["2040-01-01 01:30:00.250+01:30", Date.UTC(2040, 0, 1) + 250],
    ["2039-12-31 19:00:00.123456-05", Date.UTC(2040, 0, 1) + 123],
    ["2040-01-01T00:00:00.000Z", Date.UTC(2040, 0, 1)],
  ])("is read from the text %s", async (text, expected) => {
    const { adapter, lucia } = setUp()
    lucia.sessions.set(session.id, { ...session, expiresAt: text as unknown as Date })
    expect((await adapter.findSession(session.id))?.session.expiresAt).toEqual(new Date(expected))
  })

  test.each([["2040-01-01 00:00:00"], ["infinity"], ["tomorrow"], [2208988800], [null], [undefined], [new Date(NaN)]])(
    "a session whose deadline is %j is not live, and cannot be extended",
    async (expiresAt) => {
      const { adapter, lucia } = setUp()
      const auth = createAuth({ adapter, session: { absoluteTimeout: false } })
      const { token, session } = await auth.createSession("ada")
      lucia.sessions.get(session.id)!.expiresAt = expiresAt as Date
      expect(await auth.validateSession(token)).toMatchObject({ session: null, reason: "expired" })
      expect(await auth.getUserSessions("ada")).toEqual([])
      expect(await adapter.extendSession(session.id, new Date(8e15), new Date(8e15))).toBe(false)
    },
  )
})

describe("what the contract cannot do", () => {
  test("updateSession() is unsupported, and changes nothing", async () => {
    const { adapter } = setUp()
    const auth = createAuth({ adapter, session: { absoluteTimeout: false } })
    const { session } = await auth.createSession("ada")
    await expect(auth.updateSession(session.id, { label: "new" } as never)).rejects.toMatchObject({
      code: "unsupported",
    })
    expect(await auth.getUserSessions("ada")).toEqual([{ ...session, createdAt: new Date(0), fresh: false }])
  })

  test("deleteExpiredSessions() deletes what is over by the machine's clock, and counts nothing", async () => {
    const { adapter, lucia } = setUp()
    await adapter.insertSession({ ...session, expiresAt: new Date(Date.now() - 1) })
    await adapter.insertSession({ ...other, expiresAt: new Date(Date.now() + day) })
    const auth = createAuth({ adapter, session: { absoluteTimeout: false } })
    expect(await auth.deleteExpiredSessions()).toBe(0)
    expect([...lucia.sessions.keys()]).toEqual([other.id])
  })

  test("a sign-in of a user who does not exist is store_failed, with the driver's error", async () => {
    const auth = createAuth({ adapter: setUp().adapter, session: { absoluteTimeout: false } })
    await expect(auth.createSession("nobody")).rejects.toMatchObject({
      code: "store_failed",
      cause: new Error("FOREIGN KEY constraint failed"),
    })
  })
})

describe("what the adapters of Lucia do wrong", () => {
  test.each(["id", "ID", "user_id", "userId", "USERID", "expires_at", "expiresAt", "created_at", "createdAt", "_id"])(
    "the attribute %s would overwrite a column, and is refused",
    async (name) => {
      const { adapter, lucia } = setUp({ createdAt: "created_at" })
      const insert = adapter.insertSession({ ...session, attributes: { [name]: "mallory" } })
      await expect(insert).rejects.toMatchObject({ code: "invalid_option" })
      expect(lucia.sessions.size).toBe(0)
    },
  )

  test.each([`label") VALUES ('x')--`, "label`", "a.b", "a b", "", "a\0", "__proto__"])(
    "the attribute name %j would break out of its quotes, and is refused",
    async (name) => {
      const { adapter, lucia } = setUp()
      const attributes = Object.fromEntries([[name, "x"]])
      await expect(adapter.insertSession({ ...session, attributes })).rejects.toMatchObject({ code: "invalid_option" })
      expect(lucia.sessions.size).toBe(0)
    },
  )

  test("a deletion whose error is hidden does not look like a sign-out", async () => {
    const { adapter, lucia } = setUp()
    await adapter.insertSession(session)
    await adapter.insertSession(other)
    lucia.deleteSession = async () => undefined
    lucia.deleteUserSessions = async () => undefined
    const failure = { code: "store_failed" }
    await expect(adapter.deleteSession(session.id)).rejects.toMatchObject(failure)
    await expect(adapter.replaceSession(session.id, { ...session, id: "c".repeat(64) })).rejects.toMatchObject(failure)
    await expect(adapter.deleteUserSessions("ada")).rejects.toMatchObject(failure)
    await expect(adapter.deleteUserSessions("ada", other.id)).rejects.toMatchObject(failure)
  })

  test("an extension that rejects because the session is gone resolves to false, and any other rejects", async () => {
    const { adapter, lucia } = setUp()
    const failure = new Error("P2025")
    await adapter.insertSession(session)
    lucia.updateSessionExpiration = () => Promise.reject(failure)
    const extend = () => adapter.extendSession(session.id, new Date(8e15), session.expiresAt)
    await expect(extend()).rejects.toBe(failure)
    lucia.updateSessionExpiration = async (id) => {
      lucia.sessions.delete(id)
      throw failure
    }
    expect(await extend()).toBe(false)
    expect(lucia.sessions.size).toBe(0)
  })

  test("users that the database considers equal keep their sessions apart", async () => {
    const { adapter, lucia } = setUp()
    lucia.users.set("ADA", { id: "ADA", attributes: {} })
    await adapter.insertSession(session)
    await adapter.insertSession({ ...other, userId: "ADA" })
    lucia.getUserSessions = async () => structuredClone([...lucia.sessions.values()])
    lucia.deleteUserSessions = async () => lucia.sessions.clear()
    expect((await adapter.listSessions("ada")).map(({ id }) => id)).toEqual([session.id])
    await adapter.deleteUserSessions("ada")
    expect([...lucia.sessions.keys()]).toEqual([other.id])
  })

  test("a session that the database takes for another one is not found", async () => {
    const { adapter, lucia } = setUp()
    await adapter.insertSession(session)
    lucia.getSessionAndUser = async () => structuredClone([session, null])
    const id = session.id.toUpperCase()
    expect(await adapter.findSession(id)).toBeNull()
    expect(await adapter.deleteSession(id)).toBe(false)
    expect(await adapter.replaceSession(id, other)).toBe(false)
    expect([...lucia.sessions.keys()]).toEqual([session.id])
  })

  test.each([undefined, null, { $ne: "" }, ["ada"], true])("%j stands for no user", async (wrong) => {
    const { adapter, lucia } = setUp()
    await adapter.insertSession(session)
    lucia.getUserSessions = async () => structuredClone([session])
    const [userId, refusal] = [wrong as unknown as string, { code: "invalid_option" }]
    await expect(adapter.deleteUserSessions(userId)).rejects.toMatchObject(refusal)
    await expect(adapter.listSessions(userId)).rejects.toMatchObject(refusal)
    await expect(adapter.insertSession({ ...other, userId })).rejects.toMatchObject(refusal)
    if (wrong !== undefined) await expect(adapter.deleteSession(session.id, userId)).rejects.toMatchObject(refusal)
    expect([...lucia.sessions.keys()]).toEqual([session.id])
  })

  test("a session of Lucia's own is neither shown nor valid, but ends with the others", async () => {
    const { adapter, lucia } = setUp()
    const auth = createAuth({ adapter, session: { absoluteTimeout: false } })
    const { session: kept } = await auth.createSession("ada")
    await lucia.setSession({ ...session, id: "k".repeat(40) })
    expect((await auth.getUserSessions("ada")).map(({ id }) => id)).toEqual([kept.id])
    expect(await auth.validateSession("k".repeat(40))).toMatchObject({ session: null, reason: "malformed" })
    await auth.invalidateUserSessions("ada", { except: kept.id })
    expect([...lucia.sessions.keys()]).toEqual([kept.id])
  })
})

test("an invalid adapter of Lucia v3 and an invalid column are refused at once", () => {
  const { deleteSession: _, ...part } = memoryLuciaAdapter()
  const refusal = (code: string) => expect.objectContaining({ code })
  expect(() => fromLuciaAdapter(part as unknown as Adapter)).toThrow(/deleteSession\(\)/)
  expect(() => fromLuciaAdapter(undefined as unknown as Adapter)).toThrow(refusal("missing_port"))
  for (const createdAt of ["", "id", "user_id", "expiresAt", 'a"b'])
    expect(() => fromLuciaAdapter(memoryLuciaAdapter(), { createdAt })).toThrow(refusal("invalid_option"))
})

test("a rotation does not outlive a sign-out that ran before its row was written", async () => {
  const { adapter, lucia } = setUp()
  await adapter.insertSession(session)
  const { setSession } = lucia
  lucia.setSession = async (row) => {
    lucia.sessions.clear()
    await setSession(row)
  }
  expect(await adapter.replaceSession(session.id, other)).toBe(false)
  expect(lucia.sessions.size).toBe(0)
})

test("without a time of creation the newest deadline is listed first", async () => {
  const { adapter } = setUp()
  await adapter.insertSession(session)
  await adapter.insertSession({ ...other, expiresAt: new Date(session.expiresAt.getTime() + 1) })
  expect((await adapter.listSessions("ada")).map(({ id }) => id)).toEqual([other.id, session.id])
})

test("the columns of the user's row are shown by getUserAttributes() only", async () => {
  const { adapter } = setUp()
  const auth = createAuth({
    adapter,
    session: { absoluteTimeout: false },
    getUserAttributes: ({ username }) => ({ username }),
  })
  const { token } = await auth.createSession("ada")
  expect((await auth.validateSession(token)).user).toEqual({ id: "ada", username: "ada" })
})

test("rows are typed by the adapter, or by the type arguments", () => {
  interface Typed extends Adapter {
    getSessionAndUser(
      id: string,
    ): Promise<
      [
        DatabaseSession<{ label: string; created_at: number }, number> | null,
        DatabaseUser<{ name: string }, number> | null,
      ]
    >
  }
  const typed = memoryLuciaAdapter() as unknown as Typed
  const inferred = fromLuciaAdapter(typed, { createdAt: "created_at" })
  expectTypeOf(inferred).toExtend<SessionAdapter<{ id: number } & { name: string }, { label: string }>>()
  expectTypeOf(inferred.insertSession).parameter(0).toHaveProperty("attributes").toEqualTypeOf<{ label: string }>()
  expectTypeOf(fromLuciaAdapter<UserRow>(typed)).toEqualTypeOf<SessionAdapter<UserRow, {}>>()
  expectTypeOf(fromLuciaAdapter<UserRow, { ip: string }>(typed)).toEqualTypeOf<
    SessionAdapter<UserRow, { ip: string }>
  >()
})

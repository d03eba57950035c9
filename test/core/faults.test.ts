import { afterEach, beforeEach, describe, expect, test } from "vitest"

import type { Auth, SessionAdapter } from "../../src/index.ts"
import { AuthError, createAuth, isAuthError } from "../../src/index.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { day, record, setUp, strangerToken } from "./auth-fixture.ts"
import type { SessionRow, TestAdapter, UserRow } from "./auth-fixture.ts"

const rejections: unknown[] = []
const remember = (error: unknown) => void rejections.push(error)
beforeEach(() => {
  rejections.length = 0
  process.on("unhandledRejection", remember)
})
afterEach(async () => {
  await new Promise(setImmediate)
  process.off("unhandledRejection", remember)
  expect(rejections).toEqual([])
})

const id = "0".repeat(64)
type AnyAuth = Auth<UserRow, SessionRow, object, object>
const operations: [method: keyof SessionAdapter<UserRow>, name: string, run: (auth: AnyAuth) => Promise<unknown>][] = [
  ["insertSession", "createSession", (auth) => auth.createSession("user-1")],
  ["findSession", "validateSession", (auth) => auth.validateSession(strangerToken)],
  ["findSession", "rotateSession", (auth) => auth.rotateSession(strangerToken)],
  ["updateSession", "updateSession", (auth) => auth.updateSession(id, {})],
  ["listSessions", "getUserSessions", (auth) => auth.getUserSessions("user-1")],
  ["deleteSession", "invalidateSession", (auth) => auth.invalidateSession(id)],
  ["deleteUserSessions", "invalidateUserSessions", (auth) => auth.invalidateUserSessions("user-1")],
  ["deleteExpiredSessions", "deleteExpiredSessions", (auth) => auth.deleteExpiredSessions()],
]

describe("a store that fails", () => {
  test.each(operations)(
    "[F1] in %s: %s() throws store_failed with the driver's error as its cause",
    async (method, _, run) => {
      const cause = Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" })
      for (const failure of [() => Promise.reject(cause), () => raise(cause)]) {
        const { auth } = await setUp({ adapter: () => ({ [method]: failure }) })
        const error: unknown = await run(auth).catch((error: unknown) => error)
        expect(error).toBeInstanceOf(AuthError)
        expect(isAuthError(error)).toBe(true)
        expect(error).toMatchObject({ name: "AuthError", code: "store_failed", cause })
      }
    },
  )

  test.each(operations)("an AuthError of %s passes through %s() as it is", async (method, _, run) => {
    const own = new AuthError("user_missing", "No such user")
    const { auth } = await setUp({ adapter: () => ({ [method]: () => Promise.reject(own) }) })
    await expect(run(auth)).rejects.toBe(own)
  })

  test.each([undefined, null, "text", 5])("that rejects with %s is store_failed, too", async (cause) => {
    const { auth } = await setUp({ adapter: () => ({ findSession: () => Promise.reject(cause) }) })
    await expect(auth.validateSession(strangerToken)).rejects.toMatchObject({ code: "store_failed", cause })
  })

  test("[F1] never looks like signed out, and is good again without a restart", async () => {
    let isDown = false
    const { auth, adapter } = await setUp({
      adapter: (memory) => ({
        findSession: (id) => (isDown ? Promise.reject(new Error("down")) : memory.findSession(id)),
      }),
    })
    const { token } = await auth.createSession("user-1")
    isDown = true
    for (let i = 0; i < 20; i++)
      await expect(auth.validateSession(token)).rejects.toMatchObject({ code: "store_failed" })
    await expect(createAuth({ adapter }).validateSession(token)).rejects.toMatchObject({ code: "store_failed" })
    isDown = false
    expect((await auth.validateSession(token)).user?.id).toBe("user-1")
  })

  test("[F1] in replaceSession leaves the old token good", async () => {
    const { auth } = await setUp({ adapter: () => ({ replaceSession: () => Promise.reject(new Error("down")) }) })
    const { token } = await auth.createSession("user-1")
    await expect(auth.rotateSession(token)).rejects.toMatchObject({ code: "store_failed" })
    expect((await auth.validateSession(token)).session).not.toBeNull()
  })

  test("[F1] loadUser failing is store_failed, not a user who is gone", async () => {
    const { options } = await setUp({ adapter: sessionsOnly })
    const cause = new Error("down")
    for (const loadUser of [() => Promise.reject(cause), () => raise(cause)]) {
      const auth = createAuth({ ...options, loadUser })
      const { token } = await auth.createSession("user-1")
      await expect(auth.validateSession(token)).rejects.toMatchObject({ code: "store_failed", cause })
    }
  })

  test("[LOG-3] the message says nothing of what the driver said", async () => {
    const detail = 'duplicate key value violates unique constraint "session_pkey" Detail: (id)=(secret)'
    const { auth } = await setUp({ adapter: () => ({ insertSession: () => Promise.reject(new Error(detail)) }) })
    const error: unknown = await auth.createSession("user-1").catch((error: unknown) => error)
    expect(error instanceof Error && error.message).not.toMatch(/duplicate|session_pkey|secret/)
  })
})

describe("a store that cannot write", () => {
  test("[F15] validates, also where an extension is due, and fails sign-ins cleanly", async () => {
    const readOnly = () => Promise.reject(new Error("read-only"))
    const { auth, adapter, now } = await setUp()
    const { session, token } = await auth.createSession("user-1")
    const broken = createAuth({
      adapter: { ...adapter, insertSession: readOnly, extendSession: readOnly, replaceSession: readOnly },
      now,
    })
    now.advance(15 * day)
    for (let i = 0; i < 3; i++) {
      expect((await broken.validateSession(token)).session).toMatchObject({
        fresh: false,
        expiresAt: session.expiresAt,
      })
    }
    await expect(broken.createSession("user-1")).rejects.toMatchObject({ code: "store_failed" })
    expect((await auth.validateSession(token)).session).toMatchObject({ fresh: true })
  })

  test("[F15] of 50 requests one tries an extension that fails, and the next one tries again", async () => {
    let failures = 0
    const { auth, calls, now } = await setUp({
      adapter: (memory) => ({
        extendSession: (...values) =>
          failures++ ? memory.extendSession(...values) : Promise.reject(new Error("once")),
      }),
    })
    const { token } = await auth.createSession("user-1")
    now.advance(15 * day)
    const results = await Promise.all(Array.from({ length: 50 }, () => auth.validateSession(token)))
    expect(results.every(({ session }) => session?.fresh === false)).toBe(true)
    expect(calls.filter((name) => name === "extendSession")).toHaveLength(1)
    expect((await auth.validateSession(token)).session).toMatchObject({ fresh: true })
  })
})

describe("a store that holds damaged rows", () => {
  const damage: [string, object][] = [
    ["no deadline", { expiresAt: null }],
    ["no dates at all", { expiresAt: undefined, createdAt: undefined }],
    ["text for dates", { expiresAt: "2031", createdAt: "2030" }],
    ["an invalid deadline", { expiresAt: new Date("x") }],
    ["an invalid start", { createdAt: new Date("x") }],
    ["an object for a date", { expiresAt: { $date: 1 } }],
  ]

  test.each(damage)("[F14] with %s: that row is not a session, and the list skips it", async (_, fields) => {
    const good = record({ id: "1".repeat(64) })
    const bad = { ...record(), ...fields }
    const { auth } = await setUp({
      adapter: () => ({
        findSession: async () => ({ session: bad, user: { id: "user-1", username: "ada" } }),
        listSessions: async () => [bad, good],
      }),
    })
    expect(await auth.validateSession(strangerToken)).toMatchObject({ session: null, reason: "expired" })
    expect(await auth.rotateSession(strangerToken)).toBeNull()
    expect((await auth.getUserSessions("user-1")).map(({ id }) => id)).toEqual([good.id])
  })

  test("[F14] columns that we do not know reach nobody", async () => {
    const extra = { ...record(), token: "secret", isAdmin: true }
    const { auth } = await setUp({
      adapter: () => ({ findSession: async () => ({ session: extra, user: { id: "user-1", username: "ada" } }) }),
    })
    const { session } = await auth.validateSession(strangerToken)
    expect(Object.keys(session ?? {}).sort()).toEqual(["createdAt", "expiresAt", "fresh", "id", "label", "userId"])
  })
})

describe("a sign-in whose answer is lost", () => {
  test("[F17] leaves one session, whose token nobody knows, until it expires", async () => {
    const { auth, memory, now } = await setUp()
    await auth.createSession("user-1")
    expect(await auth.getUserSessions("user-1")).toHaveLength(1)
    now.advance(31 * day)
    expect(await auth.getUserSessions("user-1")).toEqual([])
    now.advance(day)
    expect(await auth.deleteExpiredSessions()).toBe(1)
    expect(await memory.listSessions("user-1")).toEqual([])
  })

  test("[F17] whose insert never answers leaves nothing else hanging", async () => {
    const { auth } = await setUp({ adapter: () => ({ insertSession: () => new Promise(() => {}) }) })
    const outcome = await Promise.race([
      auth.createSession("user-1"),
      new Promise((done) => setImmediate(done, "pending")),
    ])
    expect(outcome).toBe("pending")
    expect(await auth.getUserSessions("user-1")).toEqual([])
  })
})

describe("isAuthError()", () => {
  test("knows an AuthError, also one of another copy of the package", () => {
    const named = Object.assign(new Error("x"), { name: "AuthError", code: "store_failed" })
    expect(isAuthError(new AuthError("store_failed", "x"))).toBe(true)
    expect(isAuthError(Object.assign(new Error("x"), { [Symbol.for("nightlatch.AuthError")]: true }))).toBe(true)
    for (const value of [new Error("x"), named, { ...named }, null, undefined, "AuthError"]) {
      expect(isAuthError(value)).toBe(false)
    }
  })

  test("an AuthError is an Error with a code, a message and a cause", () => {
    const cause = new Error("driver")
    const error = new AuthError("hash_failed", "It failed", { cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: "AuthError", code: "hash_failed", message: "It failed", cause })
    expect("cause" in new AuthError("hash_failed", "It failed")).toBe(false)
  })
})

test("an adapter's methods are called with the adapter's own arguments, no more", async () => {
  const seen: unknown[][] = []
  const adapter = memoryAdapter<UserRow, SessionRow>()
  const listSessions = async (...values: [userId: unknown]) => (seen.push(values), [])
  await createAuth({ adapter: { ...adapter, listSessions } }).getUserSessions("user-1")
  expect(seen).toEqual([["user-1"]])
})

function sessionsOnly(memory: TestAdapter): Partial<TestAdapter> {
  return {
    async findSession(id) {
      const found = await memory.findSession(id)
      return found && { session: found.session }
    },
  }
}

function raise(error: Error): never {
  throw error
}

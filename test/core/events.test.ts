import { inspect } from "node:util"

import { afterEach, beforeEach, describe, expect, test } from "vitest"

import type { AuthEvent } from "../../src/index.ts"
import { createAuth } from "../../src/index.ts"
import { createWebAuth } from "../../src/web.ts"
import { day, setUp, strangerToken } from "./auth-fixture.ts"

const rejections: unknown[] = []
const remember = (error: unknown) => void rejections.push(error)
beforeEach(() => {
  rejections.length = 0
  process.on("unhandledRejection", remember)
})
afterEach(() => void process.off("unhandledRejection", remember))

describe("onEvent", () => {
  test("[LOG-2] hears of a session's whole life, with the time and without a secret", async () => {
    const { auth, events, now } = await setUp()
    const { session, token } = await auth.createSession("user-1")
    now.advance(15 * day)
    await auth.validateSession(token)
    const rotated = await auth.rotateSession(token)
    const sessionId = rotated?.session.id ?? ""
    await auth.invalidateSession(sessionId, { userId: "user-1" })
    await auth.invalidateUserSessions("user-1")
    const start = new Date(Date.UTC(2030, 0, 1))
    const later = new Date(now())
    expect(events).toStrictEqual([
      { type: "session_created", at: start, userId: "user-1", sessionId: session.id },
      { type: "session_extended", at: later, userId: "user-1", sessionId: session.id },
      expect.objectContaining({ type: "session_rotated", at: later, userId: "user-1", sessionId }),
      { type: "session_ended", at: later, userId: "user-1", sessionId },
      { type: "user_sessions_ended", at: later, userId: "user-1" },
    ])
  })

  test("[LOG-2] hears why a token was rejected, and whose it was if that is known", async () => {
    const { auth, events, now } = await setUp()
    const { session, token } = await auth.createSession("user-1")
    now.advance(30 * day)
    events.length = 0
    for (const dead of [token, strangerToken, "x\n2026 login ok admin", "\x1b[2J"]) await auth.validateSession(dead)
    expect(events.map(({ type, reason }) => [type, reason])).toEqual([
      ["session_rejected", "expired"],
      ["session_rejected", "unknown"],
      ["session_rejected", "malformed"],
      ["session_rejected", "malformed"],
    ])
    for (const { sessionId } of events) expect([undefined, session.id]).toContain(sessionId)
    expect(inspect(events)).not.toContain("login ok admin")
  })

  test("[LOG-2] hears of a user who is gone", async () => {
    const { auth, events } = await setUp({
      adapter: (memory) => ({
        async findSession(id) {
          const found = await memory.findSession(id)
          return found && { ...found, user: null }
        },
      }),
    })
    const { session, token } = await auth.createSession("user-1")
    await auth.validateSession(token)
    expect(events.at(-1)).toMatchObject({
      type: "session_rejected",
      reason: "user_missing",
      userId: "user-1",
      sessionId: session.id,
    })
  })

  test("[F15] hears of an extension that failed, and the session is good all the same", async () => {
    const { auth, events, now } = await setUp({
      adapter: () => ({ extendSession: () => Promise.reject(new Error("disk full")) }),
    })
    const { session, token } = await auth.createSession("user-1")
    now.advance(15 * day)
    expect((await auth.validateSession(token)).session).toEqual({ ...session, fresh: false })
    expect(events.at(-1)).toMatchObject({
      type: "session_extension_failed",
      userId: "user-1",
      sessionId: session.id,
      reason: "store_failed",
    })
    expect(rejections).toEqual([])
  })

  test("hears nothing of what did not happen", async () => {
    const { auth, events } = await setUp()
    const { token } = await auth.createSession("user-1")
    events.length = 0
    await auth.validateSession(token)
    await auth.rotateSession(strangerToken)
    await auth.invalidateSession("0".repeat(64))
    await auth.updateSession("0".repeat(64), {})
    await auth.getUserSessions("user-1")
    await auth.deleteExpiredSessions()
    expect(events.filter(({ type }) => type !== "session_rejected")).toEqual([])
  })

  test("hears of nothing before the store has done it", async () => {
    const { auth, events } = await setUp({
      adapter: () => ({
        insertSession: () => Promise.reject(new Error("down")),
        deleteSession: () => Promise.reject(new Error("down")),
        deleteUserSessions: () => Promise.reject(new Error("down")),
      }),
    })
    await expect(auth.createSession("user-1")).rejects.toThrow()
    await expect(auth.invalidateSession("0".repeat(64))).rejects.toThrow()
    await expect(auth.invalidateUserSessions("user-1")).rejects.toThrow()
    expect(events).toEqual([])
  })

  const listeners: [string, (event: AuthEvent) => void][] = [
    ["throws", () => fail()],
    ["rejects", async () => fail()],
    ["never ends", () => new Promise(() => {})],
    // A listener from plain JavaScript may return anything.
    ["returns a thenable that throws", () => ({ then: fail }) as unknown as void],
    ["throws nothing sensible", () => reject(undefined)],
  ]

  test.each(listeners)("that %s changes nothing", async (_, onEvent) => {
    const { auth, now } = await setUp({ onEvent })
    const { token } = await auth.createSession("user-1")
    now.advance(15 * day)
    expect((await auth.validateSession(token)).session).toMatchObject({ fresh: true })
    expect(await auth.validateSession("x")).toMatchObject({ reason: "malformed" })
    const { crossOrigin, validate } = createWebAuth(auth).handleRequest(crossSite(token))
    expect([crossOrigin, await validate()]).toEqual([true, null])
    await new Promise(setImmediate)
    expect(rejections).toEqual([])
  })

  test("is not awaited", async () => {
    const { auth } = await setUp({ onEvent: () => new Promise(() => {}) })
    await expect(auth.createSession("user-1")).resolves.toBeDefined()
  })
})

describe("the request in an event", () => {
  test("[LOG-2] is what the Web wrapper was given, for each event of it", async () => {
    const { auth, events } = await setUp()
    const { token } = await auth.createSession("user-1")
    events.length = 0
    const request = new Request("https://app.example/", { headers: { Cookie: `__Host-session=${token}` } })
    const authRequest = createWebAuth(auth).handleRequest(request)
    await authRequest.rotate()
    await authRequest.signIn("user-2")
    await authRequest.signOut()
    expect(events.map(({ type }) => type)).toEqual([
      "session_rotated",
      "session_created",
      "session_ended",
      "session_ended",
    ])
    for (const event of events) expect(event.request).toBe(request)
  })

  test("[LOG-2] reports a cross-origin request once", async () => {
    const { auth, events } = await setUp()
    const { token } = await auth.createSession("user-1")
    events.length = 0
    const request = crossSite(token)
    const authRequest = createWebAuth(auth).handleRequest(request)
    await authRequest.validate()
    await authRequest.signIn("user-1")
    await authRequest.signOut()
    expect(events).toEqual([{ type: "cross_origin", at: expect.any(Date) }])
    expect(events[0]?.request).toBe(request)
  })

  test("is of one request only: two at once are not mixed up", async () => {
    const { auth, events } = await setUp()
    const { handleRequest } = createWebAuth(auth)
    const requests = Array.from({ length: 50 }, (_, i) => new Request(`https://app.example/${i}`))
    await Promise.all(requests.map((request, i) => handleRequest(request).signIn(`user-${(i % 2) + 1}`)))
    expect(events.map(({ request }) => request)).toEqual(requests)
    expect(events.map(({ userId }) => userId)).toEqual(requests.map((_, i) => `user-${(i % 2) + 1}`))
  })

  test("is absent where no wrapper was asked, also afterwards", async () => {
    const { auth, events } = await setUp()
    createWebAuth(auth).handleRequest(crossSite(strangerToken))
    await auth.createSession("user-1")
    expect(events.map(({ request }) => request !== undefined)).toEqual([true, false])
  })
})

test("[LOG-1] no event, error or session shows a token, whatever happens", async () => {
  const { auth, adapter, events, now } = await setUp()
  const seen: unknown[] = [events]
  const { token } = await auth.createSession("user-1", { label: "phone" })
  const down = () => Promise.reject(new Error("connection refused"))
  const failing = createAuth({
    adapter: { ...adapter, findSession: down, insertSession: down },
    onEvent: (event) => events.push(event),
  })
  for (const method of ["validateSession", "rotateSession"] as const) {
    await failing[method](token).catch((error: unknown) => seen.push(error))
  }
  await failing.createSession("user-1").catch((error: unknown) => seen.push(error))
  try {
    auth.createSessionCookie(`${token};`)
  } catch (error) {
    seen.push(error)
  }
  try {
    auth.createSessionCookie(token.repeat(200))
  } catch (error) {
    seen.push(error)
  }
  now.advance(15 * day)
  seen.push(await auth.validateSession(token), await auth.getUserSessions("user-1"))
  const rotated = await auth.rotateSession(token)
  seen.push(rotated?.session)
  const text = inspect(seen, { depth: 12, showHidden: true, maxStringLength: null })
  expect(text).toContain("connection refused")
  for (const secret of [token, rotated?.token]) expect(text).not.toContain(secret)
})

function crossSite(token: string): Request {
  const headers = { Cookie: `__Host-session=${token}`, Origin: "https://evil.example" }
  return new Request("https://app.example/", { method: "POST", headers })
}

function fail(): never {
  throw new Error("The listener failed")
}

function reject(reason: unknown): never {
  throw reason
}

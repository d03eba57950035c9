import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { createAudit } from "../../src/audit.ts"
import type { AuditRecord } from "../../src/audit.ts"
import { createAuth } from "../../src/index.ts"
import type { AuthEventType } from "../../src/index.ts"
import { createWebAuth } from "../../src/web.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { setUp, settle, testStore } from "./set-up.ts"

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }))
afterEach(() => void vi.useRealTimers())

const typesOf = (records: Pick<AuditRecord, "type">[]) => records.map(({ type }) => type)

describe("what is stored", () => {
  test("of an event is its type, time, user and session, and all else that is enumerable as JSON", async () => {
    const { audit, emit, stored, now } = setUp()
    emit("key_used", { userId: "ada", sessionId: "s1", providerId: "username", reason: "because" })
    emit("user_created", { userId: "ada" })
    await audit.flush()
    const id = expect.stringMatching(/^[a-z2-7]{32}$/)
    const at = new Date(now())
    const detail = '{"providerId":"username","reason":"because"}'
    expect(stored()).toEqual([
      { id, at, type: "key_used", userId: "ada", sessionId: "s1", detail },
      { id, at, type: "user_created", userId: "ada", sessionId: null, detail: "" },
    ])
  })

  test("[LOG-1] is never the request, nor the cookie in it", async () => {
    const adapter = memoryAdapter<{ id: string }>()
    await adapter.insertUser({ id: "ada", attributes: {} }, null)
    const store = testStore(adapter)
    const audit = createAudit({ adapter: store, skip: [] })
    const auth = createAuth({ adapter, onEvent: audit.onEvent })
    const { token } = await auth.createSession("ada")
    const headers = { Cookie: `__Host-session=${token}`, Origin: "https://evil.example" }
    const request = new Request("https://example.com/", { method: "POST", headers })
    await createWebAuth(auth).handler(async () => new Response())(request)
    await auth.rotateSession(token)
    await audit.flush()
    expect(typesOf(store.batches.flat())).toEqual(expect.arrayContaining(["session_created", "cross_origin"]))
    expect(JSON.stringify(store.batches)).not.toContain(token)
  })

  test("is what describe() adds, and never less than the event says", async () => {
    const describeEvent = vi.fn(() => ({ ip: "192.0.2.0/24", tries: 3, reason: "mine" }))
    const { audit, emit, stored } = setUp({ describe: describeEvent })
    emit("key_refused", { providerId: "username", reason: "real" }, { url: "/sign-in" })
    await audit.flush()
    expect(JSON.parse(stored()[0]?.detail ?? "")).toEqual({
      ip: "192.0.2.0/24",
      tries: 3,
      reason: "real",
      providerId: "username",
    })
    expect(describeEvent).toHaveBeenCalledWith(expect.objectContaining({ request: { url: "/sign-in" } }))
  })

  test("is the event alone if describe() returns null, throws, or returns what JSON cannot hold", async () => {
    const onError = vi.fn()
    const circular: Record<string, never> = {}
    Object.assign(circular, { circular })
    const returned = [() => null, () => undefined, () => Promise.resolve({ a: 1 }), () => circular, () => ({ a: 1n })]
    const broken = [
      ...returned,
      () => {
        throw new Error("describe")
      },
    ]
    for (const describeEvent of broken) {
      // @ts-expect-error most have the wrong type
      const { audit, emit, stored } = setUp({ describe: describeEvent, onError })
      emit("key_used", { userId: "ada", providerId: "username" })
      await audit.flush()
      expect(stored()).toEqual([expect.objectContaining({ type: "key_used", detail: '{"providerId":"username"}' })])
    }
    expect(onError).toHaveBeenCalledTimes(3)
  })

  test("[LOG-2] stays on one line, whatever a visitor sends", async () => {
    const agent = "x\n2026 login ok admin\r\n\u001b[2J\0\u2028\ud800"
    const { audit, emit, stored } = setUp({ describe: () => ({ agent }) })
    emit("key_refused")
    await audit.flush()
    const [{ detail }] = stored() as [AuditRecord]
    // eslint-disable-next-line no-control-regex
    expect(detail).toMatch(/^[^\0-\x1f\x7f]*$/)
    const [event] = stored()
    expect(JSON.parse(event?.detail ?? "")).toEqual({ agent })
  })

  test("is cut, so that nobody fills the table with long texts", async () => {
    const { audit, emit, stored } = setUp({ describe: () => ({ agent: "é".repeat(100_000) }) })
    emit("key_refused")
    await audit.flush()
    expect(JSON.parse(stored()[0]?.detail ?? "")).toEqual({ agent: "é".repeat(500) })
  })

  test("is by default not what happens all the time, nor what anyone can cause without an account", async () => {
    const { audit, emit, stored } = setUp({ describe: () => ({ always: 1 }) })
    const skipped: AuthEventType[] = ["session_extended", "session_extension_failed", "session_rejected"]
    for (const type of [...skipped, "cookie_conflict", "cross_origin"] as const) emit(type)
    await audit.flush()
    expect(stored()).toEqual([])
  })

  test("needs no describe(), nor a runtime whose timers are objects", async () => {
    const onError = vi.fn()
    const { audit, emit, stored } = setUp({ onError })
    const timer = vi.spyOn(globalThis, "setTimeout").mockReturnValue(1 as never)
    emit("key_used")
    expect(timer).toHaveBeenCalledOnce()
    timer.mockRestore()
    await audit.flush()
    expect(typesOf(stored())).toEqual(["key_used"])
    expect(onError).not.toHaveBeenCalled()
  })

  test("is all but the types in `skip`", async () => {
    const { audit, emit, stored } = setUp({ skip: ["key_used"] })
    for (const type of ["key_used", "cross_origin", "session_extended"] as const) emit(type)
    await audit.flush()
    expect(typesOf(stored())).toEqual(["cross_origin", "session_extended"])
  })
})

describe("without defer, events", () => {
  test("are written soon, in batches of at most 100", async () => {
    const { emit, store } = setUp()
    for (let n = 0; n < 250; n++) emit("key_used", { userId: "ada" })
    await settle()
    expect(store.batches).toEqual([])
    await vi.advanceTimersByTimeAsync(250)
    expect(store.batches.map(({ length }) => length)).toEqual([100, 100, 50])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(store.batches).toHaveLength(3)
    expect(vi.getTimerCount()).toBe(0)
  })

  test("are written by flush(), which waits for what is under way", async () => {
    const { audit, emit, store, stored } = setUp()
    store.state = "stuck"
    emit("key_used")
    await vi.advanceTimersByTimeAsync(250)
    store.state = "up"
    emit("user_created")
    let isFlushed = false
    const flushed = audit.flush().then(() => (isFlushed = true))
    await settle()
    expect(isFlushed).toBe(false)
    store.release()
    await flushed
    expect(typesOf(stored())).toEqual(["key_used", "user_created"])
  })

  test("that wait do not keep the process alive", async () => {
    vi.useRealTimers()
    const script = `
      import { createAudit } from "./src/audit.ts"
      const adapter = { insertEvents: async () => console.log("written"), listEvents: async () => [], deleteEvents: async () => 0 }
      createAudit({ adapter }).onEvent({ type: "key_used", at: new Date() })
      process.on("exit", () => console.log("ended"))`
    const cwd = fileURLToPath(new URL("../..", import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { cwd })
    expect(stdout).toBe("ended\n")
  })
})

describe("with defer, events", () => {
  test("are written at once, and each call hands its write to defer", async () => {
    const works: Promise<unknown>[] = []
    const { emit, store } = setUp({ defer: (work) => works.push(work) })
    emit("key_used")
    emit("user_created")
    expect(works).toHaveLength(2)
    await Promise.all(works)
    expect(store.batches.map(typesOf)).toEqual([["key_used"], ["user_created"]])
    expect(vi.getTimerCount()).toBe(0)
  })

  test("of one request do not wait for those of another, which may never settle", async () => {
    const { emit, store, stored } = setUp({ defer: () => undefined })
    store.state = "stuck"
    emit("key_used")
    await settle()
    store.state = "up"
    emit("user_created")
    await settle()
    expect(typesOf(stored())).toEqual(["user_created"])
  })

  test("that failed are sent again with the next one, and what defer gets never rejects", async () => {
    const works: Promise<unknown>[] = []
    const { emit, store, stored } = setUp({ defer: (work) => works.push(work) })
    store.state = "down"
    emit("key_used")
    await Promise.all(works)
    store.state = "up"
    emit("user_created")
    await Promise.all(works)
    expect(typesOf(stored())).toEqual(["key_used", "user_created"])
  })

  test("are written also if defer throws, as after() does outside of a request", async () => {
    const defer = () => {
      throw new Error("outside of a request")
    }
    const { emit, stored } = setUp({ defer })
    emit("key_used")
    await settle()
    expect(typesOf(stored())).toEqual(["key_used"])
  })
})

describe("a store that fails", () => {
  test("throws nothing into the application, and gets the same events again, each stored once", async () => {
    const { audit, emit, store, stored } = setUp()
    store.state = "down"
    emit("key_used")
    await vi.advanceTimersByTimeAsync(250)
    await vi.advanceTimersByTimeAsync(9_000)
    store.state = "up"
    expect(stored()).toEqual([])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(typesOf(stored())).toEqual(["key_used"])
    await audit.flush()
    expect(stored()).toHaveLength(1)
  })

  test("after it has stored a batch stores nothing twice", async () => {
    const adapter = memoryAdapter<{ id: string }>()
    let isFirst = true
    const { audit, emit } = setUp({
      adapter: {
        ...adapter,
        async insertEvents(events) {
          await adapter.insertEvents(events)
          if (isFirst) throw new Error(`timeout ${(isFirst = false)}`)
        },
      },
    })
    emit("key_used", { userId: "ada" })
    await expect(audit.flush()).rejects.toThrow()
    await audit.flush()
    expect(await audit.listEvents({ userId: "ada", limit: 10 })).toHaveLength(1)
  })

  test("is reported to onError, and by flush(), which keeps the events", async () => {
    const onError = vi.fn(() => {
      throw new Error("the listener fails too")
    })
    const { audit, emit, store, stored } = setUp({ onError })
    store.state = "down"
    emit("key_used")
    await expect(audit.flush()).rejects.toThrow(expect.objectContaining({ code: "store_failed" }))
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: "store_failed" }))
    store.state = "up"
    await audit.flush()
    expect(typesOf(stored())).toEqual(["key_used"])
  })

  test("gets smaller batches, and full ones again when it works", async () => {
    const { audit, emit, store } = setUp()
    for (let n = 0; n < 250; n++) emit("key_used")
    store.state = "down"
    await expect(audit.flush()).rejects.toThrow()
    store.state = "up"
    await audit.flush()
    expect(store.batches.map(({ length }) => length)).toEqual([50, 100, 100])
  })

  test("for one event only, stores all others", async () => {
    const adapter = memoryAdapter<{ id: string }>()
    const { emit, audit } = setUp({
      adapter: {
        ...adapter,
        async insertEvents(events) {
          if (events.some(({ userId }) => userId === "poison")) throw new Error("invalid user id")
          await adapter.insertEvents(events)
        },
      },
    })
    for (let n = 0; n < 150; n++) emit("key_used", { userId: n === 7 ? "poison" : "ada" })
    await vi.advanceTimersByTimeAsync(200_000)
    expect(await audit.listEvents({ userId: "ada", limit: 1000 })).toHaveLength(149)
    emit("key_used", { userId: "grace" })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await audit.listEvents({ userId: "grace", limit: 10 })).toHaveLength(1)
  })
})

describe("under pressure", () => {
  test("what anyone can cause is dropped first, the oldest of it, and events_dropped says how many", async () => {
    const { audit, emit, store, stored } = setUp()
    store.state = "down"
    for (let n = 0; n < 10; n++) emit("session_created", { userId: `user-${n}` })
    for (let n = 0; n < 5000; n++) emit("key_refused", { reason: `${n}` })
    emit("password_changed", { userId: "ada" })
    await expect(audit.flush()).rejects.toThrow()
    store.state = "up"
    await audit.flush()
    const counts = Object.groupBy(stored(), ({ type }) => type)
    expect(counts.session_created).toHaveLength(10)
    expect(counts.password_changed).toHaveLength(1)
    expect(counts.key_refused).toHaveLength(989)
    expect(counts.key_refused?.some(({ detail }) => detail === '{"reason":"4999"}')).toBe(true)
    expect(counts.events_dropped).toEqual([
      expect.objectContaining({ userId: null, sessionId: null, detail: `{"count":${5000 - 989}}` }),
    ])
  })

  test.each<AuthEventType>([
    "key_refused",
    "token_refused",
    "token_created",
    "second_factor_refused",
    "throttled",
    "hash_unreadable",
    "session_rejected",
    "cookie_conflict",
    "cross_origin",
  ])("a flood of %s pushes out nothing else", async (type) => {
    const { audit, emit, stored } = setUp({ skip: [] })
    emit("password_changed", { userId: "ada" })
    for (let n = 0; n < 2000; n++) emit(type)
    await audit.flush()
    expect(typesOf(stored())).toContain("password_changed")
  })

  test("the queue holds no more than 1,000 events, the oldest go, and none is lost without being counted", async () => {
    const { audit, emit, store, stored } = setUp()
    store.state = "down"
    for (let n = 0; n < 2500; n++) {
      emit("session_created", { userId: `user-${n}` })
      if (n % 400 === 0) await audit.flush().catch(() => undefined)
    }
    store.state = "up"
    await audit.flush()
    const created = stored().filter(({ type }) => type === "session_created")
    expect(created).toHaveLength(1000)
    expect(created.some(({ userId }) => userId === "user-2499")).toBe(true)
    const told = stored().filter(({ type }) => type === "events_dropped")
    expect(told.reduce((sum, { detail }) => sum + (JSON.parse(detail) as { count: number }).count, 0)).toBe(1500)
  })

  test("a store that never answers does not make the queue longer, with defer neither", async () => {
    for (const defer of [undefined, () => undefined]) {
      const { audit, emit, store, stored } = setUp({ defer })
      store.state = "stuck"
      for (let n = 0; n < 3000; n++) {
        emit("session_created", { userId: `user-${n}` })
        if (n % 50 === 0) await vi.advanceTimersByTimeAsync(250)
      }
      expect(store.calls).toBeLessThanOrEqual(1001)
      store.release()
      await audit.flush()
      const created = stored().filter(({ type }) => type === "session_created")
      const told = stored().filter(({ type }) => type === "events_dropped")
      const dropped = told.reduce((sum, { detail }) => sum + (JSON.parse(detail) as { count: number }).count, 0)
      expect([created.length, dropped]).toEqual([1000, 2000])
    }
  })
})

describe("deleteEvents()", () => {
  test("deletes the events up to a time, and resolves to how many", async () => {
    const { audit, emit, now } = setUp()
    emit("key_used", { userId: "ada" })
    await audit.flush()
    const before = new Date(now())
    now.advance(1)
    emit("key_used", { userId: "ada" })
    await audit.flush()
    expect(await audit.deleteEvents(before)).toBe(1)
    expect(await audit.listEvents({ userId: "ada", limit: 10 })).toHaveLength(1)
  })
})

describe("listEvents()", () => {
  test("goes on before an event", async () => {
    const { audit, emit, now } = setUp()
    for (const reason of ["first", "second", "third"]) {
      emit("key_used", { userId: "ada", reason })
      now.advance(1)
    }
    const [newest] = await audit.listEvents({ userId: "ada", limit: 1 })
    const older = await audit.listEvents({ userId: "ada", before: newest, limit: 10 })
    expect(older.map(({ detail }) => detail.reason)).toEqual(["second", "first"])
  })

  test("has what happened a moment ago", async () => {
    const { audit, emit } = setUp()
    emit("key_used", { userId: "ada", providerId: "username" })
    expect(await audit.listEvents({ userId: "ada", limit: 10 })).toEqual([
      expect.objectContaining({ type: "key_used", detail: { providerId: "username" } }),
    ])
  })

  test.each(['{"providerId":"user', "null", "7"])(
    "lists an event whose stored detail is %s, without the detail",
    async (detail) => {
      const { audit, emit, store, now } = setUp()
      await store.insertEvents([{ id: "a", at: new Date(now()), type: "x", userId: "ada", sessionId: null, detail }])
      emit("key_used", { userId: "ada", providerId: "username" })
      const listed = await audit.listEvents({ userId: "ada", limit: 10 })
      expect(listed).toContainEqual(expect.objectContaining({ type: "x", detail: {} }))
      expect(listed).toContainEqual(expect.objectContaining({ detail: { providerId: "username" } }))
    },
  )

  test.each([0, -1, 1.5, 1001, NaN, "10", undefined])("refuses a limit of %s", async (limit) => {
    const { audit } = setUp()
    // @ts-expect-error some have the wrong type
    const listed = audit.listEvents({ userId: "ada", limit })
    await expect(listed).rejects.toThrow(expect.objectContaining({ code: "invalid_option" }))
  })

  test("refuses an unknown option", async () => {
    const { audit } = setUp()
    // @ts-expect-error there is no such option
    await expect(audit.listEvents({ userId: "ada", limit: 10, after: null })).rejects.toThrow(
      '"after" is not an option',
    )
  })
})

test("createAudit() refuses an unknown option and an adapter without the port", () => {
  const adapter = memoryAdapter<{ id: string }>()
  // @ts-expect-error there is no such option
  expect(() => createAudit({ adapter, describes: () => null })).toThrow('did you mean "describe"?')
  // @ts-expect-error a port is missing
  expect(() => createAudit({ adapter: {} })).toThrow(expect.objectContaining({ code: "missing_port" }))
})

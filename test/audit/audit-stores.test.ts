import { beforeEach, describe, expect, test } from "vitest"
import { createAudit } from "../../src/audit.ts"
import type { AuditAdapter, AuditEvent } from "../../src/audit.ts"
import type { UserId } from "../../src/core/ports.ts"
import { createEmitter } from "../../src/core/events.ts"
import { manualClock } from "../../src/testing.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { everyStore } from "../adapters/sql-stores.ts"

interface Store {
  name: string
  adapter(): Promise<AuditAdapter>
  userId: UserId
}

const stores: Store[] = [
  { name: "memory", adapter: async () => memoryAdapter<{ id: string }>(), userId: "ada" },
  ...(await everyStore()).map(({ dialect, adapter, run }) => ({
    name: dialect,
    async adapter() {
      await run("DELETE FROM auth_event")
      return adapter()
    },
    userId: "ada",
  })),
]

describe.each(stores)("an audit log over $name", ({ adapter, userId }) => {
  const now = manualClock()
  let store: AuditAdapter
  beforeEach(async () => {
    store = await adapter()
  })

  function open(overrides: Partial<AuditAdapter> = {}) {
    const agent = "x\n\u001b[2J\0 é\ud83d\ude00 ' \" \\"
    const audit = createAudit({ adapter: { ...store, ...overrides }, describe: () => ({ agent, port: 80 }), now })
    return { audit, agent, emit: createEmitter(audit.onEvent, now) }
  }

  test("gives back what was stored, with dates and parsed details, newest first", async () => {
    const { audit, agent, emit } = open()
    emit("key_used", { userId, providerId: "username" })
    now.advance(1)
    emit("session_created", { userId, sessionId: "f".repeat(64) })
    emit("session_created", { userId: "grace" })
    const listed = await audit.listEvents({ userId, limit: 10 })
    expect(listed).toEqual([
      {
        id: expect.stringMatching(/^[a-z2-7]{32}$/),
        at: new Date(now()),
        type: "session_created",
        userId,
        sessionId: "f".repeat(64),
        detail: { agent, port: 80 },
      },
      expect.objectContaining({
        type: "key_used",
        sessionId: null,
        detail: { agent, port: 80, providerId: "username" },
      }),
    ])
  })

  test("is read in pages, each event once, also of one millisecond", async () => {
    const { audit, emit } = open()
    for (let n = 0; n < 250; n++) {
      emit("key_used", { userId, reason: `${n}` })
      if (n % 20 === 0) now.advance(1)
    }
    const read: AuditEvent[] = []
    for (;;) {
      const page = await audit.listEvents({ userId, before: read.at(-1), limit: 40 })
      if (page.length === 0) break
      read.push(...page)
    }
    expect(read).toHaveLength(250)
    expect(new Set(read.map(({ id }) => id)).size).toBe(250)
    expect(read.map(({ at }) => at.getTime())).toEqual(read.map(({ at }) => at.getTime()).toSorted((a, b) => b - a))
  })

  test("stores nothing twice when a batch is sent again", async () => {
    let isFirst = true
    const { audit, emit } = open({
      async insertEvents(events) {
        await store.insertEvents(events)
        if (isFirst) throw new Error(`connection lost ${(isFirst = false)}`)
      },
    })
    for (let n = 0; n < 120; n++) emit("key_used", { userId })
    await expect(audit.flush()).rejects.toThrow(expect.objectContaining({ code: "store_failed" }))
    await audit.flush()
    expect(await audit.listEvents({ userId, limit: 1000 })).toHaveLength(120)
  })

  test("deletes events up to a time, of all users, however many there are", async () => {
    const { audit, emit } = open()
    for (let n = 0; n < 900; n++) emit("key_used", { userId: n % 2 ? userId : "grace" })
    await audit.flush()
    for (let n = 0; n < 900; n++) emit("key_used", { userId })
    await audit.flush()
    const before = new Date(now.advance(1) - 1)
    emit("session_created", { userId })
    await audit.flush()
    expect(await audit.deleteEvents(new Date(before.getTime() - 1))).toBe(0)
    expect(await audit.deleteEvents(before)).toBe(1800)
    expect((await audit.listEvents({ userId, limit: 10 })).map(({ type }) => type)).toEqual(["session_created"])
  })

  test("keeps events of users who are gone, and of nobody", async () => {
    const { audit, emit } = open()
    emit("user_deleted", { userId: "never-existed" })
    emit("key_refused", { providerId: "username" })
    await audit.flush()
    expect(await audit.listEvents({ userId: "never-existed", limit: 10 })).toHaveLength(1)
  })
})

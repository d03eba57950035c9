import { beforeEach, describe, expect, test } from "vitest"
import type { AuditRecord } from "../../src/audit/audit-port.ts"
import { featureStores } from "./feature-stores.ts"

function event(id: string, at: number, more: Partial<AuditRecord> = {}): AuditRecord {
  const record = { id, at: new Date(at), type: "session_created", userId: "alice", sessionId: null, detail: "" }
  return { ...record, ...more }
}

for (const { name, adapter, reset } of await featureStores()) {
  describe(`events over ${name}`, () => {
    beforeEach(reset)

    test("are listed by user, newest first, page by page", async () => {
      const events = Array.from({ length: 50 }, (_, n) => event(`e${String(n).padStart(2, "0")}`, 1000 + (n >> 2)))
      await adapter.insertEvents([...events, event("x", 5000, { userId: "bob" }), event("y", 5000, { userId: null })])
      const listed: AuditRecord[] = []
      for (;;) {
        const page = await adapter.listEvents("alice", listed.at(-1) ?? null, 7)
        listed.push(...page)
        if (page.length < 7) break
      }
      expect(listed).toEqual(events.toReversed())
      expect(await adapter.listEvents("alice", null, 0)).toEqual([])
    })

    test("keep everything, and outlive their user", async () => {
      const full = event("a", 1_700_000_000_123, { sessionId: "s".repeat(64), detail: '{"ip":"ä"}' })
      const stranger = event("b", 1, { userId: "never existed" })
      await adapter.insertEvents([full, stranger])
      await adapter.deleteUser("alice")
      expect(await adapter.listEvents("alice", null, 10)).toEqual([full])
      expect(await adapter.listEvents("never existed", null, 10)).toEqual([stranger])
    })

    test("that are there already are skipped", async () => {
      await adapter.insertEvents([event("a", 1)])
      await adapter.insertEvents([event("a", 2), event("b", 3)])
      expect(await adapter.listEvents("alice", null, 10)).toEqual([event("b", 3), event("a", 1)])
      await adapter.insertEvents([])
    })

    test("that are old are deleted, at most so many", async () => {
      await adapter.insertEvents([1, 2, 3, 4].map((n) => event(`e${n}`, n)))
      expect(await adapter.deleteEvents(new Date(3), 2)).toBe(2)
      expect(await adapter.deleteEvents(new Date(3), 2)).toBe(1)
      expect(await adapter.listEvents("alice", null, 10)).toEqual([event("e4", 4)])
    })
  })
}

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { empty, everyStore, sqliteStore } from "./sql-stores.ts"

const offsets: Record<string, number> = { UTC: 0, "Pacific/Kiritimati": 640, "America/St_Johns": 210 }
afterEach(() => vi.unstubAllEnvs())

for (const store of await everyStore()) {
  describe(store.dialect, () => {
    const adapter = store.adapter()
    beforeEach(async () => {
      await empty(store)
      await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
    })

    test("[ADP-5] times keep their milliseconds, after 2038 too", async () => {
      const dates = ["2025-03-30T01:59:59.999Z", "2039-01-01T00:00:00.001Z", "9999-12-31T23:59:59.999Z", "1969-07-20"]
      for (const [n, text] of dates.entries()) {
        const date = new Date(text)
        await adapter.insertSession({ id: `s${n}`, userId: "alice", createdAt: date, expiresAt: date, attributes: {} })
        const found = await adapter.findSession(`s${n}`)
        expect(found?.session).toMatchObject({ createdAt: date, expiresAt: date })
      }
    })

    test.each(["UTC", "Pacific/Kiritimati", "America/St_Johns"])("[ADP-5] times are the same in %s", async (zone) => {
      const changeOfClocks = new Date("2025-03-09T06:30:00.001Z")
      await adapter.insertSession({ ...sessionAt(changeOfClocks), id: "before" })
      vi.stubEnv("TZ", zone)
      expect(new Date(0).getTimezoneOffset()).toBe(offsets[zone])
      await adapter.insertSession({ ...sessionAt(changeOfClocks), id: "inside" })
      for (const id of ["before", "inside"]) {
        expect((await adapter.findSession(id))?.session).toEqual({ ...sessionAt(changeOfClocks), id })
      }
      expect(await adapter.deleteExpiredSessions(new Date(changeOfClocks.getTime() - 1), 10)).toBe(0)
      expect(await adapter.deleteExpiredSessions(changeOfClocks, 10)).toBe(2)
    })

    test("extendSession() judges the deadline to the millisecond", async () => {
      const expiresAt = new Date("2039-01-01T00:00:00.500Z")
      await adapter.insertSession({ id: "s", userId: "alice", createdAt: new Date(0), expiresAt, attributes: {} })
      const later = new Date("2039-02-01T00:00:00.001Z")
      expect(await adapter.extendSession("s", later, new Date(expiresAt.getTime() - 1))).toBe(false)
      expect(await adapter.extendSession("s", later, expiresAt)).toBe(true)
      expect(await adapter.extendSession("s", later, expiresAt)).toBe(false)
      expect((await adapter.findSession("s"))?.session.expiresAt).toEqual(later)
    })

    test("an invalid date is refused before anything is written", async () => {
      const session = { id: "s", userId: "alice", createdAt: new Date(0), expiresAt: new Date(NaN), attributes: {} }
      await expect(adapter.insertSession(session)).rejects.toMatchObject({ code: "invalid_option" })
      await expect(adapter.deleteExpiredSessions(new Date(NaN), 10)).rejects.toMatchObject({ code: "invalid_option" })
      await expect(adapter.deleteExpiredSessions(new Date(), -1)).rejects.toMatchObject({ code: "invalid_option" })
      expect(await adapter.findSession("s")).toBeNull()
    })
  })
}

test("[EXP-2][F14] a row whose times cannot be read has no valid deadline in the future, and never throws", async () => {
  const store = await sqliteStore()
  const adapter = store.adapter()
  await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
  const stored = [
    "'2999-01-01T00:00:00Z'",
    "'soon'",
    "''",
    "x'00ff'",
    "9223372036854775807",
    "9e999",
    "8640000000000001",
  ]
  for (const [n, value] of stored.entries()) {
    await store.run(`INSERT INTO session (id, user_id, created_at, expires_at) VALUES ('s${n}', 'alice', 0, ${value})`)
    const found = await adapter.findSession(`s${n}`)
    expect(found?.session.expiresAt.getTime(), value).not.toBeGreaterThan(Date.now())
  }
  expect(await adapter.listSessions("alice")).toHaveLength(stored.length)
  await store.run(
    "INSERT INTO session (id, user_id, created_at, expires_at) VALUES ('sub', 'alice', 0, 4102444800000.9)",
  )
  expect((await adapter.findSession("sub"))?.session.expiresAt).toEqual(new Date(4102444800000))
  await store.close()
})

function sessionAt(date: Date) {
  return { userId: "alice", createdAt: date, expiresAt: date, attributes: { label: null } }
}

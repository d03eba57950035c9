import type { AuditRecord } from "../audit/audit-port.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { auditMethods, hasUserPort } from "./adapter-case.ts"
import { eventId, eventOf, firstMoment } from "./event-fixture.ts"
import { expectDate, expectEqual, format, settle, valueOf } from "./expectation.ts"
import { asId, nearMisses, wrongTypes } from "./hostile-input.ts"
import { expiredAt, shift } from "./session-fixture.ts"
import type { AuditTrial } from "./trial.ts"
import { auditCase } from "./trial.ts"

/** Events are stored unchanged, listed in one order, and outlive the user. */
export const eventCases: AdapterCase[] = [
  auditCase("insertEvents() stores events as given", async ({ adapter, userId, ...trial }) => {
    const bare = eventOf(userId, 2, { sessionId: null, detail: "", type: "key_refused" })
    await adapter.insertEvents([eventOf(userId, 1), bare, eventOf(null, 3)])
    await adapter.insertEvents([])
    await trial.expectEvents(userId, bare, eventOf(userId, 1))
    expectDate("event.at", (await adapter.listEvents(userId, null, 1))[0]?.at)
  }),
  auditCase("insertEvents() stores 200 events at once", async ({ adapter, userId, ...trial }) => {
    const events = Array.from({ length: 200 }, (_, n) => eventOf(userId, n))
    await adapter.insertEvents(events)
    const listed = await trial.list(userId, null, 500)
    expectEqual("listEvents()", idsOf(listed), idsOf(events.toReversed()))
  }),
  auditCase("insertEvents() keeps text byte for byte, and milliseconds", async ({ adapter, userId, ...trial }) => {
    const events = texts.map((detail, n) => eventOf(userId, n, { detail, at: shift(firstMoment, n) }))
    for (const event of events) await adapter.insertEvents([event])
    await trial.expectEvents(userId, ...events.toReversed())
  }),
  auditCase("insertEvents() skips events that already exist, and stores the others", async (trial) => {
    const { adapter, userId, otherId } = trial
    const batch = [eventOf(userId, 1), eventOf(userId, 2)]
    for (let time = 1; time <= 2; time++) await adapter.insertEvents(batch)
    await trial.expectEvents(userId, ...batch.toReversed())
    await adapter.insertEvents([eventOf(userId, 3), eventOf(otherId, 1, { detail: "late" }), eventOf(userId, 4)])
    await trial.expectEvents(userId, ...[4, 3, 2, 1].map((n) => eventOf(userId, n)))
    await trial.expectEvents(otherId)
  }),
  auditCase("events are copied when they are stored and when they are listed", async (trial) => {
    const given = eventOf(trial.userId, 1, { at: new Date(firstMoment) })
    await trial.adapter.insertEvents([given])
    given.at.setTime(0)
    given.detail = "changed"
    for (const copy of await trial.adapter.listEvents(trial.userId, null, 1)) {
      copy.at.setTime(0)
      copy.detail = "changed"
    }
    await trial.expectEvents(trial.userId, eventOf(trial.userId, 1))
  }),
  auditCase("listEvents() lists the newest first, and by descending id within a millisecond", async (trial) => {
    const { adapter, userId } = trial
    const events = [3, 1, 4, 5, 2].map((n) => eventOf(userId, n, { at: shift(firstMoment, n % 2) }))
    for (const event of events) await adapter.insertEvents([event])
    const listed = idsOf(await adapter.listEvents(userId, null, 100))
    expectEqual("listEvents()", listed, [5, 3, 1, 4, 2].map(eventId))
  }),
  auditCase("listEvents() lists at most `limit` events, those after a place", async ({ adapter, userId, ...trial }) => {
    // The oldest first, because random ids do not grow with time.
    const events = [1, 3, 2, 5, 4, 6].map((n) => eventOf(userId, 10 - n, { at: shift(firstMoment, n >> 1) }))
    await adapter.insertEvents(events)
    for (const [n, event] of events.entries()) {
      const older = events.slice(0, n).toReversed()
      for (const limit of [1, 2, 100]) {
        expectEqual("listEvents()", await trial.list(userId, event, limit), older.slice(0, limit))
      }
    }
  }),
  auditCase("listEvents() accepts a place without an event", async ({ adapter, userId, ...trial }) => {
    const events = [1, 3, 5].map((n) => eventOf(userId, n, { at: shift(firstMoment, n) }))
    await adapter.insertEvents(events)
    expectEqual("listEvents()", await trial.list(userId, { at: shift(firstMoment, 4), id: eventId(9) }), [
      events[1],
      events[0],
    ])
    const sameMoment = { at: shift(firstMoment, 3), id: eventId(4) }
    expectEqual("listEvents()", idsOf(await trial.list(userId, sameMoment)), [eventId(3), eventId(1)])
    expectEqual("listEvents()", await trial.list(userId, { at: expiredAt(0), id: eventId(9) }), [])
  }),
  auditCase("pages of events neither lose nor repeat any while new events are stored", async (trial) => {
    const { adapter, userId } = trial
    const events = Array.from({ length: 25 }, (_, n) => eventOf(userId, n, { at: shift(firstMoment, n >> 2) }))
    await adapter.insertEvents(events)
    const seen = await trial.list(userId, null, 4)
    // One page more than exist: an adapter that repeats events must not run the case forever.
    for (let pages = 2; pages <= 8; pages++) {
      await adapter.insertEvents([eventOf(userId, 100 + pages, { at: shift(firstMoment, 1000) })])
      seen.push(...(await trial.list(userId, seen.at(-1) ?? null, 4)))
    }
    expectEqual("events of all pages", idsOf(seen), idsOf(events.toReversed()))
  }),
  auditCase("listEvents() lists one user's events only", async ({ adapter, userId, otherId, ...trial }) => {
    await adapter.insertEvents([eventOf(userId, 1), eventOf(otherId, 2), eventOf(null, 3), eventOf(otherId, 4)])
    await trial.expectEvents(userId, eventOf(userId, 1))
    await trial.expectEvents(otherId, eventOf(otherId, 4), eventOf(otherId, 2))
    expectEqual("listEvents()", await trial.list(otherId, eventOf(userId, 3)), [eventOf(otherId, 2)])
    await trial.expectEvents(await trial.addUser(12))
  }),
  auditCase("events outlive their user, and may name a user who never existed", async ({ adapter, ...trial }) => {
    const nobody = trial.idOf(3)
    await adapter.insertEvents([eventOf(trial.userId, 1), eventOf(nobody, 2)])
    if (hasUserPort(adapter)) await adapter.deleteUser(trial.userId)
    await trial.expectEvents(trial.userId, eventOf(trial.userId, 1))
    await trial.expectEvents(nobody, eventOf(nobody, 2))
  }),
  auditCase("the users of events are compared byte for byte, and by type", async ({ adapter, userId, ...trial }) => {
    await adapter.insertEvents([eventOf(userId, 1), eventOf(null, 2)])
    for (const miss of [...(typeof userId === "string" ? nearMisses(userId) : []), ...wrongTypes(userId)]) {
      const listed = await settle(() => adapter.listEvents(asId(miss), null, 100))
      expectEqual(`listEvents(${format(miss)})`, valueOf(listed, []), [])
    }
    await trial.expectEvents(userId, eventOf(userId, 1))
  }),
  auditCase("events with a NUL in their detail are stored unchanged, or refused", async (trial) => {
    const { adapter, userId } = trial
    await adapter.insertEvents([eventOf(userId, 1)])
    const event = eventOf(userId, 2, { detail: "a\0b" })
    const { status } = await settle(() => adapter.insertEvents([event]))
    await trial.expectEvents(userId, ...(status === "fulfilled" ? [event] : []), eventOf(userId, 1))
  }),

  auditCase("deleteEvents() deletes events at and before the instant, none after it", async (trial) => {
    const { behind } = await addAround(trial)
    expectEqual("deleteEvents()", await trial.adapter.deleteEvents(firstMoment, 100), 3)
    await trial.expectEvents(trial.userId, ...behind)
  }),
  auditCase("deleteEvents() deletes at most `limit`, and returns how many", async (trial) => {
    const { behind } = await addAround(trial)
    for (const count of [2, 1, 0]) {
      expectEqual("deleteEvents()", await trial.adapter.deleteEvents(firstMoment, 2), count)
    }
    await trial.expectEvents(trial.userId, ...behind)
  }),
  auditCase("audit methods work when the adapter is spread or taken apart", async ({ userId, ...trial }) => {
    const spread = { ...trial.adapter }
    const inherited = auditMethods.filter((method) => typeof spread[method] !== "function")
    expectEqual("methods that a spread loses", inherited, [])
    // oxlint-disable-next-line typescript/unbound-method -- this is the case: no method may need `this`
    const { insertEvents, listEvents, deleteEvents } = trial.adapter
    await insertEvents([eventOf(userId, 1)])
    expectEqual("listEvents()", (await listEvents(userId, null, 1)).length, 1)
    expectEqual("deleteEvents()", await deleteEvents(firstMoment, 1), 1)
  }),
]

const texts = [
  "",
  " padded ",
  "'; DROP TABLE auth_event; --",
  "a\n\t\\n",
  "🔒 é e\u0301 ß \u202E",
  "007",
  "x".repeat(65_535),
]

/** Inserts two events of a user and one without a user at or before a moment, and two of the user after it. */
async function addAround({ adapter, userId }: AuditTrial): Promise<{ behind: AuditRecord[] }> {
  const behind = [
    eventOf(userId, 5, { at: shift(firstMoment, 1000) }),
    eventOf(userId, 4, { at: shift(firstMoment, 1) }),
  ]
  const early = eventOf(null, 3, { at: shift(firstMoment, -1) })
  await adapter.insertEvents([early, eventOf(userId, 1), ...behind, eventOf(userId, 2, { at: expiredAt(0) })])
  return { behind }
}

function idsOf(events: AuditRecord[]): string[] {
  return events.map(({ id }) => id)
}

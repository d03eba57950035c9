import type { AdapterCase, Trial } from "./adapter-case.ts"
import { inRounds, sessionCase } from "./adapter-case.ts"
import { expectEqual } from "./expectation.ts"
import {
  addSession,
  expectListed,
  expectNoSession,
  expectStored,
  expiredAt,
  liveUntil,
  sessionId,
  shift,
} from "./session-fixture.ts"

/** A session changes only when, and only where, it is told to. */
export const sessionChangeCases: AdapterCase[] = [
  sessionCase("extendSession() moves a deadline that is before the limit", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    const moved = await trial.adapter.extendSession(session.id, liveUntil(60), liveUntil(30))
    expectEqual("extendSession()", moved, true)
    await expectStored(trial, session, { expiresAt: liveUntil(60) })
  }),
  sessionCase("extendSession() moves a deadline that is exactly at the limit", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    const moved = await trial.adapter.extendSession(session.id, liveUntil(60), session.expiresAt)
    expectEqual("extendSession()", moved, true)
    await expectStored(trial, session, { expiresAt: liveUntil(60) })
  }),
  sessionCase("extendSession() neither moves nor shortens a deadline behind the limit", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    const before = shift(session.expiresAt, -trial.precision)
    for (const expiresAt of [liveUntil(60), liveUntil(-60), expiredAt(0)]) {
      expectEqual("extendSession()", await trial.adapter.extendSession(session.id, expiresAt, before), false)
      await expectStored(trial, session)
    }
  }),
  sessionCase("extendSession() writes for one of many racing callers", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    const deadlines = Array.from({ length: 10 }, (_, n) => liveUntil(60 + n))
    const moves = deadlines.map((deadline) => trial.adapter.extendSession(session.id, deadline, liveUntil(30)))
    const results = await Promise.all(moves)
    expectEqual("extendSession() calls that moved it", results.filter((moved) => moved === true).length, 1)
    await expectStored(trial, session, { expiresAt: deadlines[results.indexOf(true)] ?? liveUntil(0) })
  }),
  sessionCase("extendSession() resolves to false for an unknown id, and stores nothing", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    expectEqual("extendSession()", await trial.adapter.extendSession(sessionId(2), liveUntil(60), liveUntil(30)), false)
    await expectNoSession(trial, sessionId(2))
    await expectStored(trial, session)
  }),
  sessionCase("extendSession() does not bring back a deleted session", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    await trial.adapter.deleteSession(session.id)
    expectEqual("extendSession()", await trial.adapter.extendSession(session.id, liveUntil(60), liveUntil(30)), false)
    await expectNoSession(trial, session.id)
    await expectListed(trial, session.userId, [])
  }),
  sessionCase("extendSession() during a sign-out leaves the session dead", async (trial) => {
    const userId = await trial.addUser(1)
    await inRounds(6, async (round) => {
      const { id } = await addSession(trial, userId, round)
      const extend = () => trial.adapter.extendSession(id, liveUntil(60), liveUntil(30))
      const end = () => (round % 3 ? trial.adapter.deleteSession(id) : trial.adapter.deleteUserSessions(userId))
      await Promise.all(round % 2 ? [extend(), end()] : [end(), extend()])
      await expectNoSession(trial, id)
      await expectListed(trial, userId, [])
    })
  }),
  sessionCase("extendSession() moves that one session and nothing else of it", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const session = await addSession(trial, userId, 1)
    const others = [await addSession(trial, userId, 2), await addSession(trial, otherId, 3)]
    await trial.adapter.extendSession(session.id, liveUntil(60), liveUntil(30))
    await expectStored(trial, session, { expiresAt: liveUntil(60) })
    for (const other of others) await expectStored(trial, other)
  }),
  sessionCase("extendSession() moves the deadline of an expired session too", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1, { expiresAt: expiredAt(0) })
    expectEqual("extendSession()", await trial.adapter.extendSession(session.id, liveUntil(60), expiredAt(1)), true)
    await expectStored(trial, session, { expiresAt: liveUntil(60) })
  }),
  sessionCase("extendSession() keeps nothing of the date it was given", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    const expiresAt = liveUntil(60)
    await trial.adapter.extendSession(session.id, expiresAt, liveUntil(30))
    expiresAt.setTime(0)
    await expectStored(trial, session, { expiresAt: liveUntil(60) })
  }),

  sessionCase("updateSession() changes the attribute and keeps the rest", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, { label: "new" }), true)
    await expectStored(trial, session, { attributes: { label: "new" } })
  }),
  sessionCase("updateSession() leaves alone an attribute that it is not given", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, {}), true)
    await expectStored(trial, session)
  }),
  sessionCase("updateSession() leaves alone an attribute that is undefined", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, { label: undefined } as object), true)
    await expectStored(trial, session)
  }),
  sessionCase("updateSession() sets an attribute that was left out, and empties one again", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1, { attributes: {} })
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, { label: "late" }), true)
    await expectStored(trial, session, { attributes: { label: "late" } })
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, { label: null }), true)
    await expectStored(trial, session, { attributes: {} })
  }),
  sessionCase("updateSession() resolves to true for the value that is there already", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1, { attributes: { label: "same" } })
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, { label: "same" }), true)
  }),
  sessionCase("updateSession() resolves to false for an unknown id, and stores nothing", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    expectEqual("updateSession()", await trial.adapter.updateSession(sessionId(2), { label: "new" }), false)
    expectEqual("updateSession() without attributes", await trial.adapter.updateSession(sessionId(2), {}), false)
    await expectNoSession(trial, sessionId(2))
    await expectStored(trial, session)
  }),
  sessionCase("updateSession() changes that one session", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const session = await addSession(trial, userId, 1)
    const others = [await addSession(trial, userId, 2), await addSession(trial, otherId, 3)]
    await trial.adapter.updateSession(session.id, { label: "new" })
    for (const other of others) await expectStored(trial, other)
  }),
  sessionCase("updateSession() and extendSession() side by side both have their effect", async (trial) => {
    const userId = await trial.addUser(1)
    await inRounds(4, async (round) => {
      const session = await addSession(trial, userId, round)
      const update = () => trial.adapter.updateSession(session.id, { label: "new" })
      const extend = () => trial.adapter.extendSession(session.id, liveUntil(60), liveUntil(30))
      const results = await Promise.all(round % 2 ? [update(), extend()] : [extend(), update()])
      expectEqual("what both resolve to", results, [true, true])
      await expectStored(trial, session, { expiresAt: liveUntil(60), attributes: { label: "new" } })
    })
  }),
  sessionCase("updateSession() with ifNull changes a session while that attribute is null or absent", async (trial) => {
    const userId = await trial.addUser(1)
    const absent = await addSession(trial, userId, 1, { attributes: {} })
    const empty = await addSession(trial, userId, 2, { attributes: { label: null } })
    for (const session of [absent, empty]) {
      for (const same of [{}, { label: null }])
        expectEqual("updateSession()", await trial.adapter.updateSession(session.id, same, { ifNull: "label" }), true)
      expectEqual("updateSession()", await setIfNull(trial, session, "first"), true)
      await expectStored(trial, session, { attributes: { label: "first" } })
    }
  }),
  sessionCase("updateSession() with ifNull leaves alone a session whose attribute has a value", async (trial) => {
    const userId = await trial.addUser(1)
    for (const [n, label] of ["first", "", "null"].entries()) {
      const session = await addSession(trial, userId, n, { attributes: { label } })
      expectEqual("updateSession()", await setIfNull(trial, session, "second"), false)
      expectEqual("updateSession()", await trial.adapter.updateSession(session.id, {}, { ifNull: "label" }), false)
      await expectStored(trial, session)
    }
  }),
  sessionCase("updateSession() with ifNull resolves to false for an unknown id, and stores nothing", async (trial) => {
    expectEqual("updateSession()", await setIfNull(trial, { id: sessionId(2) }, "first"), false)
    await expectNoSession(trial, sessionId(2))
  }),
  sessionCase("updateSession() with ifNull writes for one of many racing callers", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1, { attributes: {} })
    const labels = Array.from({ length: 10 }, (_, n) => `caller-${n}`)
    const results = await Promise.all(labels.map((label) => setIfNull(trial, session, label)))
    expectEqual("updateSession() calls that wrote", results.filter((written) => written === true).length, 1)
    await expectStored(trial, session, { attributes: { label: labels[results.indexOf(true)] ?? null } })
  }),
  sessionCase("updateSession() during a sign-out leaves the session dead", async (trial) => {
    const userId = await trial.addUser(1)
    await inRounds(6, async (round) => {
      const { id } = await addSession(trial, userId, round)
      const update = () => trial.adapter.updateSession(id, { label: "new" })
      const end = () => trial.adapter.deleteSession(id)
      await Promise.all(round % 2 ? [update(), end()] : [end(), update()])
      await expectNoSession(trial, id)
    })
  }),
]

function setIfNull({ adapter }: Trial, { id }: { id: string }, label: string): Promise<boolean> {
  return adapter.updateSession(id, { label }, { ifNull: "label" })
}

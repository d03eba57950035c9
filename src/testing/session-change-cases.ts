import type { AdapterCase } from "./adapter-case.ts"
import { expectEqual, expectRejection, winnerOf } from "./expectation.ts"
import { expiredAt, liveUntil, sessionId, sessionOf, shift } from "./session-fixture.ts"
import type { Trial } from "./trial.ts"
import { changeCase, sessionCase, sessionRounds } from "./trial.ts"

/** Only the methods that change a session change it, and only that session. A rotation replaces one session with one. */
export const sessionChangeCases: AdapterCase[] = [
  changeCase("extendSession() moves a deadline that is before the limit", async (trial, session) => {
    expectEqual("extendSession()", await extend(trial, session), true)
    await trial.expectStored(session, { expiresAt: liveUntil(60) })
  }),
  changeCase("extendSession() moves a deadline that is exactly at the limit", async (trial, session) => {
    expectEqual("extendSession()", await extend(trial, session, session.expiresAt), true)
    await trial.expectStored(session, { expiresAt: liveUntil(60) })
  }),
  changeCase("extendSession() neither moves nor shortens a deadline after the limit", async (trial, session) => {
    const before = shift(session.expiresAt, -trial.precision)
    for (const expiresAt of [liveUntil(60), liveUntil(-60), expiredAt(0)]) {
      expectEqual("extendSession()", await trial.adapter.extendSession(session.id, expiresAt, before), false)
      await trial.expectStored(session)
    }
  }),
  changeCase("extendSession() writes for one of many racing callers", async (trial, session) => {
    const deadlines = Array.from({ length: 10 }, (_, n) => liveUntil(60 + n))
    const moves = deadlines.map((deadline) => trial.adapter.extendSession(session.id, deadline, liveUntil(30)))
    const expiresAt = winnerOf("extendSession() calls that moved it", deadlines, await Promise.all(moves))
    await trial.expectStored(session, { expiresAt })
  }),
  changeCase("extendSession() resolves to false for an unknown id, and stores nothing", async (trial, session) => {
    expectEqual("extendSession()", await extend(trial, { id: sessionId(4) }), false)
    await trial.expectNoSession(sessionId(4))
    await trial.expectStored(session)
  }),
  sessionCase("extendSession() does not bring back a deleted session", async (trial) => {
    const session = await trial.addSession(trial.userId, 1)
    await trial.adapter.deleteSession(session.id)
    expectEqual("extendSession()", await extend(trial, session), false)
    await trial.expectNoSession(session.id)
    await trial.expectListed(trial.userId, [])
  }),
  sessionRounds("extendSession() during a sign-out leaves the session dead", async (trial, round, both) => {
    const [{ adapter, userId }, { id }] = [trial, await trial.addSession(trial.userId, round)]
    const end = () => (round % 3 ? adapter.deleteSession(id) : adapter.deleteUserSessions(userId))
    await both<unknown, unknown>(() => extend(trial, { id }), end)
    await trial.expectNoSession(id)
    await trial.expectListed(userId, [])
  }),
  changeCase("extendSession() changes the deadline of that one session, and nothing else", async (trial, session) => {
    await extend(trial, session)
    await trial.expectStored(session, { expiresAt: liveUntil(60) })
  }),
  sessionCase("extendSession() moves the deadline of an expired session too", async (trial) => {
    const session = await trial.addSession(trial.userId, 1, { expiresAt: expiredAt(0) })
    expectEqual("extendSession()", await extend(trial, session, expiredAt(1)), true)
    await trial.expectStored(session, { expiresAt: liveUntil(60) })
  }),
  changeCase("extendSession() copies the date that it stores", async (trial, session) => {
    const expiresAt = liveUntil(60)
    await trial.adapter.extendSession(session.id, expiresAt, liveUntil(30))
    expiresAt.setTime(0)
    await trial.expectStored(session, { expiresAt: liveUntil(60) })
  }),

  changeCase("updateSession() changes the attribute and keeps the rest", async (trial, session) => {
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, { label: "new" }), true)
    await trial.expectStored(session, { attributes: { label: "new" } })
  }),
  changeCase("updateSession() leaves alone an attribute that it is not given", async (trial, session) => {
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, {}), true)
    await trial.expectStored(session)
  }),
  changeCase("updateSession() leaves alone an attribute that is undefined", async (trial, session) => {
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, { label: undefined } as object), true)
    await trial.expectStored(session)
  }),
  sessionCase("updateSession() sets an attribute that was left out, and empties one again", async (trial) => {
    const session = await trial.addSession(trial.userId, 1, { attributes: {} })
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, { label: "late" }), true)
    await trial.expectStored(session, { attributes: { label: "late" } })
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, { label: null }), true)
    await trial.expectStored(session, { attributes: {} })
  }),
  changeCase("updateSession() resolves to true for the value that is there already", async (trial, session) => {
    expectEqual("updateSession()", await trial.adapter.updateSession(session.id, session.attributes), true)
  }),
  changeCase("updateSession() resolves to false for an unknown id, and stores nothing", async (trial, session) => {
    expectEqual("updateSession()", await trial.adapter.updateSession(sessionId(4), { label: "new" }), false)
    expectEqual("updateSession() without attributes", await trial.adapter.updateSession(sessionId(4), {}), false)
    await trial.expectNoSession(sessionId(4))
    await trial.expectStored(session)
  }),
  changeCase("updateSession() changes that one session", async (trial, session) => {
    await trial.adapter.updateSession(session.id, { label: "new" })
  }),
  sessionRounds(
    "updateSession() and extendSession() side by side both have their effect",
    async (trial, round, both) => {
      const session = await trial.addSession(trial.userId, round)
      const update = () => trial.adapter.updateSession(session.id, { label: "new" })
      expectEqual("what both resolve to", await both(update, () => extend(trial, session)), [true, true])
      await trial.expectStored(session, { expiresAt: liveUntil(60), attributes: { label: "new" } })
    },
  ),
  sessionCase("updateSession() with ifNull changes a session while that attribute is null or absent", async (trial) => {
    for (const [n, attributes] of [{}, { label: null }].entries()) {
      const session = await trial.addSession(trial.userId, n, { attributes })
      for (const same of [{}, { label: null }])
        expectEqual("updateSession()", await trial.adapter.updateSession(session.id, same, { ifNull: "label" }), true)
      expectEqual("updateSession()", await setIfNull(trial, session, "first"), true)
      await trial.expectStored(session, { attributes: { label: "first" } })
    }
  }),
  sessionCase("updateSession() with ifNull leaves alone a session whose attribute has a value", async (trial) => {
    for (const [n, label] of ["first", "", "null"].entries()) {
      const session = await trial.addSession(trial.userId, n, { attributes: { label } })
      expectEqual("updateSession()", await setIfNull(trial, session, "second"), false)
      expectEqual("updateSession()", await trial.adapter.updateSession(session.id, {}, { ifNull: "label" }), false)
      await trial.expectStored(session)
    }
  }),
  sessionCase("updateSession() with ifNull resolves to false for an unknown id, and stores nothing", async (trial) => {
    expectEqual("updateSession()", await setIfNull(trial, { id: sessionId(2) }, "first"), false)
    await trial.expectNoSession(sessionId(2))
  }),
  sessionCase("updateSession() with ifNull writes for one of many racing callers", async (trial) => {
    const session = await trial.addSession(trial.userId, 1, { attributes: {} })
    const labels = Array.from({ length: 10 }, (_, n) => `caller-${n}`)
    const results = await Promise.all(labels.map((label) => setIfNull(trial, session, label)))
    const label = winnerOf("updateSession() calls that wrote", labels, results)
    await trial.expectStored(session, { attributes: { label } })
  }),
  sessionRounds(
    "updateSession() during a sign-out leaves the session dead",
    async ({ adapter, ...trial }, round, both) => {
      const { id } = await trial.addSession(trial.userId, round)
      const update = () => adapter.updateSession(id, { label: "new" })
      await both(update, () => adapter.deleteSession(id))
      await trial.expectNoSession(id)
    },
  ),

  sessionCase("replaceSession() stores the new session as given, and deletes the old one", async (trial) => {
    const { id, userId, createdAt } = await trial.addSession(trial.userId, 1)
    const next = sessionOf(userId, 2, { createdAt, expiresAt: liveUntil(9), attributes: { label: "kept 'as' given" } })
    expectEqual("replaceSession()", await trial.adapter.replaceSession(id, next), true)
    await trial.expectStored(next)
    await trial.expectNoSession(id)
    await trial.expectListed(userId, [next])
  }),
  changeCase("replaceSession() does not copy attributes that the new session leaves out", async (trial, old) => {
    const next = sessionOf(trial.userId, 4, { attributes: {} })
    await trial.adapter.replaceSession(old.id, next)
    await trial.expectStored(next)
  }),
  sessionCase("replaceSession() resolves to false for an unknown id, and stores nothing", async (trial) => {
    const other = await trial.addSession(trial.userId, 1)
    const next = sessionOf(trial.userId, 3)
    expectEqual("replaceSession()", await trial.adapter.replaceSession(sessionId(2), next), false)
    for (const n of [2, 3]) await trial.expectNoSession(sessionId(n))
    await trial.expectListed(trial.userId, [other])
  }),
  sessionCase("replaceSession() does not bring back a deleted session under another id", async (trial) => {
    const old = await trial.addSession(trial.userId, 1)
    await trial.adapter.deleteSession(old.id)
    expectEqual("replaceSession()", await trial.adapter.replaceSession(old.id, sessionOf(trial.userId, 2)), false)
    await trial.expectListed(trial.userId, [])
  }),
  changeCase("replaceSession() changes no other session", async ({ adapter, userId }, old) => {
    await adapter.replaceSession(old.id, sessionOf(userId, 4))
  }),
  changeCase("replaceSession() rejects a taken id, and changes neither session", async (trial, old) => {
    await expectRejection("replaceSession()", () => trial.adapter.replaceSession(old.id, sessionOf(old.userId, 3)))
    await trial.expectStored(old)
  }),
  sessionCase("replaceSession() lets one of many racing callers replace a session", async (trial) => {
    const old = await trial.addSession(trial.userId, 1)
    const racers = Array.from({ length: 8 }, (_, n) => sessionOf(trial.userId, 10 + n))
    const results = await Promise.all(racers.map((racer) => trial.adapter.replaceSession(old.id, racer)))
    const winner = winnerOf("replaceSession() calls that replaced it", racers, results)
    await trial.expectNoSession(old.id)
    await trial.expectListed(trial.userId, [winner])
  }),
  sessionRounds(
    "replaceSession() during a sign-out of the session: one of the two finds it",
    async (trial, n, both) => {
      const [old, next] = [await trial.addSession(trial.userId, n), sessionOf(trial.userId, 100 + n)]
      const replace = () => trial.adapter.replaceSession(old.id, next)
      const [replaced, ended] = await both(replace, () => trial.adapter.deleteSession(old.id))
      expectEqual("calls that found it", [replaced, ended].filter((found) => found === true).length, 1)
      await trial.expectNoSession(old.id)
      await trial.expectListed(trial.userId, replaced ? [next] : [])
    },
  ),
  sessionRounds("replaceSession() during a sign-out everywhere leaves no session", async (trial, n, both) => {
    const [old, next] = [await trial.addSession(trial.userId, n), sessionOf(trial.userId, 100 + n)]
    const replace = () => trial.adapter.replaceSession(old.id, next)
    await both(replace, () => trial.adapter.deleteUserSessions(trial.userId))
    await trial.expectNoSession(next.id)
    await trial.expectListed(trial.userId, [])
  }),
]

function extend({ adapter }: Trial, { id }: { id: string }, ifBefore = liveUntil(30)): Promise<boolean> {
  return adapter.extendSession(id, liveUntil(60), ifBefore)
}

function setIfNull({ adapter }: Trial, { id }: { id: string }, label: string): Promise<boolean> {
  return adapter.updateSession(id, { label }, { ifNull: "label" })
}

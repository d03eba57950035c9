import type { AdapterCase } from "./adapter-case.ts"
import { sessionMethods, usernameOf } from "./adapter-case.ts"
import { expectAuthError, expectEqual, expectRejection, settle, winnerOf } from "./expectation.ts"
import { expiredAt, idsOf, liveUntil, sessionId, sessionOf } from "./session-fixture.ts"
import { changeCase, sessionCase } from "./trial.ts"
import { expectRow } from "./user-fixture.ts"

// Odd milliseconds, both sides of a change to summer time, and a date beyond 32 bits of seconds.
const times = [
  ["2025-03-30T01:59:59.999Z", "2035-03-25T02:30:00.001Z"],
  ["2025-11-02T06:30:00.789Z", "2035-12-31T23:59:59.123Z"],
  ["2024-02-29T12:00:00.500Z", "2040-01-19T03:14:08.007Z"],
] as const

// Texts that a driver or a store might treat as SQL, a placeholder, a number or JSON.
const texts = [
  "",
  " padded ",
  "0123",
  "1e3",
  "true",
  "null",
  "undefined",
  '{"a":1}',
  "2025-01-01T00:00:00Z",
  `O'Brien "quoted" \\ ; -- % _ ? $1 :name @name`,
  "line\nbreak\tand tab",
  "Zoë 🔒 漢字 e\u0301",
]

/** Sessions are found as they were stored. */
export const sessionRowCases: AdapterCase[] = [
  sessionCase("findSession() finds what insertSession() stored, to the millisecond", async (trial) => {
    for (const [n, [created, expires]] of times.entries()) {
      const changes = { createdAt: new Date(created), expiresAt: new Date(expires) }
      await trial.expectStored(await trial.addSession(trial.userId, n, changes))
    }
  }),
  changeCase("findSession() resolves to null for an unknown id", (trial) => trial.expectNoSession(sessionId(4))),
  sessionCase("findSession() finds an expired session too", async (trial) => {
    await trial.expectStored(await trial.addSession(trial.userId, 1, { expiresAt: expiredAt(0) }))
  }),
  changeCase("findSession() finds the right one of several sessions", async (trial, first) => {
    const last = await trial.addSession(trial.userId, 4, { expiresAt: liveUntil(7) })
    for (const session of [first, last]) await trial.expectStored(session)
  }),
  sessionCase("findSession() finds any attribute text as it was stored", async (trial) => {
    for (const [n, label] of texts.entries()) {
      await trial.expectStored(await trial.addSession(trial.userId, n, { attributes: { label } }))
    }
  }),
  sessionCase("findSession() finds null, or nothing, for an attribute left out", async (trial) => {
    await trial.expectStored(await trial.addSession(trial.userId, 1, { attributes: {} }))
  }),
  sessionCase("findSession() also finds the row of the session's user", async (trial) => {
    if (!trial.knowsUsers) return
    const sessions = [await trial.addSession(trial.userId, 1), await trial.addSession(trial.otherId, 2)]
    for (const [n, { id, userId }] of sessions.entries()) {
      expectRow((await trial.adapter.findSession(id))?.user, userId, usernameOf(n + 1))
    }
  }),
  changeCase("findSession() and listSessions() return copies", async (trial, session) => {
    const found = await trial.adapter.findSession(session.id)
    for (const copy of [found?.session, ...(await trial.adapter.listSessions(session.userId))]) {
      copy?.createdAt.setTime(0)
      copy?.expiresAt.setTime(0)
      if (copy) copy.attributes.label = "changed"
    }
    if (found?.user) Reflect.set(found.user, "username", "changed")
    await trial.expectStored(session)
    if (!trial.knowsUsers) return
    expectRow((await trial.adapter.findSession(session.id))?.user, session.userId, usernameOf(1))
  }),
  sessionCase("insertSession() copies the object that it stores", async (trial) => {
    const session = await trial.addSession(trial.userId, 1)
    session.createdAt.setTime(0)
    session.expiresAt.setTime(0)
    session.attributes.label = "changed"
    await trial.expectStored(sessionOf(trial.userId, 1))
  }),
  sessionCase("insertSession() rejects a taken id, and keeps the first session", async (trial) => {
    const session = await trial.addSession(trial.userId, 1)
    const late = { expiresAt: liveUntil(9), attributes: { label: "late" } }
    for (const userId of [trial.otherId, trial.userId]) {
      await expectRejection("insertSession()", () => trial.addSession(userId, 1, late))
    }
    await trial.expectStored(session)
    await trial.expectListed(trial.otherId, [])
  }),
  sessionCase("insertSession() stores one of many racing sessions of one id", async ({ adapter, ...trial }) => {
    const labels = Array.from({ length: 8 }, (_, n) => `racer ${n}`)
    const racers = labels.map((label) => sessionOf(trial.userId, 1, { attributes: { label } }))
    const outcomes = await Promise.all(racers.map((racer) => settle(() => adapter.insertSession(racer))))
    const winner = winnerOf("insertSession() calls that resolved", racers, outcomes, isFulfilled)
    await trial.expectStored(winner)
  }),
  sessionCase("insertSession() rejects with user_missing for an unknown user, and stores nothing", async (trial) => {
    if (!trial.knowsUsers) return
    await expectAuthError("insertSession()", "user_missing", () => trial.addSession(trial.idOf(3), 1))
    await trial.expectNoSession(sessionId(1))
    await trial.expectListed(trial.idOf(3), [])
  }),
  sessionCase("listSessions() lists the newest session first", async ({ adapter, userId, addSession }) => {
    const { createdAt } = sessionOf(userId, 2)
    for (const n of [2, 1, 4, 3]) await addSession(userId, n, { expiresAt: liveUntil(-n) })
    const listed = idsOf(await adapter.listSessions(userId))
    expectEqual("listSessions()", listed, [4, 3, 2, 1].map(sessionId))
    const twin = await addSession(userId, 5, { createdAt })
    const withTwin = idsOf(await adapter.listSessions(userId))
    expectEqual("listSessions(), the newer ones", withTwin.slice(0, 2), [4, 3].map(sessionId))
    expectEqual("listSessions(), the tie", withTwin.slice(2, 4).sort(), [sessionId(2), twin.id].sort())
  }),
  sessionCase("listSessions() lists a user's sessions as they were stored, expired ones too", async (trial) => {
    const dead = await trial.addSession(trial.userId, 1, { expiresAt: expiredAt(0) })
    const live = await trial.addSession(trial.userId, 2, { attributes: {} })
    await trial.expectListed(trial.userId, [live, dead])
    for (const session of await trial.adapter.listSessions(trial.userId)) {
      trial.expectSession(session, session.id === dead.id ? dead : live)
    }
  }),
  sessionCase("listSessions() lists every one of many sessions that were inserted at the same time", async (trial) => {
    const sessions = [await trial.addSession(trial.userId, 0)]
    for (const round of [100, 200, 300]) {
      const numbers = Array.from({ length: 12 }, (_, n) => round + n)
      sessions.push(...(await Promise.all(numbers.map((n) => trial.addSession(trial.userId, n)))))
      await trial.expectListed(trial.userId, sessions)
    }
  }),
  sessionCase("listSessions() lists one user's sessions only", async (trial) => {
    const own = await trial.addSession(trial.userId, 1)
    const others = [await trial.addSession(trial.otherId, 2), await trial.addSession(trial.otherId, 3)]
    await trial.expectListed(trial.userId, [own])
    await trial.expectListed(trial.otherId, others)
    await trial.expectListed(await trial.addUser(12), [])
  }),
  sessionCase("session methods work when the adapter is spread or taken apart", async (trial) => {
    const spread = { ...trial.adapter }
    const inherited = sessionMethods.filter((method) => typeof spread[method] !== "function")
    expectEqual("methods that a spread loses", inherited, [])
    /* oxlint-disable typescript/unbound-method -- this is the case: no method may need `this` */
    const { insertSession, findSession, listSessions, extendSession, updateSession, replaceSession } = trial.adapter
    const { deleteSession, deleteUserSessions, deleteExpiredSessions } = trial.adapter
    /* oxlint-enable typescript/unbound-method */
    const [session, next] = [sessionOf(trial.userId, 1), sessionOf(trial.userId, 2)]
    await insertSession(session)
    expectEqual("extendSession()", await extendSession(session.id, liveUntil(1), liveUntil(0)), true)
    expectEqual("updateSession()", await updateSession(session.id, { label: "new" }), true)
    expectEqual("replaceSession()", await replaceSession(session.id, next), true)
    expectEqual("findSession()", (await findSession(next.id))?.session.id, next.id)
    expectEqual("deleteExpiredSessions()", await deleteExpiredSessions(expiredAt(0), 10), 0)
    expectEqual("deleteSession()", await deleteSession(next.id), true)
    await deleteUserSessions(trial.userId)
    expectEqual("listSessions()", await listSessions(trial.userId), [])
  }),
]

function isFulfilled({ status }: PromiseSettledResult<unknown>): boolean {
  return status === "fulfilled"
}

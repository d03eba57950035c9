import type { AdapterCase } from "./adapter-case.ts"
import { inRounds, sessionCase, sessionMethods, usernameOf } from "./adapter-case.ts"
import { expectAuthError, expectEqual, expectRejection, settle } from "./expectation.ts"
import {
  addSession,
  columnOf,
  expectListed,
  expectNoSession,
  expectSession,
  expectStored,
  expiredAt,
  idsOf,
  liveUntil,
  sessionId,
  sessionOf,
} from "./session-fixture.ts"

// Odd milliseconds, both sides of a change to summer time, and a date that 32 bits of seconds cannot hold.
const times = [
  ["2025-03-30T01:59:59.999Z", "2035-03-25T02:30:00.001Z"],
  ["2025-11-02T06:30:00.789Z", "2035-12-31T23:59:59.123Z"],
  ["2024-02-29T12:00:00.500Z", "2040-01-19T03:14:08.007Z"],
] as const

// What a driver or a store might take for SQL, a placeholder, a number or JSON.
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

/** What is stored is found, as it was. */
export const sessionRowCases: AdapterCase[] = [
  sessionCase("findSession() finds what insertSession() stored, to the millisecond", async (trial) => {
    const userId = await trial.addUser(1)
    for (const [n, [created, expires]] of times.entries()) {
      const changes = { createdAt: new Date(created), expiresAt: new Date(expires) }
      await expectStored(trial, await addSession(trial, userId, n, changes))
    }
  }),
  sessionCase("findSession() resolves to null for an unknown id", async (trial) => {
    await addSession(trial, await trial.addUser(1), 1)
    await expectNoSession(trial, sessionId(2))
  }),
  sessionCase("findSession() finds an expired session too", async (trial) => {
    await expectStored(trial, await addSession(trial, await trial.addUser(1), 1, { expiresAt: expiredAt(0) }))
  }),
  sessionCase("findSession() finds the one of several sessions", async (trial) => {
    const [first, second] = [await trial.addUser(1), await trial.addUser(2)]
    const sessions = [await addSession(trial, first, 1), await addSession(trial, second, 2)]
    sessions.push(await addSession(trial, first, 3, { expiresAt: liveUntil(7) }))
    for (const session of sessions) await expectStored(trial, session)
  }),
  sessionCase("findSession() finds any text in an attribute as it was stored", async (trial) => {
    const userId = await trial.addUser(1)
    for (const [n, label] of texts.entries()) {
      await expectStored(trial, await addSession(trial, userId, n, { attributes: { label } }))
    }
  }),
  sessionCase("findSession() finds null, or nothing, for an attribute left out", async (trial) => {
    await expectStored(trial, await addSession(trial, await trial.addUser(1), 1, { attributes: {} }))
  }),
  sessionCase("findSession() finds the row of the session's user with it", async (trial) => {
    if (!trial.knowsUsers) return
    const userIds = [await trial.addUser(1), await trial.addUser(2)]
    for (const [n, userId] of userIds.entries()) await addSession(trial, userId, n)
    for (const [n, userId] of userIds.entries()) {
      const { user } = (await trial.adapter.findSession(sessionId(n))) ?? {}
      if (!user) throw new Error(`findSession(): expected the user's row, got ${user}`)
      expectEqual("user.id", String(columnOf(user, "id")), String(userId))
      expectEqual("user.username", columnOf(user, "username"), usernameOf(n + 1))
    }
  }),
  sessionCase("findSession() and listSessions() hand out copies", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    const found = await trial.adapter.findSession(session.id)
    const [listed] = await trial.adapter.listSessions(session.userId)
    for (const copy of [found?.session, listed]) {
      copy?.createdAt.setTime(0)
      copy?.expiresAt.setTime(0)
      if (copy) copy.attributes.label = "changed"
    }
    if (found?.user) Reflect.set(found.user, "username", "changed")
    await expectStored(trial, session)
    if (!trial.knowsUsers) return
    const { user } = (await trial.adapter.findSession(session.id)) ?? {}
    expectEqual("user.username", user && columnOf(user, "username"), usernameOf(1))
  }),
  sessionCase("insertSession() keeps nothing of the object it was given", async (trial) => {
    const userId = await trial.addUser(1)
    const session = await addSession(trial, userId, 1)
    session.createdAt.setTime(0)
    session.expiresAt.setTime(0)
    session.attributes.label = "changed"
    await expectStored(trial, sessionOf(userId, 1))
  }),
  sessionCase("insertSession() rejects an id that is taken, and keeps the first session", async (trial) => {
    const [owner, other] = [await trial.addUser(1), await trial.addUser(2)]
    const session = await addSession(trial, owner, 1)
    const late = { expiresAt: liveUntil(9), attributes: { label: "late" } }
    await expectRejection("insertSession()", () => addSession(trial, other, 1, late))
    await expectRejection("insertSession()", () => addSession(trial, owner, 1, late))
    await expectStored(trial, session)
    await expectListed(trial, other, [])
  }),
  sessionCase("insertSession() lets one of many racing callers have an id", async (trial) => {
    const userId = await trial.addUser(1)
    const racers = Array.from({ length: 8 }, (_, n) => sessionOf(userId, 1, { attributes: { label: `racer ${n}` } }))
    const outcomes = await Promise.all(racers.map((racer) => settle(() => trial.adapter.insertSession(racer))))
    const winners = racers.filter((_, n) => outcomes[n]?.status === "fulfilled")
    expectEqual("insertSession() calls that resolved", winners.length, 1)
    for (const winner of winners) await expectStored(trial, winner)
  }),
  sessionCase("insertSession() rejects with user_missing for an unknown user, and stores nothing", async (trial) => {
    if (!trial.knowsUsers) return
    await trial.addUser(1)
    await expectAuthError("insertSession()", "user_missing", () => addSession(trial, trial.userId(2), 1))
    await expectNoSession(trial, sessionId(1))
    await expectListed(trial, trial.userId(2), [])
  }),
  sessionCase("listSessions() lists the newest session first", async (trial) => {
    const userId = await trial.addUser(1)
    const createdAt = sessionOf(userId, 2).createdAt
    for (const n of [2, 1, 4, 3]) await addSession(trial, userId, n, { expiresAt: liveUntil(-n) })
    const listed = idsOf(await trial.adapter.listSessions(userId))
    expectEqual("listSessions()", listed, [4, 3, 2, 1].map(sessionId))
    const twin = await addSession(trial, userId, 5, { createdAt })
    const withTwin = idsOf(await trial.adapter.listSessions(userId))
    expectEqual("listSessions(), the newer ones", withTwin.slice(0, 2), [4, 3].map(sessionId))
    expectEqual("listSessions(), the tie", withTwin.slice(2, 4).sort(), [sessionId(2), twin.id].sort())
  }),
  sessionCase("listSessions() lists a user's sessions as they were stored, expired ones too", async (trial) => {
    const userId = await trial.addUser(1)
    const dead = await addSession(trial, userId, 1, { expiresAt: expiredAt(0) })
    const live = await addSession(trial, userId, 2, { attributes: {} })
    await expectListed(trial, userId, [live, dead])
    for (const session of await trial.adapter.listSessions(userId)) {
      expectSession(trial, session, session.id === dead.id ? dead : live)
    }
  }),
  sessionCase("listSessions() lists every one of many sessions that were inserted at the same time", async (trial) => {
    const userId = await trial.addUser(1)
    const sessions = [await addSession(trial, userId, 0)]
    await inRounds(3, async (round) => {
      const numbers = Array.from({ length: 12 }, (_, n) => round * 100 + n)
      sessions.push(...(await Promise.all(numbers.map((n) => addSession(trial, userId, n)))))
      await expectListed(trial, userId, sessions)
    })
  }),
  sessionCase("listSessions() lists one user's sessions only", async (trial) => {
    const [first, second, third] = [await trial.addUser(1), await trial.addUser(2), await trial.addUser(12)]
    const own = await addSession(trial, first, 1)
    const others = [await addSession(trial, second, 2), await addSession(trial, second, 3)]
    await expectListed(trial, first, [own])
    await expectListed(trial, second, others)
    await expectListed(trial, third, [])
  }),
  sessionCase("session methods work when the adapter is spread or taken apart", async (trial) => {
    const userId = await trial.addUser(1)
    const spread = { ...trial.adapter }
    const inherited = sessionMethods.filter((method) => typeof spread[method] !== "function")
    expectEqual("methods that a spread loses", inherited, [])
    /* oxlint-disable typescript/unbound-method -- this is the case: no method may need `this` */
    const { insertSession, findSession, listSessions, extendSession, updateSession, replaceSession } = trial.adapter
    const { deleteSession, deleteUserSessions, deleteExpiredSessions } = trial.adapter
    /* oxlint-enable typescript/unbound-method */
    const [session, next] = [sessionOf(userId, 1), sessionOf(userId, 2)]
    await insertSession(session)
    expectEqual("extendSession()", await extendSession(session.id, liveUntil(1), liveUntil(0)), true)
    expectEqual("updateSession()", await updateSession(session.id, { label: "new" }), true)
    expectEqual("replaceSession()", await replaceSession(session.id, next), true)
    expectEqual("findSession()", (await findSession(next.id))?.session.id, next.id)
    expectEqual("deleteExpiredSessions()", await deleteExpiredSessions(expiredAt(0), 10), 0)
    expectEqual("deleteSession()", await deleteSession(next.id), true)
    await deleteUserSessions(userId)
    expectEqual("listSessions()", await listSessions(userId), [])
  }),
]

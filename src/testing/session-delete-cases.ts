import type { AdapterCase } from "./adapter-case.ts"
import { expectEqual } from "./expectation.ts"
import { expiredAt, liveUntil, sessionId, shift } from "./session-fixture.ts"
import { changeCase, sessionCase, sessionRounds } from "./trial.ts"

/** Deleting removes exactly the given sessions. */
export const sessionDeleteCases: AdapterCase[] = [
  sessionCase("deleteSession() deletes a session, and resolves to false the second time", async (trial) => {
    const session = await trial.addSession(trial.userId, 1)
    expectEqual("deleteSession()", await trial.adapter.deleteSession(session.id), true)
    await trial.expectNoSession(session.id)
    await trial.expectListed(trial.userId, [])
    expectEqual("deleteSession() again", await trial.adapter.deleteSession(session.id), false)
  }),
  changeCase("deleteSession() resolves to false for an unknown id", async (trial, session) => {
    expectEqual("deleteSession()", await trial.adapter.deleteSession(sessionId(4)), false)
    expectEqual("deleteSession()", await trial.adapter.deleteSession(sessionId(4), session.userId), false)
    await trial.expectStored(session)
  }),
  changeCase("deleteSession() deletes only that session", async ({ adapter }, session) => {
    await adapter.deleteSession(session.id)
  }),
  changeCase("deleteSession() with a user's id deletes that user's session", async (trial, session) => {
    expectEqual("deleteSession()", await trial.adapter.deleteSession(session.id, trial.userId), true)
    await trial.expectNoSession(session.id)
  }),
  changeCase("deleteSession() with another user's id keeps the session", async (trial, session) => {
    expectEqual("deleteSession()", await trial.adapter.deleteSession(session.id, trial.otherId), false)
    expectEqual("deleteSession()", await trial.adapter.deleteSession(session.id, trial.idOf(3)), false)
    await trial.expectStored(session)
  }),

  sessionCase("deleteUserSessions() deletes all of one user's sessions, and may be repeated", async (trial) => {
    await trial.addSession(trial.userId, 1)
    await trial.addSession(trial.userId, 2, { expiresAt: expiredAt(0) })
    const other = await trial.addSession(await trial.addUser(12), 3)
    await trial.adapter.deleteUserSessions(trial.userId)
    await trial.adapter.deleteUserSessions(trial.userId)
    await trial.expectListed(trial.userId, [])
    for (const n of [1, 2]) await trial.expectNoSession(sessionId(n))
    await trial.expectStored(other)
  }),
  sessionCase("deleteUserSessions() keeps the one session that it is told to keep", async (trial) => {
    const [kept, other] = [await trial.addSession(trial.userId, 1), await trial.addSession(trial.otherId, 4)]
    for (const n of [2, 3]) await trial.addSession(trial.userId, n)
    await trial.adapter.deleteUserSessions(trial.userId, kept.id)
    await trial.expectListed(trial.userId, [kept])
    for (const session of [kept, other]) await trial.expectStored(session)
  }),
  sessionCase("deleteUserSessions() keeps none for an id that is not that user's", async (trial) => {
    const theirs = await trial.addSession(trial.otherId, 9)
    for (const exceptId of [theirs.id, sessionId(10), undefined]) {
      await trial.addSession(trial.userId, 1)
      await trial.adapter.deleteUserSessions(trial.userId, exceptId)
      await trial.expectListed(trial.userId, [])
      await trial.expectStored(theirs)
    }
  }),
  sessionRounds(
    "deleteUserSessions() during a sign-in leaves the new session listed or dead",
    async (trial, n, both) => {
      const [{ adapter, userId }, id] = [trial, sessionId(100 + n)]
      const old = await trial.addSession(userId, n)
      await both(
        () => trial.addSession(userId, 100 + n),
        () => adapter.deleteUserSessions(userId),
      )
      const survivor = await adapter.findSession(id)
      await trial.expectNoSession(old.id)
      await trial.expectListed(userId, survivor ? [survivor.session] : [])
      await adapter.deleteUserSessions(userId)
      await trial.expectNoSession(id)
    },
  ),

  sessionCase("deleteExpiredSessions() deletes deadlines at and before the instant, none behind", async (trial) => {
    const instant = expiredAt(0)
    await trial.addSession(trial.userId, 1, { expiresAt: expiredAt(-60) })
    await trial.addSession(trial.userId, 2, { expiresAt: instant })
    const behind = await trial.addSession(trial.userId, 3, { expiresAt: shift(instant, trial.precision) })
    expectEqual("deleteExpiredSessions()", await trial.adapter.deleteExpiredSessions(instant, 100), 2)
    await trial.expectListed(trial.userId, [behind])
    await trial.expectStored(behind)
  }),
  sessionCase("deleteExpiredSessions() deletes at most `limit`, and says how many", async (trial) => {
    for (const n of [0, 1, 2]) await trial.addSession(trial.userId, n, { expiresAt: expiredAt(-n) })
    for (const n of [3, 4]) await trial.addSession(trial.otherId, n, { expiresAt: expiredAt(-n) })
    for (const count of [2, 2, 1, 0]) {
      expectEqual("deleteExpiredSessions()", await trial.adapter.deleteExpiredSessions(expiredAt(0), 2), count)
    }
    for (const id of [trial.userId, trial.otherId]) await trial.expectListed(id, [])
  }),
  changeCase("deleteExpiredSessions() never deletes a live session", async (trial, session) => {
    const late = await trial.addSession(trial.otherId, 4, { expiresAt: liveUntil(99) })
    expectEqual("deleteExpiredSessions()", await trial.adapter.deleteExpiredSessions(expiredAt(0), 100), 0)
    await trial.addSession(trial.userId, 5, { expiresAt: expiredAt(-1) })
    expectEqual("deleteExpiredSessions()", await trial.adapter.deleteExpiredSessions(expiredAt(0), 100), 1)
    for (const live of [session, late]) await trial.expectStored(live)
  }),
  sessionRounds(
    "deleteExpiredSessions() during an extension does not delete what was extended",
    async (trial, n, both) => {
      const session = await trial.addSession(trial.userId, n, { expiresAt: expiredAt(-1) })
      const sweep = () => trial.adapter.deleteExpiredSessions(expiredAt(0), 100)
      const extend = () => trial.adapter.extendSession(session.id, liveUntil(0), expiredAt(0))
      const [deleted, extended] = await both(sweep, extend)
      expectEqual("deleteExpiredSessions()", deleted, extended ? 0 : 1)
      await trial.expectListed(trial.userId, extended ? [session] : [])
      await trial.adapter.deleteSession(session.id)
    },
  ),
]

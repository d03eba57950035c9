import type { AdapterCase } from "./adapter-case.ts"
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

/** What is deleted is gone, and nothing else is. */
export const sessionDeleteCases: AdapterCase[] = [
  sessionCase("deleteSession() deletes a session, and resolves to false the second time", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    expectEqual("deleteSession()", await trial.adapter.deleteSession(session.id), true)
    await expectNoSession(trial, session.id)
    await expectListed(trial, session.userId, [])
    expectEqual("deleteSession() again", await trial.adapter.deleteSession(session.id), false)
  }),
  sessionCase("deleteSession() resolves to false for an unknown id", async (trial) => {
    const session = await addSession(trial, await trial.addUser(1), 1)
    expectEqual("deleteSession()", await trial.adapter.deleteSession(sessionId(2)), false)
    expectEqual("deleteSession()", await trial.adapter.deleteSession(sessionId(2), session.userId), false)
    await expectStored(trial, session)
  }),
  sessionCase("deleteSession() deletes that one session", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const session = await addSession(trial, userId, 1)
    const others = [await addSession(trial, userId, 2), await addSession(trial, otherId, 3)]
    await trial.adapter.deleteSession(session.id)
    for (const other of others) await expectStored(trial, other)
  }),
  sessionCase("deleteSession() with a user's id deletes that user's session", async (trial) => {
    const userId = await trial.addUser(1)
    const [session, other] = [await addSession(trial, userId, 1), await addSession(trial, userId, 2)]
    expectEqual("deleteSession()", await trial.adapter.deleteSession(session.id, userId), true)
    await expectListed(trial, userId, [other])
  }),
  sessionCase("deleteSession() with another user's id keeps the session", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const [session, theirs] = [await addSession(trial, userId, 1), await addSession(trial, otherId, 2)]
    expectEqual("deleteSession()", await trial.adapter.deleteSession(session.id, otherId), false)
    expectEqual("deleteSession()", await trial.adapter.deleteSession(session.id, trial.userId(3)), false)
    await expectStored(trial, session)
    await expectStored(trial, theirs)
  }),

  sessionCase("deleteUserSessions() deletes all of one user's sessions, and may be repeated", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(12)]
    await addSession(trial, userId, 1)
    await addSession(trial, userId, 2, { expiresAt: expiredAt(0) })
    const other = await addSession(trial, otherId, 3)
    await trial.adapter.deleteUserSessions(userId)
    await trial.adapter.deleteUserSessions(userId)
    await expectListed(trial, userId, [])
    for (const n of [1, 2]) await expectNoSession(trial, sessionId(n))
    await expectStored(trial, other)
  }),
  sessionCase("deleteUserSessions() spares the one session it is told to", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const kept = await addSession(trial, userId, 1)
    await addSession(trial, userId, 2)
    await addSession(trial, userId, 3)
    const other = await addSession(trial, otherId, 4)
    await trial.adapter.deleteUserSessions(userId, kept.id)
    await expectListed(trial, userId, [kept])
    await expectStored(trial, kept)
    await expectStored(trial, other)
  }),
  sessionCase("deleteUserSessions() spares none when told an id that is not that user's", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const theirs = await addSession(trial, otherId, 9)
    for (const exceptId of [theirs.id, sessionId(10), undefined]) {
      await addSession(trial, userId, 1)
      await trial.adapter.deleteUserSessions(userId, exceptId)
      await expectListed(trial, userId, [])
      await expectStored(trial, theirs)
    }
  }),
  sessionCase("deleteUserSessions() during a sign-in leaves the new session listed or dead", async (trial) => {
    const userId = await trial.addUser(1)
    await inRounds(6, async (round) => {
      const old = await addSession(trial, userId, round)
      const signIn = () => addSession(trial, userId, 100 + round)
      const end = () => trial.adapter.deleteUserSessions(userId)
      await Promise.all(round % 2 ? [signIn(), end()] : [end(), signIn()])
      const survivor = await trial.adapter.findSession(sessionId(100 + round))
      await expectNoSession(trial, old.id)
      await expectListed(trial, userId, survivor ? [survivor.session] : [])
      await trial.adapter.deleteUserSessions(userId)
      await expectNoSession(trial, sessionId(100 + round))
    })
  }),

  sessionCase("deleteExpiredSessions() deletes deadlines at and before the instant, none behind", async (trial) => {
    const userId = await trial.addUser(1)
    const instant = expiredAt(0)
    await addSession(trial, userId, 1, { expiresAt: expiredAt(-60) })
    await addSession(trial, userId, 2, { expiresAt: instant })
    const behind = await addSession(trial, userId, 3, { expiresAt: shift(instant, trial.precision) })
    expectEqual("deleteExpiredSessions()", await trial.adapter.deleteExpiredSessions(instant, 100), 2)
    await expectListed(trial, userId, [behind])
    await expectStored(trial, behind)
  }),
  sessionCase("deleteExpiredSessions() deletes at most `limit`, and says how many", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    for (const n of [0, 1, 2]) await addSession(trial, userId, n, { expiresAt: expiredAt(-n) })
    for (const n of [3, 4]) await addSession(trial, otherId, n, { expiresAt: expiredAt(-n) })
    for (const count of [2, 2, 1, 0]) {
      expectEqual("deleteExpiredSessions()", await trial.adapter.deleteExpiredSessions(expiredAt(0), 2), count)
    }
    for (const id of [userId, otherId]) await expectListed(trial, id, [])
  }),
  sessionCase("deleteExpiredSessions() never deletes a live session", async (trial) => {
    const userId = await trial.addUser(1)
    const live = [await addSession(trial, userId, 1), await addSession(trial, userId, 2, { expiresAt: liveUntil(99) })]
    expectEqual("deleteExpiredSessions()", await trial.adapter.deleteExpiredSessions(expiredAt(0), 100), 0)
    await addSession(trial, userId, 3, { expiresAt: expiredAt(-1) })
    expectEqual("deleteExpiredSessions()", await trial.adapter.deleteExpiredSessions(expiredAt(0), 100), 1)
    await expectListed(trial, userId, live)
  }),
  sessionCase("deleteExpiredSessions() during an extension does not delete what was extended", async (trial) => {
    const userId = await trial.addUser(1)
    await inRounds(6, async (round) => {
      const session = await addSession(trial, userId, round, { expiresAt: expiredAt(-1) })
      const sweep = () => trial.adapter.deleteExpiredSessions(expiredAt(0), 100)
      const extend = () => trial.adapter.extendSession(session.id, liveUntil(0), expiredAt(0))
      const results = await Promise.all(round % 2 ? [sweep(), extend()] : [extend(), sweep()])
      const extended = results.includes(true)
      expectEqual("deleteExpiredSessions()", results[round % 2 ? 0 : 1], extended ? 0 : 1)
      await expectListed(trial, userId, extended ? [session] : [])
      await trial.adapter.deleteSession(session.id)
    })
  }),
]

import type { AdapterCase } from "./adapter-case.ts"
import { inRounds, sessionCase } from "./adapter-case.ts"
import { expectEqual, expectRejection } from "./expectation.ts"
import {
  addSession,
  expectListed,
  expectNoSession,
  expectStored,
  liveUntil,
  sessionId,
  sessionOf,
} from "./session-fixture.ts"

/** A rotation leaves one session where there was one. */
export const sessionReplaceCases: AdapterCase[] = [
  sessionCase("replaceSession() stores the new session as given, and the old one is gone", async (trial) => {
    const userId = await trial.addUser(1)
    const old = await addSession(trial, userId, 1)
    const { createdAt } = old
    const next = sessionOf(userId, 2, { createdAt, expiresAt: liveUntil(9), attributes: { label: "kept 'as' given" } })
    expectEqual("replaceSession()", await trial.adapter.replaceSession(old.id, next), true)
    await expectStored(trial, next)
    await expectNoSession(trial, old.id)
    await expectListed(trial, userId, [next])
  }),
  sessionCase("replaceSession() does not carry attributes over that the new session leaves out", async (trial) => {
    const userId = await trial.addUser(1)
    const old = await addSession(trial, userId, 1)
    const next = sessionOf(userId, 2, { attributes: {} })
    await trial.adapter.replaceSession(old.id, next)
    await expectStored(trial, next)
  }),
  sessionCase("replaceSession() resolves to false for an unknown id, and stores nothing", async (trial) => {
    const userId = await trial.addUser(1)
    const other = await addSession(trial, userId, 1)
    expectEqual("replaceSession()", await trial.adapter.replaceSession(sessionId(2), sessionOf(userId, 3)), false)
    await expectNoSession(trial, sessionId(2))
    await expectNoSession(trial, sessionId(3))
    await expectListed(trial, userId, [other])
  }),
  sessionCase("replaceSession() does not bring back a deleted session under another id", async (trial) => {
    const userId = await trial.addUser(1)
    const old = await addSession(trial, userId, 1)
    await trial.adapter.deleteSession(old.id)
    expectEqual("replaceSession()", await trial.adapter.replaceSession(old.id, sessionOf(userId, 2)), false)
    await expectListed(trial, userId, [])
  }),
  sessionCase("replaceSession() leaves every other session as it was", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const old = await addSession(trial, userId, 1)
    const others = [await addSession(trial, userId, 2), await addSession(trial, otherId, 3)]
    await trial.adapter.replaceSession(old.id, sessionOf(userId, 4))
    for (const other of others) await expectStored(trial, other)
  }),
  sessionCase("replaceSession() rejects an id that is taken, and harms neither session", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const [old, taken] = [await addSession(trial, userId, 1), await addSession(trial, otherId, 2)]
    await expectRejection("replaceSession()", () => trial.adapter.replaceSession(old.id, sessionOf(userId, 2)))
    await expectStored(trial, old)
    await expectStored(trial, taken)
  }),
  sessionCase("replaceSession() lets one of many racing callers replace a session", async (trial) => {
    const userId = await trial.addUser(1)
    const old = await addSession(trial, userId, 1)
    const racers = Array.from({ length: 8 }, (_, n) => sessionOf(userId, 10 + n))
    const results = await Promise.all(racers.map((racer) => trial.adapter.replaceSession(old.id, racer)))
    const winners = racers.filter((_, n) => results[n] === true)
    expectEqual("replaceSession() calls that replaced it", winners.length, 1)
    await expectNoSession(trial, old.id)
    await expectListed(trial, userId, winners)
  }),
  sessionCase("replaceSession() during a sign-out of the session: one of the two finds it", async (trial) => {
    const userId = await trial.addUser(1)
    await inRounds(6, async (round) => {
      const [old, next] = [await addSession(trial, userId, round), sessionOf(userId, 100 + round)]
      const replace = () => trial.adapter.replaceSession(old.id, next)
      const end = () => trial.adapter.deleteSession(old.id)
      const results = await Promise.all(round % 2 ? [replace(), end()] : [end(), replace()])
      expectEqual("calls that found it", results.filter((found) => found === true).length, 1)
      await expectNoSession(trial, old.id)
      await expectListed(trial, userId, results[round % 2 ? 0 : 1] ? [next] : [])
      await trial.adapter.deleteSession(next.id)
    })
  }),
  sessionCase("replaceSession() during a sign-out everywhere leaves no session", async (trial) => {
    const userId = await trial.addUser(1)
    await inRounds(6, async (round) => {
      const [old, next] = [await addSession(trial, userId, round), sessionOf(userId, 100 + round)]
      const replace = () => trial.adapter.replaceSession(old.id, next)
      const end = () => trial.adapter.deleteUserSessions(userId)
      await Promise.all(round % 2 ? [replace(), end()] : [end(), replace()])
      await expectNoSession(trial, next.id)
      await expectListed(trial, userId, [])
    })
  }),
]

import type { AdapterCase } from "./adapter-case.ts"
import { expectEqual, expectRejection, winnerOf } from "./expectation.ts"
import { liveUntil, sessionId, sessionOf } from "./session-fixture.ts"
import { changeCase, sessionCase, sessionRounds } from "./trial.ts"

/** A rotation leaves one session where there was one. */
export const sessionReplaceCases: AdapterCase[] = [
  sessionCase("replaceSession() stores the new session as given, and the old one is gone", async (trial) => {
    const { id, userId, createdAt } = await trial.addSession(trial.userId, 1)
    const next = sessionOf(userId, 2, { createdAt, expiresAt: liveUntil(9), attributes: { label: "kept 'as' given" } })
    expectEqual("replaceSession()", await trial.adapter.replaceSession(id, next), true)
    await trial.expectStored(next)
    await trial.expectNoSession(id)
    await trial.expectListed(userId, [next])
  }),
  changeCase("replaceSession() does not carry attributes over that the new session leaves out", async (trial, old) => {
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
  changeCase("replaceSession() leaves every other session as it was", async ({ adapter, userId }, old) => {
    await adapter.replaceSession(old.id, sessionOf(userId, 4))
  }),
  changeCase("replaceSession() rejects an id that is taken, and harms neither session", async (trial, old) => {
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

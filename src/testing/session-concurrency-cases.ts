import type { UserId } from "../core/ports.ts"
import type { AdapterSetup } from "./adapter-case.ts"
import type { ConcurrencyCase, Round } from "./concurrency-case.ts"
import { sessionRace } from "./concurrency-case.ts"
import { expectEqual } from "./expectation.ts"
import type { Session } from "./session-fixture.ts"
import {
  addSession,
  expectListed,
  expectNoSession,
  expectStored,
  expiredAt,
  liveUntil,
  sessionOf,
} from "./session-fixture.ts"

type Adapter = AdapterSetup["adapter"]

/** A session, and the one that is to take its place. */
interface Rotation {
  old: Session
  next: Session
}

/** Races about sessions. */
export const sessionConcurrencyCases: ConcurrencyCase[] = [
  sessionRace("50 requests find a session that is due, and extendSession() writes for one of them", async (round) => {
    const session = await addSession(round, await round.addUser(), round.next())
    const deadlines = Array.from({ length: 50 }, (_, n) => liveUntil(60 + n))
    const visits = await round.atOnce(deadlines.map((to) => (adapter) => visit(adapter, session.id, to)))
    expectEqual("requests that found the session", visits.filter(({ found }) => found).length, 50)
    expectEqual("extendSession() calls that moved it", visits.filter(({ extended }) => extended === true).length, 1)
    const winner = deadlines[visits.findIndex(({ extended }) => extended)]
    await expectStored(round, session, { expiresAt: winner ?? session.expiresAt })
  }),
  sessionRace("updateSession() during extendSession(): both have their effect", async (round) => {
    const sessions = await addSessions(round, await round.addUser(), 10)
    const results = await round.atOnce(
      sessions.flatMap(({ id }) => [
        (adapter: Adapter) => adapter.updateSession(id, { label: "new" }),
        (adapter: Adapter) => adapter.extendSession(id, liveUntil(60), liveUntil(30)),
      ]),
    )
    expectEqual("calls that wrote", results.filter((written) => written === true).length, 20)
    for (const session of sessions) {
      await expectStored(round, session, { expiresAt: liveUntil(60), attributes: { label: "new" } })
    }
  }),
  sessionRace("a sign-out during an extension and an update: the session stays dead", async (round) => {
    const userId = await round.addUser()
    const sessions = await addSessions(round, userId, 12)
    const results = await round.atOnce<unknown>(
      sessions.flatMap(({ id }) => [
        (adapter: Adapter) => visit(adapter, id, liveUntil(60)),
        (adapter: Adapter) => adapter.deleteSession(id),
        (adapter: Adapter) => adapter.updateSession(id, { label: "new" }),
      ]),
    )
    expectEqual(
      "deleteSession()",
      results.filter((_, n) => n % 3 === 1).every((deleted) => deleted === true),
      true,
    )
    await expectDead(round, userId, sessions)
    for (const { id } of sessions) {
      expectEqual("extendSession()", await round.adapter.extendSession(id, liveUntil(60), liveUntil(30)), false)
    }
  }),
  sessionRace("updateSession() with ifNull writes for one of many callers", async (round) => {
    const userId = await round.addUser()
    const session = await addSession(round, userId, round.next(), { attributes: {} })
    const labels = Array.from({ length: 12 }, (_, n) => `caller-${n}`)
    const results = await round.atOnce(
      labels.map((label) => (adapter) => adapter.updateSession(session.id, { label }, { ifNull: "label" })),
    )
    expectEqual("updateSession() calls that wrote", results.filter((written) => written === true).length, 1)
    await expectStored(round, session, { attributes: { label: labels[results.indexOf(true)] ?? null } })
  }),
  sessionRace("deleteSession() resolves to true for one of many callers", async (round) => {
    const userId = await round.addUser()
    const session = await addSession(round, userId, round.next())
    const results = await round.atOnce(Array.from({ length: 12 }, () => (adapter) => adapter.deleteSession(session.id)))
    expectEqual("deleteSession() calls that deleted it", results.filter((deleted) => deleted === true).length, 1)
    await expectDead(round, userId, [session])
  }),
  sessionRace("replaceSession() during a sign-out: one of the two finds the session", async (round) => {
    const userId = await round.addUser()
    const rotations = await addRotations(round, userId, 10)
    const results = await round.atOnce(
      rotations.flatMap(({ old, next }) => [
        (adapter: Adapter) => adapter.replaceSession(old.id, next),
        (adapter: Adapter) => adapter.deleteSession(old.id),
      ]),
    )
    for (const [n, { old }] of rotations.entries()) {
      expectEqual("calls that found the session", results.slice(2 * n, 2 * n + 2).filter(Boolean).length, 1)
      await expectNoSession(round, old.id)
    }
    const replaced = rotations.filter((_, n) => results[2 * n] === true)
    await expectListed(round, userId, nextOf(replaced))
  }),
  sessionRace("a sign-out everywhere during sign-ins: a new session is dead, or alive and listed", async (round) => {
    const userId = await round.addUser()
    const old = await addSessions(round, userId, 3)
    const created = Array.from({ length: 9 }, () => sessionOf(userId, round.next()))
    await round.atOnce<unknown>(
      created.flatMap((session, n) => [
        (adapter: Adapter) => adapter.insertSession(session),
        (adapter: Adapter) => (n % 3 ? adapter.listSessions(userId) : adapter.deleteUserSessions(userId)),
      ]),
    )
    for (const { id } of old) await expectNoSession(round, id)
    await expectListed(round, userId, await livingOf(round, created))
    await round.adapter.deleteUserSessions(userId)
    await expectDead(round, userId, created)
  }),
  sessionRace("a sign-out everywhere during extensions and rotations leaves no session", async (round) => {
    const userId = await round.addUser()
    const sessions = await addSessions(round, userId, 4)
    const rotations = await addRotations(round, userId, 4)
    await round.atOnce<unknown>([
      ...rotations.map(
        ({ old, next }) =>
          (adapter: Adapter) =>
            adapter.replaceSession(old.id, next),
      ),
      (adapter) => adapter.deleteUserSessions(userId),
      ...sessions.map(
        ({ id }) =>
          (adapter: Adapter) =>
            visit(adapter, id, liveUntil(60)),
      ),
    ])
    await expectDead(round, userId, [...sessions, ...rotations.flatMap(({ old, next }) => [old, next])])
  }),
  sessionRace("a clean-up during extensions: an extended session lives, and the others are gone", async (round) => {
    const userId = await round.addUser()
    const sessions = await addSessions(round, userId, 20, expiredAt(-1))
    const extend = (session: Session) => async (adapter: Adapter) => {
      const extended = await adapter.extendSession(session.id, liveUntil(60), expiredAt(0))
      return { kept: extended ? [session] : [], deleted: 0 }
    }
    const cleanUp = async (adapter: Adapter) => {
      return { kept: [], deleted: await adapter.deleteExpiredSessions(expiredAt(0), 7) }
    }
    const calls = sessions.flatMap((session, n) => (n % 4 ? [extend(session)] : [extend(session), cleanUp]))
    const results = await round.atOnce<{ kept: Session[]; deleted: number }>(calls)
    const kept = results.flatMap((result) => result.kept)
    expectEqual(
      "sessions deleted",
      results.reduce((sum, { deleted }) => sum + deleted, 0),
      20 - kept.length,
    )
    await expectListed(round, userId, kept)
    for (const session of kept) await expectStored(round, session, { expiresAt: liveUntil(60) })
  }),
]

/** What a request does that finds a session due: between its read and its write, others come in. */
async function visit(adapter: Adapter, id: string, to: Date): Promise<{ found: boolean; extended: boolean | null }> {
  const found = await adapter.findSession(id)
  if (!found || found.session.expiresAt > liveUntil(30)) return { found: found !== null, extended: null }
  return { found: true, extended: await adapter.extendSession(id, to, liveUntil(30)) }
}

async function addSessions(round: Round, userId: UserId, count: number, expiresAt = liveUntil(0)): Promise<Session[]> {
  const sessions = Array.from({ length: count }, () => sessionOf(userId, round.next(), { expiresAt }))
  for (const session of sessions) await round.adapter.insertSession(session)
  return sessions
}

async function addRotations(round: Round, userId: UserId, count: number): Promise<Rotation[]> {
  const sessions = await addSessions(round, userId, count)
  return sessions.map((old) => ({ old, next: sessionOf(userId, round.next()) }))
}

function nextOf(rotations: Rotation[]): Session[] {
  return rotations.map(({ next }) => next)
}

async function expectDead(round: Round, userId: UserId, sessions: Session[]): Promise<void> {
  for (const { id } of sessions) await expectNoSession(round, id)
  await expectListed(round, userId, [])
}

async function livingOf(round: Round, sessions: Session[]): Promise<Session[]> {
  const found = await Promise.all(sessions.map(({ id }) => round.adapter.findSession(id)))
  return sessions.filter((_, n) => found[n] !== null)
}

import type { AdapterSetup } from "./adapter-case.ts"
import type { ConcurrencyCase, Round } from "./concurrency-case.ts"
import { sessionRace } from "./concurrency-case.ts"
import { expectEqual, winnerOf } from "./expectation.ts"
import type { Session } from "./session-fixture.ts"
import { expiredAt, liveUntil, sessionOf } from "./session-fixture.ts"

type Adapter = AdapterSetup["adapter"]

/** A session and its replacement. */
interface Rotation {
  old: Session
  next: Session
}

/** Race conditions of sessions. */
export const sessionConcurrencyCases: ConcurrencyCase[] = [
  sessionRace("50 requests find a session that is due, and extendSession() writes for one of them", async (round) => {
    const session = await round.addSession(round.userId, round.next())
    const deadlines = Array.from({ length: 50 }, (_, n) => liveUntil(60 + n))
    const visits = await round.atOnce(deadlines.map((to) => (adapter) => visit(adapter, session.id, to)))
    expectEqual("requests that found the session", visits.filter(({ found }) => found).length, 50)
    const what = "extendSession() calls that moved it"
    await round.expectStored(session, {
      expiresAt: winnerOf(what, deadlines, visits, ({ extended }) => extended === true),
    })
  }),
  sessionRace("updateSession() during extendSession(): both have their effect", async (round) => {
    const sessions = await addSessions(round, 10)
    const calls = sessions.flatMap(({ id }) => [update(id), extend(id)])
    const results = await round.atOnce(calls)
    expectEqual("calls that wrote", results.filter((written) => written === true).length, 20)
    for (const session of sessions) {
      await round.expectStored(session, { expiresAt: liveUntil(60), attributes: { label: "new" } })
    }
  }),
  sessionRace("a sign-out during an extension and an update: the session stays dead", async (round) => {
    const sessions = await addSessions(round, 12)
    const calls = sessions.flatMap(({ id }) => [visiting(id), end(id), update(id)])
    const results = await round.atOnce<unknown>(calls)
    const ended = results.filter((_, n) => n % 3 === 1)
    expectEqual(
      "deleteSession()",
      ended.every((deleted) => deleted === true),
      true,
    )
    await expectDead(round, sessions)
    for (const { id } of sessions) expectEqual("extendSession()", await extend(id)(round.adapter), false)
  }),
  sessionRace("updateSession() with ifNull writes for one of many callers", async (round) => {
    const session = await round.addSession(round.userId, round.next(), { attributes: {} })
    const labels = Array.from({ length: 12 }, (_, n) => `caller-${n}`)
    const write = (label: string) => (adapter: Adapter) =>
      adapter.updateSession(session.id, { label }, { ifNull: "label" })
    const label = winnerOf("updateSession() calls that wrote", labels, await round.atOnce(labels.map(write)))
    await round.expectStored(session, { attributes: { label } })
  }),
  sessionRace("deleteSession() resolves to true for one of many callers", async (round) => {
    const session = await round.addSession(round.userId, round.next())
    const calls = Array.from({ length: 12 }, () => end(session.id))
    winnerOf("deleteSession() calls that deleted it", calls, await round.atOnce(calls))
    await expectDead(round, [session])
  }),
  sessionRace("replaceSession() during a sign-out: one of the two finds the session", async (round) => {
    const rotations = await addRotations(round, 10)
    const results = await round.atOnce(rotations.flatMap((each) => [rotate(each), end(each.old.id)]))
    for (const [n, { old }] of rotations.entries()) {
      expectEqual("calls that found the session", results.slice(2 * n, 2 * n + 2).filter(Boolean).length, 1)
      await round.expectNoSession(old.id)
    }
    const replaced = rotations.filter((_, n) => results[2 * n] === true)
    await round.expectListed(
      round.userId,
      replaced.map(({ next }) => next),
    )
  }),
  sessionRace("a sign-out everywhere during sign-ins: a new session is dead, or alive and listed", async (round) => {
    const { userId } = round
    const old = await addSessions(round, 3)
    const created = Array.from({ length: 9 }, () => sessionOf(userId, round.next()))
    await round.atOnce<unknown>(
      created.flatMap((session, n) => [
        (adapter: Adapter) => adapter.insertSession(session),
        (adapter: Adapter) => (n % 3 ? adapter.listSessions(userId) : adapter.deleteUserSessions(userId)),
      ]),
    )
    for (const { id } of old) await round.expectNoSession(id)
    const found = await Promise.all(created.map(({ id }) => round.adapter.findSession(id)))
    await round.expectListed(
      userId,
      created.filter((_, n) => found[n] !== null),
    )
    await round.adapter.deleteUserSessions(userId)
    await expectDead(round, created)
  }),
  sessionRace("a sign-out everywhere during extensions and rotations leaves no session", async (round) => {
    const [sessions, rotations] = [await addSessions(round, 4), await addRotations(round, 4)]
    const endAll = (adapter: Adapter) => adapter.deleteUserSessions(round.userId)
    await round.atOnce<unknown>([...rotations.map(rotate), endAll, ...sessions.map(({ id }) => visiting(id))])
    await expectDead(round, [...sessions, ...rotations.flatMap(({ old, next }) => [old, next])])
  }),
  sessionRace("a clean-up during extensions: an extended session lives, and the others are gone", async (round) => {
    const sessions = await addSessions(round, 20, expiredAt(-1))
    const rescue = (session: Session) => async (adapter: Adapter) => {
      const extended = await adapter.extendSession(session.id, liveUntil(60), expiredAt(0))
      return { kept: extended ? [session] : [], deleted: 0 }
    }
    const cleanUp = async (adapter: Adapter) => {
      return { kept: [], deleted: await adapter.deleteExpiredSessions(expiredAt(0), 7) }
    }
    const calls = sessions.flatMap((session, n) => (n % 4 ? [rescue(session)] : [rescue(session), cleanUp]))
    const results = await round.atOnce<{ kept: Session[]; deleted: number }>(calls)
    const kept = results.flatMap((result) => result.kept)
    const deleted = results.reduce((sum, result) => sum + result.deleted, 0)
    expectEqual("sessions deleted", deleted, 20 - kept.length)
    await round.expectListed(round.userId, kept)
    for (const session of kept) await round.expectStored(session, { expiresAt: liveUntil(60) })
  }),
]

const extend = (id: string) => (adapter: Adapter) => adapter.extendSession(id, liveUntil(60), liveUntil(30))
const update = (id: string) => (adapter: Adapter) => adapter.updateSession(id, { label: "new" })
const end = (id: string) => (adapter: Adapter) => adapter.deleteSession(id)
const rotate =
  ({ old, next }: Rotation) =>
  (adapter: Adapter) =>
    adapter.replaceSession(old.id, next)
const visiting = (id: string) => (adapter: Adapter) => visit(adapter, id, liveUntil(60))

/** Extends a session that is due, as a request does. Other requests may come between its read and its write. */
async function visit(adapter: Adapter, id: string, to: Date): Promise<{ found: boolean; extended: boolean | null }> {
  const found = await adapter.findSession(id)
  if (!found || found.session.expiresAt > liveUntil(30)) return { found: found !== null, extended: null }
  return { found: true, extended: await adapter.extendSession(id, to, liveUntil(30)) }
}

async function addSessions(round: Round, count: number, expiresAt = liveUntil(0)): Promise<Session[]> {
  const sessions = Array.from({ length: count }, () => sessionOf(round.userId, round.next(), { expiresAt }))
  for (const session of sessions) await round.adapter.insertSession(session)
  return sessions
}

async function addRotations(round: Round, count: number): Promise<Rotation[]> {
  const sessions = await addSessions(round, count)
  return sessions.map((old) => ({ old, next: sessionOf(round.userId, round.next()) }))
}

async function expectDead(round: Round, sessions: Session[]): Promise<void> {
  for (const { id } of sessions) await round.expectNoSession(id)
  await round.expectListed(round.userId, [])
}

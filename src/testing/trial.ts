import type { AuditAdapter } from "../audit/audit-port.ts"
import type { UserId } from "../core/ports.ts"
import type { PasskeyAdapter } from "../passkeys/passkey-port.ts"
import type { ThrottleAdapter } from "../throttle/throttle-port.ts"
import type { TokenAdapter } from "../tokens/token-port.ts"
import type { TotpAdapter } from "../totp/totp-port.ts"
import type { AdapterCase, AdapterSetup, AnyAdapter, FullAdapter } from "./adapter-case.ts"
import {
  hasAuditPort,
  hasPasskeyPort,
  hasThrottlePort,
  hasTokenPort,
  hasTotpPort,
  hasUserPort,
  usernameOf,
} from "./adapter-case.ts"
import { attemptChecks } from "./attempt-fixture.ts"
import { eventChecks } from "./event-fixture.ts"
import { expectDate, expectEqual, format } from "./expectation.ts"
import { passkeyChecks } from "./passkey-fixture.ts"
import type { Session } from "./session-fixture.ts"
import { expectListed, sessionOf } from "./session-fixture.ts"
import { tokenChecks } from "./token-fixture.ts"
import { totpChecks } from "./totp-fixture.ts"
import { userChecks } from "./user-fixture.ts"

/** A store under test with two users, as each case of the session port starts. */
export type Trial = ReturnType<typeof startTrial> & { userId: UserId; otherId: UserId }

/** A trial whose adapter also has the user port. */
export type UserTrial = TrialOf<FullAdapter> & ReturnType<typeof userChecks>

/** A trial whose adapter has the token port. */
export type TokenTrial = TrialOf<AnyAdapter & TokenAdapter> & ReturnType<typeof tokenChecks>

/** A trial whose adapter has the throttle port. */
export type ThrottleTrial = TrialOf<AnyAdapter & ThrottleAdapter> & ReturnType<typeof attemptChecks>

/** A trial whose adapter has the TOTP port. */
export type TotpTrial = TrialOf<AnyAdapter & TotpAdapter> & ReturnType<typeof totpChecks>

/** A trial whose adapter has the passkey port. */
export type PasskeyTrial = TrialOf<AnyAdapter & PasskeyAdapter> & ReturnType<typeof passkeyChecks>

/** A trial whose adapter has the audit port. */
export type AuditTrial = TrialOf<AnyAdapter & AuditAdapter> & ReturnType<typeof eventChecks>

type TrialOf<Adapter> = Omit<Trial, "adapter"> & { adapter: Adapter }

/** Creates a case of the session port. Its store has the users 1 and 2. */
export function sessionCase(name: string, check: (trial: Trial) => Promise<void>): AdapterCase {
  return {
    name,
    run: async (setup) => {
      const { close, ...store } = await setup()
      try {
        const trial = startTrial(store)
        await check({ ...trial, userId: await trial.addUser(1), otherId: await trial.addUser(2) })
      } finally {
        await close?.()
      }
    },
  }
}

/** Creates a case about the first of three sessions. The second one, and that of user 2, must not change. */
export function changeCase(name: string, check: (trial: Trial, session: Session) => Promise<void>): AdapterCase {
  return sessionCase(name, async (trial) => {
    const session = await trial.addSession(trial.userId, 1)
    const others = [await trial.addSession(trial.userId, 2), await trial.addSession(trial.otherId, 3)]
    await check(trial, session)
    for (const other of others) await trial.expectStored(other)
  })
}

/** Creates a case of the user port. An adapter without that port passes at once. */
export function userCase(name: string, check: (trial: UserTrial) => Promise<void>): AdapterCase {
  return sessionCase(name, async ({ adapter, ...trial }) => {
    if (hasUserPort(adapter)) await check({ ...trial, adapter, ...userChecks(adapter) })
  })
}

/** Creates a case of the token port. An adapter without that port passes at once. */
export function tokenCase(name: string, check: (trial: TokenTrial) => Promise<void>): AdapterCase {
  return sessionCase(name, async ({ adapter, ...trial }) => {
    if (hasTokenPort(adapter)) await check({ ...trial, adapter, ...tokenChecks(adapter) })
  })
}

/** Creates a case of the throttle port. An adapter without that port passes at once. */
export function throttleCase(name: string, check: (trial: ThrottleTrial) => Promise<void>): AdapterCase {
  return sessionCase(name, async ({ adapter, ...trial }) => {
    if (hasThrottlePort(adapter)) await check({ ...trial, adapter, ...attemptChecks(adapter) })
  })
}

/** Creates a case of the TOTP port. An adapter without that port passes at once. */
export function totpCase(name: string, check: (trial: TotpTrial) => Promise<void>): AdapterCase {
  return sessionCase(name, async ({ adapter, ...trial }) => {
    if (hasTotpPort(adapter)) await check({ ...trial, adapter, ...totpChecks(adapter) })
  })
}

/** Creates a case of the passkey port. An adapter without that port passes at once. */
export function passkeyCase(name: string, check: (trial: PasskeyTrial) => Promise<void>): AdapterCase {
  return sessionCase(name, async ({ adapter, ...trial }) => {
    if (hasPasskeyPort(adapter)) await check({ ...trial, adapter, ...passkeyChecks(adapter) })
  })
}

/** Creates a case of the audit port. An adapter without that port passes at once. */
export function auditCase(name: string, check: (trial: AuditTrial) => Promise<void>): AdapterCase {
  return sessionCase(name, async ({ adapter, ...trial }) => {
    if (hasAuditPort(adapter)) await check({ ...trial, adapter, ...eventChecks(adapter) })
  })
}

/** Runs two calls at once, in either order, and resolves to both results. */
type Both = <A, B>(first: () => Promise<A>, second: () => Promise<B>) => Promise<[A, B]>

/** Creates a case from a race for a user's session. Runs several rounds with new users, because one round proves little. */
export function sessionRounds(name: string, play: (trial: Trial, round: number, both: Both) => Promise<void>) {
  return sessionCase(name, inRounds(play))
}

/** Creates a case of the user port from a race, as {@link sessionRounds} does. */
export function userRounds(name: string, play: (trial: UserTrial, round: number, both: Both) => Promise<void>) {
  return userCase(name, inRounds(play))
}

/** Creates a case of the token port from a race, as {@link sessionRounds} does. */
export function tokenRounds(name: string, play: (trial: TokenTrial, round: number, both: Both) => Promise<void>) {
  return tokenCase(name, inRounds(play))
}

/** Creates a case of the TOTP port from a race, as {@link sessionRounds} does. */
export function totpRounds(name: string, play: (trial: TotpTrial, round: number, both: Both) => Promise<void>) {
  return totpCase(name, inRounds(play))
}

/** Creates a case of the passkey port from a race, as {@link sessionRounds} does. */
export function passkeyRounds(name: string, play: (trial: PasskeyTrial, round: number, both: Both) => Promise<void>) {
  return passkeyCase(name, inRounds(play))
}

function inRounds<T extends Pick<Trial, "addUser">>(play: (trial: T, round: number, both: Both) => Promise<void>) {
  return async (trial: T): Promise<void> => {
    for (let round = 1; round <= 6; round++) {
      await play({ ...trial, userId: await trial.addUser(10 + round) }, round, round % 2 ? both : bothReversed)
    }
  }
}

const both: Both = (first, second) => Promise.all([first(), second()])

const bothReversed: Both = async (first, second) => {
  const [b, a] = await both(second, first)
  return [a, b]
}

/** Creates the helpers with which a case uses a store. */
export function startTrial(setup: AdapterSetup) {
  const { adapter, addUser: insertUser, userId: idOf = defaultUserId, precision = 1, onStatement } = setup

  /** Adds user `n`, named by {@link usernameOf}, and resolves to the id. */
  async function addUser(n: number): Promise<UserId> {
    const [id, username] = [idOf(n), usernameOf(n)]
    if (insertUser) await insertUser({ id, username })
    else await adapter.insertUser?.({ id, attributes: { username } }, null)
    return id
  }

  /** Inserts session `n` of a user, and resolves to it. */
  async function addSession(userId: UserId, n: number, changes?: Partial<Session>): Promise<Session> {
    const session = sessionOf(userId, n, changes)
    await adapter.insertSession(session)
    return session
  }

  /** Throws unless the store holds the session as given, with the `changes` made since. */
  async function expectStored(session: Session, changes?: Partial<Session>): Promise<void> {
    const found = await adapter.findSession(session.id)
    if (!found) throw new Error(`findSession(${format(session.id)}): expected the session, got ${format(found)}`)
    expectSession(found.session, { ...session, ...changes })
  }

  /** Throws unless a session has the expected values. */
  function expectSession(actual: Session, expected: Session): void {
    expectEqual("session.id", actual.id, expected.id)
    expectEqual("session.userId", actual.userId, expected.userId)
    expectTime("session.createdAt", actual.createdAt, expected.createdAt)
    expectTime("session.expiresAt", actual.expiresAt, expected.expiresAt)
    expectEqual("session.attributes.label", actual.attributes.label ?? null, expected.attributes.label ?? null)
  }

  function expectTime(what: string, actual: Date, expected: Date): void {
    expectDate(what, actual)
    const lost = expected.getTime() - actual.getTime()
    if (!(lost >= 0 && lost < precision)) expectEqual(what, actual, expected)
  }

  /** Throws if the store has a session with this id. */
  async function expectNoSession(id: string): Promise<void> {
    expectEqual(`findSession(${format(id)})`, await adapter.findSession(id), null)
  }

  return {
    adapter,
    onStatement,
    knowsUsers: insertUser !== undefined,
    precision,
    idOf,
    addUser,
    addSession,
    expectStored,
    expectSession,
    expectNoSession,
    expectListed: (userId: UserId, sessions: Session[]) => expectListed({ adapter }, userId, sessions),
  }
}

function defaultUserId(n: number): UserId {
  return `user-${n}`
}

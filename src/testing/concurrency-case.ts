import type { AuditAdapter } from "../audit/audit-port.ts"
import type { PasskeyAdapter } from "../passkeys/passkey-port.ts"
import type { ThrottleAdapter } from "../throttle/throttle-port.ts"
import type { TokenAdapter } from "../tokens/token-port.ts"
import type { TotpAdapter } from "../totp/totp-port.ts"
import type { AdapterSetup, AnyAdapter, FullAdapter } from "./adapter-case.ts"
import {
  hasAuditPort,
  hasPasskeyPort,
  hasThrottlePort,
  hasTokenPort,
  hasTotpPort,
  hasUserPort,
} from "./adapter-case.ts"
import { eventChecks } from "./event-fixture.ts"
import { passkeyChecks } from "./passkey-fixture.ts"
import { tokenChecks } from "./token-fixture.ts"
import { totpChecks } from "./totp-fixture.ts"
import { startTrial } from "./trial.ts"
import { userChecks } from "./user-fixture.ts"

/** A store to use from several places at once. It is empty except for what other cases left in it. */
export interface ConcurrencySetup extends Omit<AdapterSetup, "adapter"> {
  /**
   * Adapters over the same store, each with its own connections. Use at least two, better three. They can run in other
   * processes, see {@link remoteAdapter}.
   */
  adapters: AdapterSetup["adapter"][]
  /** How long a case repeats its race, in milliseconds, for at least five rounds. Default: 1000. */
  duration?: number | undefined
}

/** Resolves to a {@link ConcurrencySetup}. Called for each case. All cases may share one store. */
export type SetUpConcurrency = () => ConcurrencySetup | Promise<ConcurrencySetup>

/** A race that must end correctly, whichever caller is faster. */
export interface ConcurrencyCase {
  /** A sentence about the adapter's behaviour. */
  name: string
  /** The port under test. An adapter without that port passes at once. */
  needs: "sessions" | Port
  /** Repeats the race. Rejects with the expected and the actual result. */
  run: (setup: SetUpConcurrency) => Promise<void>
}

type Port = "users" | "tokens" | "throttle" | "totp" | "passkeys" | "audit"

/** One round of a race, with a user that no other round has. */
export type Round<Adapter extends AnyAdapter = AnyAdapter> = Awaited<ReturnType<typeof startRound<Adapter>>>

type UserRound = Round<FullAdapter> & ReturnType<typeof userChecks>

/** A round over adapters that have the token port. */
export type TokenRound = Round<AnyAdapter & TokenAdapter> & ReturnType<typeof tokenChecks>

type TotpRound = Round<AnyAdapter & TotpAdapter> & ReturnType<typeof totpChecks>

type PasskeyRound = Round<AnyAdapter & PasskeyAdapter> & ReturnType<typeof passkeyChecks>

type AuditRound = Round<AnyAdapter & AuditAdapter> & ReturnType<typeof eventChecks>

const minRounds = 5

/** Creates a race of the session port. */
export function sessionRace(name: string, play: (round: Round) => Promise<void>): ConcurrencyCase {
  const run = (store: ConcurrencySetup): Promise<void> => repeat(store, store.adapters, play)
  return { name, needs: "sessions", run: (setup) => withStore(setup, run) }
}

/** Creates a race of the user port. */
export function userRace(name: string, play: (round: UserRound) => Promise<void>): ConcurrencyCase {
  return portRace(name, "users", hasUserPort, (round) => play({ ...round, ...userChecks(round.adapter) }))
}

/** Creates a race of the token port. */
export function tokenRace(name: string, play: (round: TokenRound) => Promise<void>): ConcurrencyCase {
  return portRace(name, "tokens", hasTokenPort, (round) => play({ ...round, ...tokenChecks(round.adapter) }))
}

/** Creates a race of the throttle port. */
export function throttleRace(
  name: string,
  play: (round: Round<AnyAdapter & ThrottleAdapter>) => Promise<void>,
): ConcurrencyCase {
  return portRace(name, "throttle", hasThrottlePort, play)
}

/** Creates a race of the TOTP port. */
export function totpRace(name: string, play: (round: TotpRound) => Promise<void>): ConcurrencyCase {
  return portRace(name, "totp", hasTotpPort, (round) => play({ ...round, ...totpChecks(round.adapter) }))
}

/** Creates a race of the passkey port. */
export function passkeyRace(name: string, play: (round: PasskeyRound) => Promise<void>): ConcurrencyCase {
  return portRace(name, "passkeys", hasPasskeyPort, (round) => play({ ...round, ...passkeyChecks(round.adapter) }))
}

/** Creates a race of the audit port. */
export function auditRace(name: string, play: (round: AuditRound) => Promise<void>): ConcurrencyCase {
  return portRace(name, "audit", hasAuditPort, (round) => play({ ...round, ...eventChecks(round.adapter) }))
}

const portNames: Record<Port, string> = {
  users: "user",
  tokens: "token",
  throttle: "throttle",
  totp: "TOTP",
  passkeys: "passkey",
  audit: "audit",
}

function portRace<Adapter extends AnyAdapter>(
  name: string,
  needs: Port,
  hasPort: (adapter: AnyAdapter) => adapter is Adapter,
  play: (round: Round<Adapter>) => Promise<void>,
): ConcurrencyCase {
  const run = async (store: ConcurrencySetup): Promise<void> => {
    const adapters = store.adapters.filter(hasPort)
    const having = adapters.length
    if (having > 0 && having < store.adapters.length) {
      throw new Error(`the ${portNames[needs]} port: expected in all adapters or none, got it in ${having}`)
    }
    if (having > 0) await repeat(store, adapters, play)
  }
  return { name, needs, run: (setup) => withStore(setup, run) }
}

async function withStore(setup: SetUpConcurrency, run: (store: ConcurrencySetup) => Promise<void>): Promise<void> {
  const store = await setup()
  try {
    if (store.adapters.length < 2) throw new Error(`adapters: expected at least two, got ${store.adapters.length}`)
    await run(store)
  } finally {
    await store.close?.()
  }
}

async function repeat<Adapter extends AnyAdapter>(
  store: ConcurrencySetup,
  adapters: Adapter[],
  play: (round: Round<Adapter>) => Promise<void>,
): Promise<void> {
  const end = Date.now() + (store.duration ?? 1000)
  for (let n = 1; n <= minRounds || Date.now() < end; n++) await play(await startRound(store, adapters, n))
}

// Shared by all cases of a process, so that none meets the rows of another.
let count = 0

/** Returns a number that no other round has, for the ids of users, sessions, tokens, budgets and events. */
function next(): number {
  return ++count
}

async function startRound<Adapter extends AnyAdapter>(
  { addUser, userId, precision }: ConcurrencySetup,
  adapters: Adapter[],
  n: number,
) {
  const inTurn = (position: number): Adapter => adapters[(n + position) % adapters.length]!
  const adapter = inTurn(0)
  const trial = startTrial({ adapter, addUser, userId, precision })

  /** Runs all calls at nearly the same time, alternating between adapters. Resolves to their results. */
  async function atOnce<Result>(calls: ((adapter: Adapter) => Promise<Result>)[]): Promise<Result[]> {
    const started = calls.map(async (call, position) => {
      await wait(delayOf(n, position))
      return call(inTurn(position))
    })
    // Rejects only after all calls have settled.
    await Promise.allSettled(started)
    return Promise.all(started)
  }

  return { ...trial, adapter, next, userId: await trial.addUser(next()), atOnce }
}

// Odd rounds start all calls together. Even rounds stagger them, so that each call comes first in some round.
function delayOf(round: number, position: number): number {
  return round % 2 ? 0 : (position * 5 + round) % 7
}

async function wait(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds))
}

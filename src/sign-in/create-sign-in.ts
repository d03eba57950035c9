import type { AnyAuth, SessionFields } from "../core/auth.ts"
import { door } from "../core/door.ts"
import { AuthError, guardPort } from "../core/errors.ts"
import { createEmitter } from "../core/events.ts"
import { parseDuration } from "../core/expiry.ts"
import type { Duration } from "../core/expiry.ts"
import { checkOption, checkOptions, invalidOption } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { libraryTokens } from "../proof/library-tokens.ts"
import type { LibraryToken } from "../proof/library-tokens.ts"
import { ask, proofVoid, spendProof } from "../proof/proof.ts"
import type { Evidence, Method, Proof, SpentProof } from "../proof/proof.ts"
import { nullIfUserMissing } from "../proof/user-missing.ts"
import type { Authorize } from "../request/member.ts"
import { columnsOf } from "./assurance.ts"
import type { Assurance, AssuranceRow, ProvenAt } from "./assurance.ts"
import { differ, isFirst, levelOf } from "./kinds.ts"
import type { Factor } from "./kinds.ts"
import type { BegunSignIn, SecondFactorRefusal, SignIn, SignInOptions } from "./sign-in.ts"

const purpose = ":second_factor"
const maxTries = 5

/** What was proved by a proof that is spent, and when, in milliseconds. */
interface Proven<Id extends UserId> extends Evidence<Id>, Pick<SpentProof, "stillHolds"> {
  at: number
}

/** A pending sign-in: the first factor, and what it waits with. */
interface Pending<Id extends UserId> extends Proven<Id> {
  /** Only those of another kind. */
  factors: Factor[]
  attributes: object
  /** User 7 of one realm is not user 7 of another. */
  realm: string
}

/**
 * Makes the one door through which users sign in, with second factors, and prove themselves again before grave steps.
 *
 * Throws `unsupported` for a stateless auth, `invalid_option` for an auth without `proofsOnly`, and `missing_port` for
 * modules that were not made by this package or know no second factors.
 *
 * @example
 * const auth = createAuth({ adapter, proofsOnly: true, getSessionAttributes: assurance })
 * const door = createSignIn({ auth, users, tokens, factors: [totp, recovery] })
 * const begun = await users.signInWithPassword(door, { providerId: "username", providerUserId, password })
 * if (begun?.pending) return askForCode(begun.pending, begun.factors)
 */
export function createSignIn<S extends SessionFields, Id extends UserId, SessionRow>(
  options: SignInOptions<S, Id, SessionRow>,
): SignIn<S, Id, Omit<SessionRow, keyof AssuranceRow>> {
  checkOptions("createSignIn()", options, "auth", "users", "tokens", "factors", "realm", "sufficient", "onEvent", "now")
  const { auth, users, tokens, realm = "user", sufficient = ["passkey"], now = Date.now } = options
  if (!auth?.[door]) throw new AuthError("unsupported", "auth: stores no sessions; use createAuth()")
  const [inside, { proofsOnly, getSessionAttributes }] = auth[door]()
  checkOption("auth", auth, proofsOnly, "is not proofsOnly; use createAuth({ proofsOnly: true })")
  if (!users?.[ask] || !tokens?.[libraryTokens])
    throw new AuthError("missing_port", "users, tokens: use createUsers() and createTokens()")
  const store = tokens[libraryTokens]
  const sources = options.factors.map((source) => ({ ...source, ...guardPort(source, ["factorsOf"], "factors") }))
  const emit = createEmitter(options.onEvent, now)

  return { beginSignIn, peekSignIn, finishSignIn, elevate, recent }

  async function beginSignIn(proof: Proof<Id>, attributes: object = {}): Promise<BegunSignIn<S>> {
    const first = spend(proof)
    const { userId, method } = first
    if (!isFirst(method)) throw proofVoid(`${method} is a second factor; use finishSignIn()`)
    checkAttributes(attributes)
    const found = sufficient.includes(method) ? [] : await factorsOf(userId)
    const factors = found.filter((factor) => differ(method, factor))
    const begun = asks(factors) ? await wait({ ...first, factors, attributes, realm }) : await signIn(attributes, first)
    if (begun) return { pending: null, ...begun }
    throw proofVoid("what it proved has changed; ask the user to sign in again")
  }

  async function wait({ userId, ...pending }: Pending<Id>) {
    const token = { userId, data: JSON.stringify(pending), expiresIn: "10m" } as const
    const created = await store.create(purpose, token).catch(nullIfUserMissing)
    if (!created) return null
    emit("second_factor_asked", { userId })
    return { session: null, token: null, pending: created[0]!, factors: pending.factors }
  }

  async function peekSignIn(pending: unknown) {
    const found = await store.peek(purpose, pending)
    const first = found && found.attempts < maxTries ? read(found) : null
    return first && { userId: first.userId, factors: first.factors }
  }

  async function finishSignIn(pending: unknown, verify: (userId: Id) => Promise<Proof<Id> | null>) {
    const first = read(await store.try(purpose, pending, maxTries))
    if (!first) return refuse("unknown")
    const { userId } = first
    const factors: Method[] = first.factors
    const second = spendIfProof(await verify(userId))
    if (second?.userId !== userId || !factors.includes(second.method)) return refuse("not_proven", userId)
    if (!(await store.take(purpose, pending))) return refuse("unknown", userId)
    return (await signIn(first.attributes, first, second)) ?? refuse("changed", userId)
  }

  async function elevate({ sessionToken, proof }: { sessionToken: unknown; proof: Proof<Id> }) {
    const proven = spend(proof)
    const { userId, method, at } = proven
    const { session } = await inside.validateSession(sessionToken)
    // A provider that is asked for no fresh sign-in lets in whoever sits at the machine, and does not say since when.
    const isFresh = method !== "oauth" || proven.provenAt !== undefined
    if (session?.userId !== userId || !isFresh) return null
    const columns = columnsOf({ ...provenAtOf(session), [method]: at })
    const elevated = await keep(await inside.rotateSession(sessionToken, columns), proven)
    if (elevated) emit("session_elevated", { userId, sessionId: elevated.session.id })
    return elevated
  }

  function recent(limits: { within: Duration }): Authorize<AnyAuth> {
    checkOptions("recent()", limits, "within")
    const within = parseDuration(limits.within, "within")
    return async ({ session }) => {
      const provenAt = provenAtOf(session)
      // A server whose clock runs ahead writes times that lie in the future.
      const methods = (Object.keys(provenAt) as Method[]).filter(
        (method) => Math.abs(now() - Number(provenAt[method])) < within,
      )
      if (levelOf(methods) === 2) return true
      return methods.length === 0 || asks(await factorsOf(session.userId)) ? "confirm" : true
    }
  }

  /** Reads a pending sign-in. `null` for none, and for one of another realm. */
  function read(token: LibraryToken | null): Pending<Id> | null {
    // Its data is encrypted under the token, so nobody else has written it.
    const pending = token && { ...(JSON.parse(token.data) as Pending<Id>), userId: token.userId as Id }
    return pending?.realm === realm ? pending : null
  }

  function spend(proof: Proof<Id> | null): Proven<Id> {
    const { evidence, stillHolds } = spendProof(proof, realm)
    return { ...evidence, stillHolds, at: Math.floor(Math.min(evidence.provenAt ?? Infinity, now())) }
  }

  function spendIfProof(proof: Proof<Id> | null): Proven<Id> | null {
    try {
      return spend(proof)
    } catch {
      return null
    }
  }

  async function signIn(attributes: object, ...proofs: Proven<Id>[]) {
    const columns = columnsOf(Object.fromEntries(proofs.map(({ method, at }) => [method, at])))
    const all = { ...attributes, ...columns }
    // The application says that its table has the columns by showing them.
    const shown: Partial<Assurance> | undefined = getSessionAttributes?.(all)
    const created = inside.createSession(proofs[0]!.userId, shown?.provenAt ? all : attributes)
    return keep(await created.catch(nullIfUserMissing), ...proofs)
  }

  /** Asks once the session is stored, and ends it if a proof no longer holds. What changes later ends sessions itself. */
  async function keep<Created extends { session: S }>(created: Created | null, ...proofs: Proven<Id>[]) {
    if (!created) return null
    const answers = await Promise.all(proofs.map(stillHolds))
    if (answers.every(Boolean)) return created
    await auth.invalidateSession(created.session.id)
    return null
  }

  async function stillHolds(proven: Proven<Id>): Promise<boolean> {
    if (proven.stillHolds) return proven.stillHolds()
    const asked = /totp|passkey/.test(proven.method) ? sources : [users]
    const answers = await Promise.all(asked.map(async (module) => module[ask]?.(proven)))
    return answers.includes(true)
  }

  async function factorsOf(userId: UserId): Promise<Factor[]> {
    const found = await Promise.all(sources.map((source) => source.factorsOf(userId)))
    return found.flat()
  }

  function refuse(reason: SecondFactorRefusal, userId?: Id): null {
    emit("second_factor_refused", { userId, reason })
    return null
  }
}

/** Returns whether a sign-in waits for one of these. Recovery codes alone replace nothing. */
function asks(factors: readonly Factor[]): boolean {
  return factors.some((factor) => factor !== "recovery")
}

function provenAtOf({ provenAt }: SessionFields & Partial<Assurance>): ProvenAt {
  if (provenAt) return provenAt
  throw invalidOption("session.provenAt", provenAt, "is missing; use assuranceColumns, and assurance in createAuth()")
}

/** A sign-in may wait as JSON. What becomes something else there is refused for all users, not only for some. */
function checkAttributes(attributes: object): void {
  for (const [name, value] of Object.entries(attributes)) {
    checkOption("attributes", name, !/^(methods|authenticated_at|device_key)$/.test(name), "is not yours; remove it")
    const isJson = value == null || Number.isFinite(value) || /^(string|boolean)$/.test(typeof value)
    checkOption(`attributes.${name}`, value, isJson, "cannot wait for a second factor; use text or a number")
  }
}

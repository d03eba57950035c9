import { guardPort } from "../core/errors.ts"
import { createEmitter } from "../core/events.ts"
import { checkOption, checkOptions } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { deleteInBatches } from "../platform/batches.ts"
import { randomBytes } from "../platform/bytes.ts"
import { hashText, toBase32 } from "../platform/crypto.ts"
import { whileSignedIn } from "../proof/live-session.ts"
import type { SessionSource } from "../proof/live-session.ts"
import { ask, makeProof } from "../proof/proof.ts"
import type { Evidence } from "../proof/proof.ts"
import { resetsPort } from "../proof/resets.ts"
import { typedDigits } from "../proof/typed-codes.ts"
import type { ThrottleAdapter } from "../throttle/throttle-port.ts"
import { attemptBudget } from "./attempt-budget.ts"
import { checkIssuer, keyUri } from "./key-uri.ts"
import { digits, stepOf } from "./one-time-password.ts"
import { sealedSeeds, seedBytes } from "./seeds.ts"
import type { OpenedSeed } from "./seeds.ts"
import type { TotpAdapter, TotpRecord } from "./totp-port.ts"
import type { CodeRefusal, Totp, TotpConfirmation, TotpOf, TotpOptions, TotpReason } from "./totp.ts"

const port = [
  "insertTotp",
  "findTotp",
  "takeStep",
  "deleteTotp",
  "takeAttempt",
  "dropAttempts",
  "deleteIdleAttempts",
] as const

/** In milliseconds. Long enough to find a phone and install an app. */
const enrollmentLifetime = 3_600_000

/** An authenticator, opened. */
interface Authenticator extends TotpRecord, OpenedSeed {}

type Confirmed = Awaited<ReturnType<Totp["confirmTotp"]>>

/** What `confirmTotp` stored, and what was there before. */
interface Stored {
  seed: Uint8Array
  before: TotpRecord | null
}

/** What came of storing it. */
interface Added {
  stored?: Stored
  reason?: TotpReason
}

/**
 * Adds authenticator apps (TOTP, RFC 6238) as a second factor.
 *
 * Throws `invalid_option` for an unknown option, an invalid issuer or secret, and `missing_port` for an adapter that lacks a
 * method.
 *
 * @example
 * const totp = createTotp({ adapter, auth, issuer: "Example", secrets: [process.env.TOTP_SECRET] })
 * const { uri, secret, enrollment } = await totp.enrollTotp({ userId: user.id, account: user.email })
 * // Later, with the code that the user's app shows:
 * await totp.confirmTotp({ userId: user.id, enrollment, code, sessionId: session.id })
 */
export function createTotp<UserRow = never>(options: TotpOptions<UserRow>): TotpOf<UserRow> {
  checkOptions("createTotp()", options, "adapter", "issuer", "secrets", "auth", "realm", "onEvent", "now")
  const { issuer, realm = "user", now = Date.now } = options
  checkIssuer(issuer)
  checkOption("realm", realm, typeof realm === "string" && realm !== "", 'is not a name; use text such as "user"')
  const seeds = sealedSeeds(options.secrets, realm)
  // The adapter's ids are those of its rows.
  const auth =
    options.auth && guardPort(options.auth as SessionSource, ["getUserSessions", "invalidateSession"], "auth")
  const emit = createEmitter(options.onEvent, now)
  return over(options.adapter) as Totp as TotpOf<UserRow>

  function over(given: TotpAdapter & ThrottleAdapter): Totp {
    const store = guardPort(given, port)

    async function enrollTotp(request: { userId: UserId; account: string; enrollment?: unknown }) {
      checkOptions("enrollTotp()", request, "userId", "account", "enrollment")
      const { userId, account } = request
      const isName = typeof account === "string" && account !== ""
      checkOption("account", account, isName, "is not a name; use the user's name or e-mail address")
      const earlier = await openEnrollment(userId, request.enrollment)
      const seed = earlier?.seed ?? randomBytes(seedBytes)
      const enrollment = earlier
        ? (request.enrollment as string)
        : await seeds.seal(userId, seed, now() + enrollmentLifetime)
      const secret = toBase32(seed).toUpperCase()
      return { uri: keyUri(issuer, account, secret), secret, enrollment }
    }

    async function confirmTotp(request: TotpConfirmation): Promise<Confirmed> {
      checkOptions("confirmTotp()", request, "userId", "enrollment", "code", "sessionId", "replace")
      const { userId, replace = false } = request
      // Looked up before the session is: what is put back must have been there while the session was live.
      const before = replace ? await store.findTotp(userId) : null
      const added = await whileSignedIn(
        auth,
        request,
        () => add(request, before),
        async ({ stored }) => stored && takeBack(userId, stored),
      )
      const { stored, reason = "expired" }: Partial<Added> = added ?? {}
      // Another call has added, removed or sealed it again.
      if (replace && reason === "enrolled") return confirmTotp(request)
      if (!stored) return { proof: null, reason }
      emit("totp_added", { userId })
      return { proof: prove(userId, stored.seed) }
    }

    async function add({ userId, enrollment, code }: TotpConfirmation, before: TotpRecord | null): Promise<Added> {
      const opened = await openEnrollment(userId, enrollment)
      if (!opened) return { reason: "expired" }
      const step = await tryCode(userId, code, opened.seed)
      if (step === null) return { reason: "wrong_code" }
      const secret = await seeds.seal(userId, opened.seed)
      // Only in the place of what was looked up: otherwise taking it back would bring back what has been removed since.
      const isStored = before
        ? await store.insertTotp(userId, secret, step, true, before.secret)
        : await store.insertTotp(userId, secret, step, false)
      return isStored ? { stored: { seed: opened.seed, before } } : { reason: "enrolled" }
    }

    /** Removes what a session added that has ended, and puts back what it replaced, unless that was changed since. */
    async function takeBack(userId: UserId, { seed, before }: Stored): Promise<void> {
      const found = await find(userId)
      if (!found || markOf(found.seed) !== markOf(seed)) return
      const isTaken = before
        ? await store.insertTotp(userId, before.secret, before.usedStep, true, found.secret)
        : await store.deleteTotp(userId, found.secret)
      // Otherwise the row has changed since: the secret was sealed again, or it is another one.
      if (!isTaken) await takeBack(userId, { seed, before })
    }

    async function verifyTotp({ userId, code }: { userId: UserId; code: unknown }) {
      if (typedCode(code) === null) return null
      const found = await find(userId)
      if (!found) return null
      const budget = attemptBudget(store, realm, userId, now)
      const step = await tryCode(userId, code, found.seed, budget)
      if (step === null) return null
      const resealed = found.isOld ? await seeds.seal(userId, found.seed) : undefined
      if (!(await store.takeStep(userId, step, resealed, found.secret))) return refuse(userId, "code_used")
      await budget.giveBack()
      return prove(userId, found.seed)
    }

    /** Charges an attempt, then resolves to the time step of a right code. */
    async function tryCode(
      userId: UserId,
      code: unknown,
      seed: Uint8Array<ArrayBuffer>,
      budget = attemptBudget(store, realm, userId, now),
    ): Promise<number | null> {
      const plain = typedCode(code)
      if (plain === null) return null
      if (!(await budget.charge())) {
        emit("throttled", { userId, reason: "totp" })
        return null
      }
      return (await stepOf(seed, plain, now())) ?? refuse(userId, "wrong_code")
    }

    async function removeTotp({ userId }: { userId: UserId }): Promise<boolean> {
      const isDeleted = await store.deleteTotp(userId)
      if (isDeleted) emit("totp_removed", { userId })
      return isDeleted
    }

    async function factorsOf(userId: UserId) {
      return (await store.findTotp(userId)) ? ["totp" as const] : []
    }

    async function cleanUp(limits: { limit?: number | undefined } = {}): Promise<number> {
      checkOptions("cleanUp()", limits, "limit")
      const { limit = Infinity } = limits
      checkOption("limit", limit, limit > 0, "is not a number of rows; use 1 or more")
      // A day's margin: a server whose clock runs ahead must not fill budgets up for the others.
      const before = Math.floor(now()) - 86_400_000
      return deleteInBatches((batch) => store.deleteIdleAttempts(before, batch), limit)
    }

    async function find(userId: UserId): Promise<Authenticator | null> {
      const record = await store.findTotp(userId)
      return record && { ...record, ...(await seeds.openStored(userId, record.secret)) }
    }

    function prove(userId: UserId, seed: Uint8Array) {
      const evidence: Evidence = { userId, method: "totp", mark: markOf(seed) }
      return makeProof({ realm, ...evidence, stillHolds: () => stillHolds(evidence) })
    }

    /** Asks whether the user has the same authenticator. */
    async function stillHolds({ userId, method, mark }: Evidence): Promise<boolean> {
      const found = method === "totp" ? await find(userId) : null
      return found !== null && markOf(found.seed) === mark
    }

    return {
      enrollTotp,
      confirmTotp,
      verifyTotp,
      removeTotp,
      factorsOf,
      resetUser: async (userId) => void (await removeTotp({ userId })),
      cleanUp,
      withAdapter: over,
      [ask]: stillHolds,
      [resetsPort]: "deleteTotp",
    }
  }

  async function openEnrollment(userId: UserId, enrollment: unknown): Promise<OpenedSeed | null> {
    const opened = await seeds.open(userId, enrollment)
    return opened && now() < opened.expiresAt ? opened : null
  }

  function refuse(userId: UserId, reason: CodeRefusal): null {
    emit("second_factor_refused", { userId, reason })
    return null
  }
}

function typedCode(code: unknown): string | null {
  return typedDigits(code, digits, digits)
}

// A seed has 160 random bits, so its hash gives nothing away.
function markOf(seed: Uint8Array): string {
  return hashText(`totp\0${toBase32(seed)}`)
}

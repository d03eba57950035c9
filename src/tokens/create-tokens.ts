import { guardPort } from "../core/errors.ts"
import { createEmitter } from "../core/events.ts"
import type { AuthEventType } from "../core/events.ts"
import { checkOption, checkOptions, invalidOption } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { isToken } from "../core/session-token.ts"
import { deleteInBatches } from "../platform/batches.ts"
import { randomText } from "../platform/crypto.ts"
import { libraryPurposes, libraryTokens } from "../proof/library-tokens.ts"
import { makeProof } from "../proof/proof.ts"
import { resetsPort } from "../proof/resets.ts"
import { typedDigits } from "../proof/typed-codes.ts"
import { codeHashLength, hashCode, matchesCode, randomDigits } from "./codes.ts"
import { createLibraryTokens } from "./library-tokens.ts"
import type { AnyPurpose } from "./purpose.ts"
import { readData, writeData } from "./token-data.ts"
import type { TokenAdapter, TokenRecord } from "./token-port.ts"
import { tokenStore } from "./token-store.ts"
import type { CodeOptions, Purposes, TokenRefusal, Tokens, TokensOf, TokensOptions } from "./tokens.ts"

const port = [
  "insertTokens",
  "findToken",
  "takeToken",
  "tryToken",
  "countTokens",
  "deleteTokens",
  "deleteExpiredTokens",
] as const

/** How many links in a mailbox work. If a mail was late, the user may open an older one. */
const liveTokens = 3
/**
 * The longest lifetime, in milliseconds, that NIST SP 800-63B-4 (3.1.3.2) and OWASP ASVS 5.0 (6.5.5) allow for a code.
 */
const maxCodeLifetime = 600_000
/** The number of tries at which a code's row is used up. A code with fewer tries starts above zero. */
const maxAttempts = 10

/** What a call gets, for any purpose. */
interface Request {
  purpose: string
  userId?: UserId | null | undefined
  data?: unknown
}

/**
 * Creates one-time tokens for links, such as password resets, and codes that users type.
 *
 * Throws `invalid_option` if an option is unknown or a purpose is invalid. Throws `missing_port` if the adapter lacks a
 * method.
 *
 * @example
 * const tokens = createTokens({
 *   adapter,
 *   purposes: { reset_password: purpose({ expiresIn: "1h", proves: "email" }) },
 * })
 * const token = await tokens.createToken({ purpose: "reset_password", userId: user.id })
 * // The GET of the link looks with peekToken(); the POST of its form calls this:
 * const used = await tokens.consumeToken(form.get("token"), "reset_password")
 */
export function createTokens<Named extends Purposes, UserRow = never>(
  options: TokensOptions<Named, UserRow>,
): TokensOf<Named, UserRow> {
  checkOptions("createTokens()", options, "adapter", "purposes", "realm", "onEvent", "now")
  const { realm = "user", now = Date.now } = options
  const purposes = checkPurposes(options.purposes)
  const emit = createEmitter(options.onEvent, now)
  // The input and output types depend on the purposes, which only the compiler can tell apart.
  return over(options.adapter) as TokensOf<Named, UserRow>

  function over(unguarded: TokenAdapter): Tokens<Purposes> {
    const adapter = guardPort(unguarded, port)
    const store = tokenStore(adapter, now, realm)

    async function createToken(request: Request) {
      checkOptions("createToken()", request, "purpose", "userId", "data")
      const { lifetime, ...contents } = contentsOf(request)
      const token = randomText(20)
      await store.insert(request.purpose, [token], { ...contents, lifetime, keep: liveTokens })
      tell("token_created", request.purpose, contents)
      return token
    }

    async function peekToken(token: unknown, name: string) {
      purposeOf(name)
      const found = isToken(token) ? await store.read(name, token, adapter.findToken) : null
      return found && fits(name, found) && store.isLive(found) ? contentsIn(found) : null
    }

    async function consumeToken(token: unknown, name: string) {
      purposeOf(name)
      if (!isToken(token)) return refuse(name, "malformed")
      return accept(name, await store.read(name, token, adapter.takeToken))
    }

    async function createCode(request: Request & CodeOptions) {
      checkOptions("createCode()", request, "purpose", "userId", "data", "digits", "attempts")
      const { digits = 8, attempts = 5 } = request
      checkRange("digits", digits, 6, 10)
      checkRange("attempts", attempts, 1, maxAttempts)
      const { userId, data, lifetime } = contentsOf(request)
      const [handle, code] = [randomText(20), randomDigits(digits)]
      await store.insert(codesOf(request.purpose), [handle], {
        userId,
        data: hashCode(handle, code) + data,
        lifetime: Math.min(lifetime, maxCodeLifetime),
        attempts: maxAttempts - attempts,
      })
      tell("token_created", request.purpose, { userId })
      return { code, handle }
    }

    async function consumeCode({ handle, code, purpose: name }: { handle: unknown; code: unknown; purpose: string }) {
      purposeOf(name)
      const plain = typedDigits(code, 6, 10)
      if (!isToken(handle) || plain === null) return refuse(name, "malformed")
      const tried = await store.read(codesOf(name), handle, (id) => adapter.tryToken(id, maxAttempts))
      if (!tried) return refuse(name, "unknown")
      if (!matchesCode(tried.data.slice(0, codeHashLength), handle, plain)) return refuse(name, "wrong_code", tried)
      const taken = await adapter.takeToken(tried.id)
      return accept(name, taken && { ...tried, data: tried.data.slice(codeHashLength) })
    }

    /** Returns the contents of a token that was taken from the store, or `null` if it came too late. */
    function accept(name: string, taken: TokenRecord | null) {
      if (!taken || !fits(name, taken)) return refuse(name, "unknown")
      if (!store.isLive(taken)) return refuse(name, "expired", taken)
      tell("token_used", name, taken)
      const { userId } = taken
      const method = purposeOf(name).proves
      return { ...contentsIn(taken), proof: method && userId !== null ? makeProof({ realm, userId, method }) : null }
    }

    async function invalidateTokens(userId: UserId, name?: string) {
      if (name !== undefined) purposeOf(name)
      // This includes purposes that are no longer among the options.
      await adapter.deleteTokens(userId, name === undefined ? { except: [...libraryPurposes] } : [name, codesOf(name)])
    }

    async function resetUser(userId: UserId) {
      await adapter.deleteTokens(userId, { except: [] })
    }

    async function cleanUp(limits: { limit?: number | undefined } = {}) {
      checkOptions("cleanUp()", limits, "limit")
      const { limit = Infinity } = limits
      checkOption("limit", limit, limit > 0, "is not a number of tokens; use 1 or more")
      // The day's margin is for servers with a fast clock, which must not delete what others still accept.
      const before = new Date(now() - 86_400_000)
      return deleteInBatches((batch) => adapter.deleteExpiredTokens(before, batch), limit)
    }

    return {
      createToken,
      peekToken,
      consumeToken,
      createCode,
      consumeCode,
      invalidateTokens,
      resetUser,
      cleanUp,
      withAdapter: over,
      [libraryTokens]: createLibraryTokens(adapter, store),
      [resetsPort]: "deleteTokens",
    }
  }

  function purposeOf(name: string): AnyPurpose {
    const found = purposes.get(name)
    if (found) return found
    // With swapped arguments it is a token, which must not be printed.
    throw invalidOption(
      "purpose",
      isToken(name) ? "a token" : name,
      `is not one of your purposes; use ${[...purposes.keys()].join(", ")}`,
    )
  }

  function contentsOf({ purpose, userId = null, data }: Request) {
    const { user, lifetime } = purposeOf(purpose)
    checkOption("userId", userId, (userId !== null) === user, "does not fit; use user.id, or nothing with user: false")
    return { userId, data: writeData(data), lifetime }
  }

  /** Returns `false` if `user` of the purpose has changed since the token was made. */
  function fits(name: string, { userId }: TokenRecord): boolean {
    return (userId !== null) === purposeOf(name).user
  }

  function refuse(name: string, reason: TokenRefusal, token: Partial<TokenRecord> = {}): null {
    tell("token_refused", name, token, reason)
    return null
  }

  function tell(type: AuthEventType, purpose: string, { userId }: Pick<Request, "userId">, reason?: TokenRefusal) {
    emit(type, { userId: userId ?? undefined, purpose, reason })
  }
}

/** Codes have their own purpose: a code's handle is not a token, and new tokens do not end codes. */
function codesOf(purpose: string): string {
  return `${purpose}:code`
}

function contentsIn({ userId, data }: TokenRecord) {
  return { userId, data: readData(data) }
}

function checkPurposes(purposes: Purposes): Map<string, AnyPurpose> {
  const entries = Object.entries(purposes)
  for (const [name, value] of entries) {
    const isName = /^[a-z][a-z0-9_]{0,39}$/.test(name)
    checkOption("purposes", name, isName, "is not a name; use a letter a-z, then up to 39 of a-z, 0-9 and _")
    checkOption(`purposes.${name}`, value, value?.lifetime > 0, 'is not a purpose; use purpose({ expiresIn: "1h" })')
  }
  return new Map(entries)
}

function checkRange(option: string, value: number, least: number, most: number): void {
  const isIn = Number.isInteger(value) && value >= least && value <= most
  checkOption(option, value, isIn, `is out of range; use ${least} to ${most}`)
}

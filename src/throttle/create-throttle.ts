import { guardPort } from "../core/errors.ts"
import { createEmitter } from "../core/events.ts"
import type { AuthEvent } from "../core/events.ts"
import { parseDuration } from "../core/expiry.ts"
import type { Duration } from "../core/expiry.ts"
import { checkOption, checkOptions } from "../core/options.ts"
import { deleteInBatches } from "../platform/batches.ts"
import { hashText } from "../platform/crypto.ts"
import type { ThrottleAdapter } from "./throttle-port.ts"

/** How many attempts a key has. */
export interface Limit {
  /** How many attempts are allowed at once: a whole number, at most the milliseconds of `window`. */
  limit: number
  /** How long it takes until all attempts are available again. One comes back every `window / limit`. */
  window: Duration
}

/**
 * The key that an attempt is charged to. `null`, `undefined` and an empty list skip the limit. An empty string is an
 * ordinary key. For a list, the first key with an attempt left pays.
 */
export type ThrottleKey = string | readonly string[] | null | undefined

/** The keys of an attempt, by the names in `limits`. */
export type ThrottleKeys<Name extends string> = { [N in Name]?: ThrottleKey }

/** The options of {@link createThrottle}. */
export interface ThrottleOptions<Name extends string> {
  adapter: ThrottleAdapter
  /** Separates the throttles that share a store, such as `"sign-in"`: letters, digits, `_` and `-`. */
  name: string
  /** The limits by name, checked in this order. */
  limits: { [N in Name]: Limit }
  /** Receives the event `throttled` for each refusal. Its `reason` is the name of the limit. */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: (() => number) | undefined
}

/** Rate-limits attempts. Its methods can be destructured. They throw `store_failed`. */
export interface Throttle<Name extends string> {
  /**
   * Charges an attempt to each key, in the order of `limits`, until one refuses. Keys before that one stay charged.
   * `retryAfter` is the number of whole seconds to wait: at least 1 if refused, otherwise 0. Throws `invalid_option` if
   * a name is not in `limits`, or a key is not text.
   */
  consume(keys: ThrottleKeys<Name>): Promise<{ allowed: boolean; retryAfter: number }>
  /**
   * Refills the budgets of keys, for example after a correct password. Never reset a client's key: an attacker could
   * sign in to their own account between two guesses. Of the keys of a known browser reset only the first: the other is
   * the account's, which unknown browsers use.
   */
  reset(keys: ThrottleKeys<Name>): Promise<void>
  /**
   * Deletes the rows of keys whose budget has been full for a day, including those of other throttles in this store. It
   * deletes at most `limit` rows, by default all. Resolves to how many. Run it daily.
   */
  cleanUp(options?: { limit?: number | undefined }): Promise<number>
  /**
   * Returns the same throttle over another adapter, such as one in your transaction. Do not consume there: a rollback
   * would give the attempt back.
   */
  withAdapter(adapter: ThrottleAdapter): Throttle<Name>
}

interface Budget {
  name: string
  /** The milliseconds that one attempt costs, and that all of them cost. */
  cost: number
  span: number
}

const port = ["takeAttempt", "dropAttempts", "deleteIdleAttempts"] as const

/**
 * Rate-limits attempts for each client and each account. It uses GCRA with one integer per key, and the limits hold
 * across all processes that share the store.
 *
 * Throws `invalid_option` if a name or limit is invalid, and `missing_port` if the adapter lacks a method.
 *
 * @example
 * const throttle = createThrottle({
 *   adapter,
 *   name: "sign-in",
 *   limits: { client: { limit: 50, window: "10m" }, account: { limit: 10, window: "10m" } },
 * })
 * const account = normalizeUsername(username)
 * const { allowed, retryAfter } = await throttle.consume({ client: clientKey(address), account })
 * if (!allowed) return tooManyRequests(retryAfter)
 * const signedIn = await users.signInWithPassword(auth, { providerId: "username", providerUserId: username, password })
 * if (signedIn) await throttle.reset({ account })
 */
export function createThrottle<Name extends string>(options: ThrottleOptions<Name>): Throttle<Name> {
  checkOptions("createThrottle()", options, "adapter", "name", "limits", "onEvent", "now")
  const { name, limits, now = Date.now } = options
  checkName("name", name)
  const budgets = Object.keys(limits).map((each) => readLimit(each, limits[each as Name]))
  const emit = createEmitter(options.onEvent, now)

  return over(guardPort(options.adapter, port))

  function over(store: ThrottleAdapter): Throttle<Name> {
    return {
      async consume(keys) {
        for (const [budget, ids] of idsOf("consume()", keys)) {
          const wait = await take(store, budget, ids)
          if (wait === 0) continue
          emit("throttled", { reason: budget.name })
          return { allowed: false, retryAfter: Math.ceil(wait / 1000) }
        }
        return { allowed: true, retryAfter: 0 }
      },

      async reset(keys) {
        const ids = idsOf("reset()", keys).flatMap(([, each]) => each)
        if (ids.length > 0) await store.dropAttempts(ids)
      },

      async cleanUp(options = {}) {
        checkOptions("cleanUp()", options, "limit")
        // The day's margin is for servers with a fast clock, which must not refill budgets for the others.
        const before = Math.floor(now()) - 86_400_000
        return deleteInBatches((batch) => store.deleteIdleAttempts(before, batch), options.limit)
      },

      withAdapter: (other) => over(guardPort(other, port)),
    }
  }

  /** Resolves to the milliseconds to wait, or 0 if one of the keys paid. */
  async function take(store: ThrottleAdapter, { cost, span }: Budget, ids: string[]): Promise<number> {
    const waits: number[] = []
    for (const id of ids) {
      const at = Math.floor(now())
      const { taken, until } = await store.takeAttempt(id, at, cost, span)
      if (taken) return 0
      waits.push(Math.max(until + cost - span - at, 1))
    }
    return Math.min(...waits)
  }

  function idsOf(caller: string, keys: ThrottleKeys<Name>): [Budget, string[]][] {
    checkOptions<Record<string, unknown>, string>(caller, keys, ...budgets.map((budget) => budget.name))
    return budgets.flatMap((budget) => {
      const ids = [keys[budget.name as Name] ?? []].flat().map((key) => idOf(budget.name, key))
      return ids.length > 0 ? [[budget, ids]] : []
    })
  }

  function idOf(limit: string, key: string): string {
    checkOption(limit, key, typeof key === "string", "is not text; use a string, or null to leave the limit out")
    return hashText(`${name}\0${limit}\0${key}`)
  }
}

// A limit cannot be named by a number, because JavaScript lists such properties first, in their own order.
function checkName(option: string, name: string): void {
  const isValid = /^[a-z][\w-]{0,39}$/i.test(name)
  checkOption(option, name, isValid, "is not a name; use up to 40 letters, digits, _ and -, and start with a letter")
}

function readLimit(name: string, options: Limit): Budget {
  const path = `limits.${name}`
  checkName("limits", name)
  checkOptions(path, options, "limit", "window")
  const { limit, window } = options
  const time = parseDuration(window, `${path}.window`)
  // With more attempts, each would cost less than a millisecond.
  const isValid = Number.isInteger(limit) && limit > 0 && limit <= time
  checkOption(`${path}.limit`, limit, isValid, "is not a limit; use a whole number from 1 to the window's milliseconds")
  // The cost is rounded up, and the span is a multiple of it, so that exactly `limit` attempts fit.
  const cost = Math.ceil(time / limit)
  return { name, cost, span: cost * limit }
}

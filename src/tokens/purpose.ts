import type { Duration } from "../core/expiry.ts"
import { parseDuration } from "../core/expiry.ts"
import { checkOption, checkOptions } from "../core/options.ts"

declare const dataOf: unique symbol

/**
 * A purpose whatever it holds. It does not name the data: a `purpose()` that stands where this is expected would take the
 * type of its data from here, and not from its own default.
 */
export interface AnyPurpose {
  /** In milliseconds. */
  readonly lifetime: number
  readonly user: boolean
  readonly proves: "email" | undefined
}

/** What one-time tokens are for. Made by {@link purpose}. */
export interface Purpose<
  Data = unknown,
  HasUser extends boolean = boolean,
  Proves extends "email" | undefined = "email" | undefined,
> extends AnyPurpose {
  readonly user: HasUser
  readonly proves: Proves
  /** Types only. */
  readonly [dataOf]?: () => Data
}

/** What {@link purpose} takes. */
export interface PurposeOptions {
  /** How long a token lives, such as `"1h"`. A code lives that long too, but at most 10 minutes. */
  expiresIn: Duration
  /**
   * `"email"`: the token goes to the address in the user's row, and whoever brings it back is signed in by that. Default:
   * it proves nothing, and nobody can be signed in with it.
   */
  proves?: "email" | undefined
  /** `false`: there is no user yet, as in a sign-up. Default `true`. */
  user?: boolean | undefined
}

/**
 * Says what tokens of one kind are for, how long they live, and what they hold: `Data`, which is stored as JSON.
 *
 * Throws `invalid_option` for an invalid duration, and for `proves` with `user: false`.
 *
 * @example
 * const purposes = {
 *   sign_up: purpose<{ address: string }>({ expiresIn: "10m", user: false }),
 *   reset_password: purpose({ expiresIn: "1h", proves: "email" }),
 * }
 */
export function purpose<Data = undefined>(
  options: PurposeOptions & { proves: "email"; user?: true | undefined },
): Purpose<Data, true, "email">
export function purpose<Data = undefined>(
  options: PurposeOptions & { proves?: undefined; user?: true | undefined },
): Purpose<Data, true, undefined>
export function purpose<Data = undefined>(
  options: PurposeOptions & { proves?: undefined; user: false },
): Purpose<Data, false, undefined>
export function purpose(options: PurposeOptions): AnyPurpose {
  checkOptions("purpose()", options, "expiresIn", "proves", "user")
  const { expiresIn, proves, user = true } = options
  const lifetime = parseDuration(expiresIn, "expiresIn")
  const isPossible = proves === undefined || (proves === "email" && user)
  checkOption("proves", proves, isPossible, 'is not possible; use "email", and not with user: false')
  return { lifetime, user, proves }
}

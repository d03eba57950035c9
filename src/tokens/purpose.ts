import type { Duration } from "../core/expiry.ts"
import { parseDuration } from "../core/expiry.ts"
import { checkOption, checkOptions } from "../core/options.ts"

declare const dataOf: unique symbol

/**
 * Any purpose, with any data. It does not name the data type, because a `purpose()` in its place would infer its data
 * from here instead of using its own default.
 */
export interface AnyPurpose {
  /** Lifetime in milliseconds. */
  readonly lifetime: number
  readonly user: boolean
  readonly proves: "email" | undefined
}

/** What one-time tokens are for. Create it with {@link purpose}. */
export interface Purpose<
  Data = unknown,
  HasUser extends boolean = boolean,
  Proves extends "email" | undefined = "email" | undefined,
> extends AnyPurpose {
  readonly user: HasUser
  readonly proves: Proves
  /** For types only. */
  readonly [dataOf]?: () => Data
}

/** The options of {@link purpose}. */
export interface PurposeOptions {
  /** How long a token lives, such as `"1h"`. A code lives equally long, but at most 10 minutes. */
  expiresIn: Duration
  /**
   * `"email"`: you send the token to the address in the user's row, and whoever returns it can be signed in. By
   * default, a token proves nothing and signs nobody in.
   */
  proves?: "email" | undefined
  /** `false`: there is no user yet, as during sign-up. Default `true`. */
  user?: boolean | undefined
}

/**
 * Defines what tokens of one kind are for, how long they live, and which `Data` they hold, stored as JSON.
 *
 * Throws `invalid_option` if the duration is invalid, or if `proves` is combined with `user: false`.
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
  checkOption("proves", proves, isPossible, 'must be "email", and needs a user; remove it or user: false')
  return { lifetime, user, proves }
}

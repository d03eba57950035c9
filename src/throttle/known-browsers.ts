import { checkOption, checkOptions } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { hashText } from "../platform/crypto.ts"
import { libraryTokens } from "../proof/library-tokens.ts"
import type { HasLibraryTokens } from "../proof/library-tokens.ts"

/** Remembers browsers. Its methods can be destructured. They throw `store_failed`. */
export interface KnownBrowsers {
  /**
   * Returns the keys of an account for `consume`. The browser's own key comes first if the account has signed in with
   * it, then the account's. `value` is the browser's cookie value, of any type. If `account` is `null`, the list is
   * empty.
   */
  bucketsFor(value: unknown, account: string | null): Promise<string[]>
  /**
   * Remembers a browser for 90 days. Call it after the last factor of a sign-in. Resolves to the new cookie value, 32
   * characters. The previous cookie value, `value`, ends. A user's newest 10 browsers are kept.
   */
  remember(browser: { userId: UserId; account: string; value?: unknown }): Promise<string>
}

const purpose = ":known_browser"

/**
 * Gives each browser that a user has signed in with its own budget. An attacker who uses up the account's budget then
 * does not lock its owner out. A browser is known for one account only, in the form that you pass to `consume`. A new
 * password makes all of the user's browsers unknown.
 *
 * Keep the value in a cookie with `HttpOnly`, `Secure` and `SameSite=Lax`. It signs nobody in.
 *
 * @example
 * const browsers = createKnownBrowsers({ tokens })
 * const { allowed } = await throttle.consume({ client, account: await browsers.bucketsFor(cookie, account) })
 * // After the sign-in:
 * setCookie(await browsers.remember({ userId, account, value: cookie }))
 */
export function createKnownBrowsers(options: { tokens: HasLibraryTokens }): KnownBrowsers {
  checkOptions("createKnownBrowsers()", options, "tokens")
  const tokens = options.tokens?.[libraryTokens]
  checkOption("tokens", options.tokens, tokens !== undefined, "is invalid; use createTokens()")

  return {
    async bucketsFor(value, account) {
      if (account === null) return []
      const known = await tokens.peek(purpose, value)
      // Hashes both, so that no account name can equal the key.
      return known?.data === account ? [hashText(`${account}\0${value as string}`), account] : [account]
    },

    async remember({ userId, account, value }) {
      // Ends the old one first. Otherwise a user with ten browsers would lose another one.
      await tokens.take(purpose, value)
      const [created = ""] = await tokens.create(purpose, { userId, data: account, expiresIn: "90d", keep: 10 })
      return created
    },
  }
}

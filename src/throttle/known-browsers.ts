import { checkOption, checkOptions } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { hashText } from "../platform/crypto.ts"
import { libraryTokens } from "../proof/library-tokens.ts"
import type { HasLibraryTokens } from "../proof/library-tokens.ts"

/** Remembers browsers. Its methods may be destructured; they throw `store_failed`. */
export interface KnownBrowsers {
  /**
   * Lists whose budget an attempt may take from, for `consume`: the browser's own if this account has signed in with it, then
   * the account's. `value` is what the browser's cookie holds, of any type. Empty for an account of `null`.
   */
  bucketsFor(value: unknown, account: string | null): Promise<string[]>
  /**
   * Remembers a browser, after the last factor of a sign-in, for 90 days. Resolves to the value of its cookie, 32 characters.
   * `value` is what the cookie held before: it ends. The newest 10 browsers of a user are known.
   */
  remember(browser: { userId: UserId; account: string; value?: unknown }): Promise<string>
}

const purpose = ":known_browser"

/**
 * Gives browsers that a user has signed in with a budget of their own, so that an attacker who uses up the budget of the
 * account does not lock its owner out. A browser is known for one account only, in the form that `consume` gets. A new
 * password ends all of them.
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
  checkOption("tokens", options.tokens, tokens !== undefined, "is not a createTokens(); pass what it returned")

  return {
    async bucketsFor(value, account) {
      if (account === null) return []
      const known = await tokens.peek(purpose, value)
      // The hash of both, so that no account name can be one.
      return known?.data === account ? [hashText(`${account}\0${value as string}`), account] : [account]
    },

    async remember({ userId, account, value }) {
      // Before the new one is made: otherwise a user with ten browsers would lose another one.
      await tokens.take(purpose, value)
      const [created = ""] = await tokens.create(purpose, { userId, data: account, expiresIn: "90d", keep: 10 })
      return created
    },
  }
}

import type { AnyAuth } from "../core/auth.ts"
import type { Duration } from "../core/expiry.ts"
import type { Member } from "./member.ts"

/**
 * One request, as a flow of several requests sees it: a sign-in with a second factor, a sign-up that waits for a code, a
 * detour to a provider. Each keeps a handle in a separate cookie: `HttpOnly`, and sent only to this host. Every wrapper
 * has one. Reading or writing a flow cookie makes the response private.
 *
 * Names are 1 to 40 of `a-z`, `0-9`, `-` and `_`, and do not start with `_`. The cookie is called `__Host-<name>`, or
 * `<name>` where `cookie.secure` is `false`. Throws `invalid_option` for another name, and for that of the session's cookie.
 */
export interface FlowRequest<A extends AnyAuth = AnyAuth> {
  /**
   * Reads a flow cookie, as it was sent or as this request has set it. `null` if there is none, if several with different
   * values were sent, and for a request from another origin that may change something.
   */
  readFlow(name: string): Promise<string | null>
  /**
   * Sets a flow cookie for `expiresIn`, default `"10m"`; `null` deletes it. It does nothing for a cross-origin request that
   * may change something. Values are visible ASCII characters without quotes, commas, semicolons
   * and backslashes.
   *
   * Throws `headers_sent` where cookies cannot be set, `invalid_option` for an invalid name, value or duration, and
   * `cookie_too_large` over 3,900 bytes.
   */
  setFlow(name: string, value: string | null, expiresIn?: Duration): Promise<void>
  /** Lists the names of the flow cookies that start with `prefix` and can be read. */
  flowNames(prefix: string): Promise<string[]>
  /** Resolves to the visitor's session and user; `null` when signed out. */
  validate(): Promise<Member<A> | null>
  /** The request's method. A promise in the App Router of Next.js, where requests are read asynchronously: `await` it. */
  readonly method: string | Promise<string>
  /** Whether this is a cross-origin request that may change something. As with `method`, `await` it. */
  readonly crossOrigin: boolean | Promise<boolean>
  /**
   * Whether the browser only prepares for a visit that may never be (`Sec-Purpose: prefetch`). `createOAuth` does nothing
   * then. As with `method`, `await` it. Absent: it does not.
   */
  readonly prefetch?: boolean | Promise<boolean>
}

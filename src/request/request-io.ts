import type { Cookie } from "../core/cookie.ts"
import { checkOptions } from "../core/options.ts"
import type { OriginRequest } from "../core/origin.ts"

/** Whether unsafe requests from other origins may come in. */
export interface CrossOriginOptions {
  /**
   * `true` accepts unsafe requests from other origins, such as `form_post` of Sign in with Apple or the return from a
   * payment. The visitor counts as signed out, whatever cookie came along, and can be signed in. Check by other means who
   * sent the request, such as `state` of OAuth (RFC 6749, section 10.12). Default `false`.
   */
  allowCrossOrigin?: boolean | undefined
}

/** Throws `invalid_option` for an option that does not exist. */
export function checkCrossOrigin(taker: string, options: CrossOriginOptions = {}): CrossOriginOptions {
  checkOptions(taker, options, "allowCrossOrigin")
  return options
}

/** How a wrapper reaches one request and its response. */
export interface RequestIo extends CrossOriginOptions {
  /** What events name as their request. */
  request: unknown
  origin: OriginRequest
  /** Whether the response can still take a cookie. */
  canWrite(): boolean
  /** Puts a cookie on the response, in place of an earlier one of its name. */
  write(cookie: Cookie): void
  /** Called when the response starts to depend on the session, so that no cache may share it. */
  onUse(): void
}

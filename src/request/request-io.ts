import type { Cookie } from "../core/cookie.ts"
import type { OriginRequest } from "../core/origin.ts"
import type { CrossOriginOptions } from "./cross-origin.ts"

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

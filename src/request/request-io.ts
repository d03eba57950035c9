import type { Cookie } from "../core/cookie.ts"
import type { OriginRequest } from "../core/origin.ts"
import type { CrossOriginOptions } from "./cross-origin.ts"

/** How a wrapper reaches one request and its response. */
export interface RequestIo extends CrossOriginOptions {
  /** What events name as their request. */
  request: unknown
  origin: OriginRequest
  /** The cookies besides the session's. Default those of the `Cookie` header. */
  sent?: SentCookies
  /** Whether the response can still take a cookie. */
  canWrite(): boolean
  /** Puts a cookie on the response, in place of an earlier one of its name. */
  write(cookie: Cookie): void
  /** The response's other headers. Absent where a response takes nothing but cookies. */
  headers?: { set(name: string, value: string): unknown; delete(name: string): unknown }
  /** Whether the proxy offers to bind a new session, told by a cookie: where no page that follows can take a header. */
  offersByCookie?: boolean
  /** Called when the response starts to depend on the session, so that no cache may share it. */
  onUse(): void
}

/** The cookies that came with a request, and those that it has set by other means than its session. */
export interface SentCookies {
  names(): string[]
  /** The `Cookie` header, as far as it concerns one cookie. */
  header(name: string): string | null
}

/** Reads the cookies of a `Cookie` header. */
export function sentCookies(header: string | null): SentCookies {
  return { names: () => cookieNames(header), header: () => header }
}

/** Lists the names in a `Cookie` header. */
export function cookieNames(header: string | null): string[] {
  return (header ?? "").split(";").map((pair) => pair.split("=", 1)[0]!.trim())
}

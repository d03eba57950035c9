import { isPromise } from "../../platform/maybe-promise.ts"
import type { Cookie } from "./cookie.ts"
import type { DebugLog } from "./configuration.ts"
import { LuciaError } from "./lucia-error.ts"
import { readContext } from "./request-context.ts"
import type { LuciaRequest, RequestContext } from "./request-context.ts"
import type { CookieSession } from "./session-cookie.ts"
import type { OriginCheck } from "./trusted-origin.ts"

/** What {@link createAuthRequest} is given. */
export interface AuthRequestParts<S extends CookieSession & { readonly fresh: boolean }> {
  context: RequestContext
  isTrusted: OriginCheck
  validateSession: (sessionId: string) => Promise<S>
  createSessionCookie: (session: CookieSession | null) => Cookie
  readSessionCookie: (header: string | null) => string | null
  readBearerToken: (header: string | null) => string | null
  log: DebugLog
}

interface Credentials {
  cookie: string | null
  bearer: string | null
}

/** Makes the session of one request. */
export function createAuthRequest<S extends CookieSession & { readonly fresh: boolean }>(parts: AuthRequestParts<S>) {
  const { context, log } = parts
  const read = readContext(context, credentialsOf)
  // What the cookie holds, as far as it is known: Next.js may have it later.
  let current = isPromise(read) ? undefined : read.cookie
  let validating: Promise<S | null> | null = null
  let validatingBearer: Promise<S | null> | null = null
  // Whoever asks for the session is told of the failure.
  if (isPromise(read)) read.catch(() => {})

  return { validate, validateBearerToken, setSession, invalidate, applyTo }

  function validate(): Promise<S | null> {
    return (validating ??= validateCookie())
  }

  function validateBearerToken(): Promise<S | null> {
    return (validatingBearer ??= validateBearer())
  }

  function setSession(session: (CookieSession & { readonly fresh?: boolean }) | null): void | Promise<void> {
    // A renewed session has its old id, and a cookie that ends too early.
    if ((session?.sessionId ?? null) === current && !session?.fresh) return
    const sent: unknown = send(session)
    validating = null
    if (!isPromise(sent)) return
    // Few callers wait for it, so its failure must not end the process.
    sent.catch(() => {})
    return sent as Promise<void>
  }

  function invalidate(): void {
    validating = null
    validatingBearer = null
  }

  function applyTo(response: Response): Response {
    return context.applyTo ? context.applyTo(response) : response
  }

  async function validateCookie(): Promise<S | null> {
    if (current === undefined) {
      const { cookie } = await read
      // Checked again, because setSession() may have been called in the meantime.
      if (current === undefined) current = cookie
    }
    const sessionId = current
    if (!sessionId) return null
    const session = await unlessInvalid(sessionId)
    // Not if another session was set in the meantime.
    if (current === sessionId && (!session || session.fresh)) await trySend(session)
    return session
  }

  async function unlessInvalid(sessionId: string): Promise<S | null> {
    try {
      return await parts.validateSession(sessionId)
    } catch (error) {
      if (error instanceof LuciaError && error.message === "AUTH_INVALID_SESSION_ID") return null
      throw error
    }
  }

  async function validateBearer(): Promise<S | null> {
    const { bearer } = await read
    return bearer === null ? null : unlessInvalid(bearer)
  }

  function send(session: CookieSession | null): void | Promise<void> {
    const sent = context.setCookie(parts.createSessionCookie(session))
    current = session?.sessionId ?? null
    log("request", session ? "Session cookie set" : "Session cookie deleted")
    return sent
  }

  async function trySend(session: CookieSession | null): Promise<void> {
    try {
      await send(session)
    } catch {
      // A middleware of the application's own may throw where no cookie can be set, such as in a render.
    }
  }

  function credentialsOf(request: LuciaRequest, sessionCookie: string | null | undefined): Credentials {
    const { headers } = request
    const isTrusted = parts.isTrusted(request)
    log("request", `${request.method} of ${isTrusted ? "a trusted" : "another"} origin`)
    return {
      cookie: isTrusted ? (sessionCookie ?? parts.readSessionCookie(headers.get("Cookie"))) : null,
      bearer: parts.readBearerToken(headers.get("Authorization")),
    }
  }
}

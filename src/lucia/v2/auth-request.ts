import { isPromise } from "../../platform/maybe-promise.ts"
import type { AnySession } from "./auth.ts"
import type { Settings } from "./configuration.ts"
import { LuciaError } from "./lucia-error.ts"
import { readContext } from "./request-context.ts"
import type { LuciaRequest, RequestContext } from "./request-context.ts"
import type { CookieSession } from "./session-cookie.ts"

type Validate = (sessionId: string) => Promise<AnySession>

/** Creates the session of one request. */
export function createAuthRequest(context: RequestContext, settings: Settings, validateSession: Validate) {
  const { cookies, log } = settings
  const read = readContext(context, credentialsOf)
  // The cookie's value, once it is known: Next.js may only provide it later.
  let current = isPromise(read) ? undefined : read.cookie
  let validating: Promise<AnySession | null> | null = null
  let validatingBearer: Promise<AnySession | null> | null = null
  // The callers that ask for the session get the error.
  if (isPromise(read)) read.catch(() => {})

  return {
    validate: () => (validating ??= validateCookie()),
    validateBearerToken: () => (validatingBearer ??= validateBearer()),
    setSession(session: (CookieSession & { readonly fresh?: boolean }) | null): void | Promise<void> {
      // A renewed session keeps its id, but its cookie expires too early.
      if ((session?.sessionId ?? null) === current && !session?.fresh) return
      const sent = send(session)
      validating = null
      // Few callers await it, so its failure must not end the process.
      sent?.catch(() => {})
      return sent
    },
    invalidate() {
      validating = null
      validatingBearer = null
    },
    applyTo: (response: Response) => context.applyTo?.(response) ?? response,
  }

  async function validateCookie(): Promise<AnySession | null> {
    if (current === undefined) {
      const { cookie } = await read
      // Checked again, because setSession() may have been called in the meantime.
      if (current === undefined) current = cookie
    }
    const sessionId = current
    if (!sessionId) return null
    const session = await unlessInvalid(sessionId)
    // Skipped if another session was set in the meantime.
    if (current === sessionId && (!session || session.fresh)) await trySend(session)
    return session
  }

  async function unlessInvalid(sessionId: string): Promise<AnySession | null> {
    try {
      return await validateSession(sessionId)
    } catch (error) {
      if (error instanceof LuciaError && error.message === "AUTH_INVALID_SESSION_ID") return null
      throw error
    }
  }

  async function validateBearer(): Promise<AnySession | null> {
    const { bearer } = await read
    return bearer === null ? null : unlessInvalid(bearer)
  }

  function send(session: CookieSession | null): Promise<void> | undefined {
    const sent: unknown = context.setCookie(cookies.createSessionCookie(session))
    current = session?.sessionId ?? null
    log("request", session ? "Session cookie set" : "Session cookie deleted")
    return isPromise(sent) ? (sent as Promise<void>) : undefined
  }

  async function trySend(session: CookieSession | null): Promise<void> {
    try {
      await send(session)
    } catch {
      // Your own middleware may throw where no cookie can be set, such as in a render.
    }
  }

  function credentialsOf(request: LuciaRequest, sessionCookie: string | null | undefined) {
    const { headers, method } = request
    const isTrusted = settings.isTrusted(request)
    log("request", `${method} of ${isTrusted ? "a trusted" : "another"} origin`)
    return {
      cookie: isTrusted ? (sessionCookie ?? cookies.readSessionCookie(headers.get("Cookie"))) : null,
      bearer: cookies.readBearerToken(headers.get("Authorization")),
    }
  }
}

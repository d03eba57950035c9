import { notFound, redirect } from "next/navigation"
import type { NextRequest } from "next/server"
import { cache } from "react"

import { checkPaths, refusalOf } from "./core/access.ts"
import type {
  AccessOptions,
  AccessPaths,
  Authorize,
  Member,
  MemberOptions,
  PublicOptions,
  Refusal,
  Visitor,
} from "./core/access.ts"
import type { RequestAuth, SessionFields } from "./core/auth.ts"
import type { Cookie } from "./core/cookie.ts"
import { AuthError } from "./core/errors.ts"
import { checkOptions } from "./core/options.ts"
import type { UserId } from "./core/ports.ts"
import { createRequestSession } from "./core/request-session.ts"
import type { RequestSession, SignedIn } from "./core/request-session.ts"
import type { SnapshotOptions } from "./core/snapshots.ts"
import { privateResponse } from "./core/response-headers.ts"
import { answer } from "./next/answers.ts"
import { actionRequest, cookieHeader, isWritable, readRequest, setCookie } from "./next/request-state.ts"
import type { HeaderList, NextRequestState } from "./next/request-state.ts"

export type { AccessPaths, Authorize, Member, MemberOptions, PublicOptions, Visitor } from "./core/access.ts"
export type { PersistOptions, SignedIn } from "./core/request-session.ts"
export type { SnapshotOptions } from "./core/snapshots.ts"

/** A route's parameters, where its handler does not say which it has. */
export type RouteParams = Record<string, string | string[] | undefined>

/** What a file `route.ts` exports under the name of a method. Before Next.js 15 `params` are no promise, which is fine too. */
export type RouteHandler<Params> = (request: NextRequest, context: { params: Promise<Params> }) => Promise<Response>

/** What {@link createNextAuth} returns. */
export interface NextAuth<
  S extends SessionFields,
  U extends { id: UserId },
  Id extends UserId,
  SessionRow,
> extends Pick<RequestSession<S, U, Id, SessionRow>, "signIn" | "setSession" | "rotate" | "signOut"> {
  /**
   * Resolves to the visitor's session and user; `null` when signed out. However many components ask, a render reads the
   * store once, and so does a handler that is wrapped. Sets no cookie in a render.
   */
  getSession(): Promise<SignedIn<S, U>>
  /**
   * Resolves to the member's session and user. Redirects to `signInPath` when signed out; when `authorize` says no, to
   * `forbiddenPath` or else to "not found". For Server Components and a data access layer: it ends a render by throwing,
   * so call it outside `try`, and wrap a Route Handler in `routeHandler` instead.
   */
  verifySession(options?: { authorize?: Authorize<S, U> | undefined }): Promise<Member<S, U>>
  /**
   * Wraps a Route Handler: 403 for unsafe cross-site requests and when `authorize` says no, 401 when signed out unless it
   * is `public`. `params` are awaited.
   */
  routeHandler<Params = RouteParams>(
    handle: (request: NextRequest, context: Member<S, U> & { params: Params }) => Response | Promise<Response>,
    options?: MemberOptions<S, U>,
  ): RouteHandler<Params>
  routeHandler<Params = RouteParams>(
    handle: (request: NextRequest, context: Visitor<S, U> & { params: Params }) => Response | Promise<Response>,
    options: PublicOptions<S, U>,
  ): RouteHandler<Params>
  /**
   * Wraps a Server Action: it is not run for cross-site requests, which are redirected to `signInPath`, nor when signed
   * out unless it is `public`; when `authorize` says no, the visitor goes to `forbiddenPath` or else to "not found".
   */
  serverAction<Args extends unknown[], Result>(
    action: (auth: Member<S, U>, ...args: Args) => Result | Promise<Result>,
    options?: MemberOptions<S, U>,
  ): (...args: Args) => Promise<Result>
  serverAction<Args extends unknown[], Result>(
    action: (auth: SignedIn<S, U>, ...args: Args) => Result | Promise<Result>,
    options: PublicOptions<S, U>,
  ): (...args: Args) => Promise<Result>
}

/**
 * Serves sessions in the App Router of Next.js. Call it once, in a module of the server.
 *
 * Throws `invalid_option` for a path of another site.
 *
 * @example
 * export const { getSession, verifySession, signIn, signOut, routeHandler, serverAction } = createNextAuth(auth, {
 *   signInPath: "/sign-in",
 * })
 */
export function createNextAuth<S extends SessionFields, U extends { id: UserId }, Id extends UserId, SessionRow>(
  auth: RequestAuth<S, U, Id, SessionRow>,
  options: AccessPaths & { snapshots?: SnapshotOptions<S, U> | undefined },
): NextAuth<S, U, Id, SessionRow> {
  checkOptions("createNextAuth()", options, "signInPath", "forbiddenPath", "snapshots")
  const { signInPath, forbiddenPath, snapshots } = options
  checkOptions("snapshots", snapshots, "with", "claims")
  checkPaths({ signInPath, forbiddenPath })
  const name = auth.sessionCookieName
  // The session of the request that a handler is at work on, so that what it calls knows the method and reads no more.
  const sessions = new WeakMap<HeaderList, RequestSession<S, U, Id, SessionRow>>()
  // The cookie that an action has set: Next.js 14 does not show it to the render that follows.
  const written = new WeakMap<HeaderList, string>()
  const cookieOf = ({ jar, head }: NextRequestState) => written.get(head) ?? cookieHeader(name, jar, head)

  const getSession = cache(async (): Promise<SignedIn<S, U>> => {
    const state = await readRequest()
    const open = sessions.get(state.head)
    if (open) return open.validate()
    const token = auth.readSessionCookie(cookieOf(state))
    if (token === null) return null
    const result = await auth.withRequest({ headers: state.head }).validateSession(token)
    return "reason" in result ? null : { session: result.session, user: result.user }
  })

  async function verifySession(options?: { authorize?: Authorize<S, U> | undefined }): Promise<Member<S, U>> {
    const member = await getSession()
    const refusal = await refusalOf(member, options)
    return member && !refusal ? member : turnAway(refusal)
  }

  function turnAway(refusal: Refusal | null): never {
    if (refusal !== "forbidden") return redirect(signInPath)
    return forbiddenPath === undefined ? notFound() : redirect(forbiddenPath)
  }

  function openSession(
    request: { method: string; url: string },
    state: NextRequestState,
    write: (cookie: Cookie) => void,
  ) {
    const cookie = cookieOf(state)
    const get = (header: string) => (header === "Cookie" ? cookie : state.head.get(header))
    const origin = { method: request.method, url: request.url, headers: { get } }
    return createRequestSession(auth, { request, origin, canWrite: () => true, write, onUse() {} }, snapshots)
  }

  function openActionSession(state: NextRequestState) {
    return openSession(actionRequest(state.head), state, (cookie) => {
      setCookie(state.jar, cookie)
      if (state.isStale && cookie.name === name) written.set(state.head, `${name}=${cookie.value}`)
    })
  }

  async function currentSession() {
    const state = await readRequest()
    if (isWritable(state.jar)) return sessions.get(state.head) ?? openActionSession(state)
    const message = "Sign in and out in a Server Action or a Route Handler: a Server Component cannot set cookies."
    throw new AuthError("headers_sent", message)
  }

  /** Runs a handler with a session that all which it calls then shares. */
  async function share<Result>(
    head: HeaderList,
    session: RequestSession<S, U, Id, SessionRow>,
    handle: () => Promise<Result>,
  ): Promise<Result> {
    sessions.set(head, session)
    try {
      return await handle()
    } finally {
      sessions.delete(head)
    }
  }

  const routeHandler =
    <Params>(
      handle: (request: NextRequest, context: Visitor<S, U> & { params: Params }) => Response | Promise<Response>,
      options?: AccessOptions<S, U>,
    ): RouteHandler<Params> =>
    async (request, context) => {
      const state = await readRequest()
      const pending = new Map<string, Cookie>()
      const session = openSession(request, state, (cookie) => pending.set(cookie.name, cookie))
      const response = await share(state.head, session, async () => {
        if (session.crossOrigin) return new Response("Cross-site request refused", { status: 403 })
        const visitor = await session.validate()
        const refusal = await refusalOf(visitor, options)
        if (refusal)
          return refusal === "forbidden"
            ? new Response("Forbidden", { status: 403 })
            : new Response("Sign in first", { status: 401 })
        const params = await context?.params
        return answer(() => handle(request, { ...(visitor ?? nobody), params }))
      })
      // Of a handler that answers nothing Next.js itself says best what is wrong.
      return response instanceof Response ? privateResponse(response, pending.values()) : response
    }

  const serverAction =
    <Args extends unknown[], Result>(
      action: (auth: SignedIn<S, U>, ...args: Args) => Result | Promise<Result>,
      options?: AccessOptions<S, U>,
    ) =>
    async (...args: Args): Promise<Result> => {
      const state = await readRequest()
      const outer = sessions.get(state.head)
      const session = outer ?? openActionSession(state)
      const run = async () => {
        const visitor = await session.validate()
        const refusal = session.crossOrigin ? "signed_out" : await refusalOf(visitor, options)
        return refusal ? turnAway(refusal) : action(visitor, ...args)
      }
      return outer ? run() : share(state.head, session, run)
    }

  return {
    getSession,
    verifySession,
    signIn: async (...args) => (await currentSession()).signIn(...args),
    setSession: async (...args) => (await currentSession()).setSession(...args),
    rotate: async (...args) => (await currentSession()).rotate(...args),
    signOut: async () => (await currentSession()).signOut(),
    // The overloads say what `options` decides: whether the visitor may be nobody.
    routeHandler: routeHandler as NextAuth<S, U, Id, SessionRow>["routeHandler"],
    serverAction: serverAction as NextAuth<S, U, Id, SessionRow>["serverAction"],
  }
}

const nobody = { session: null, user: null }

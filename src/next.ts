import { notFound, redirect } from "#next/navigation"
import type { NextRequest } from "next/server.js"
import * as React from "react"
import type { ReactNode } from "react"

import { checkPaths, refusalOf } from "./request/access.ts"
import type {
  AccessOptions,
  AccessPaths,
  Authorize,
  Member,
  MemberOptions,
  PublicOptions,
  Refusal,
  Visitor,
} from "./request/access.ts"
import type { RequestAuth, SessionFields } from "./core/auth.ts"
import type { Cookie } from "./core/cookie.ts"
import { refuseCrossOrigin } from "./request/cross-origin.ts"
import { AuthError } from "./core/errors.ts"
import { checkOptions } from "./core/options.ts"
import type { UserId } from "./core/ports.ts"
import { createRequestSession, follow } from "./request/request-session.ts"
import type {
  CrossOriginOptions,
  OpenRequestSession,
  RequestIo,
  RequestSession,
  SignedIn,
} from "./request/request-session.ts"
import type { SnapshotOptions } from "./request/snapshots.ts"
import { isResponse, privateResponse } from "./request/response-headers.ts"
import { answer, isNavigation } from "./next/lib/answers.ts"
import {
  actionRequest,
  cookieHeader,
  isWritable,
  readerRequest,
  readRequest,
  setCookie,
} from "./next/lib/request-state.ts"
import type { HeaderList, NextRequestState } from "./next/lib/request-state.ts"

export type { AccessPaths, Authorize, Member, MemberOptions, PublicOptions, Visitor } from "./request/access.ts"
export type { CrossOriginOptions, PersistOptions, SignedIn } from "./request/request-session.ts"
export type { SnapshotOptions } from "./request/snapshots.ts"

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
   * Returns the visitor's session and user, or `null` when signed out. A render reads the store once, however many
   * components ask, and so does a wrapped handler. Sets no cookie in a render.
   *
   * A cross-origin request that may change state counts as signed out here too. Outside `routeHandler` Next.js does not
   * tell the method, so a request with an `Origin` header or a body counts as one that may.
   */
  getSession(): Promise<SignedIn<S, U>>
  /**
   * Returns the session and the user, or ends the render. Signed-out visitors are redirected to `signInPath`. Users that
   * `authorize` rejects go to `forbiddenPath`, or see "not found" if there is none.
   *
   * For a data access layer. Always `await` it: without `await` the page is rendered for everyone. Call it outside `try`,
   * because it throws, and use `protectedPage` for pages and `routeHandler` for Route Handlers.
   */
  verifySession(options?: { authorize?: Authorize<S, U> | undefined }): Promise<Member<S, U>>
  /**
   * Wraps a page or a layout: nothing in it is rendered before `verifySession` has let the visitor in. `props` are those
   * of Next.js, `params`, `searchParams` and `children` among them.
   *
   * A layout is not rendered again when the visitor follows a link, so guard the pages below it as well.
   *
   * @example
   * export default protectedPage(async ({ user }) => <h1>Hello, {user.username}</h1>)
   */
  protectedPage<Props = {}>(
    render: (auth: Member<S, U>, props: Props) => ReactNode | Promise<ReactNode>,
    options?: { authorize?: Authorize<S, U> | undefined },
  ): (props: Props) => Promise<ReactNode>
  /**
   * Wraps a Route Handler. Answers 403 to cross-origin requests that may change something and to users that `authorize`
   * rejects, and 401 to signed-out visitors unless it is `public`. `params` are awaited.
   *
   * A handler that is `public` may set `allowCrossOrigin`, for a POST that another site is meant to send. The visitor is
   * signed out there and can be signed in. Name its path in the proxy's `allowCrossOrigin` as well.
   *
   * Throws `headers_sent` if a sign-in or sign-out is still under way when the handler returns.
   */
  routeHandler<Params = RouteParams>(
    handle: (request: NextRequest, context: Member<S, U> & { params: Params }) => Response | Promise<Response>,
    options?: MemberOptions<S, U>,
  ): RouteHandler<Params>
  routeHandler<Params = RouteParams>(
    handle: (request: NextRequest, context: Visitor<S, U> & { params: Params }) => Response | Promise<Response>,
    options: PublicOptions<S, U> & CrossOriginOptions,
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
 * export const { getSession, protectedPage, signIn, signOut, routeHandler, serverAction } = createNextAuth(auth, {
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
  type Session = OpenRequestSession<S, U, Id, SessionRow>
  type SharedSession = { session: Session; users: number }
  const name = auth.sessionCookieName
  // The session of the request that handlers are at work on, so that what they call knows the method and reads no more.
  const sessions = new WeakMap<HeaderList, SharedSession>()
  // Requests whose Route Handler has answered: a cookie that is set now reaches nobody.
  const answered = new WeakSet<HeaderList>()
  // The cookie that an action has set: Next.js 14 does not show it to the render that follows.
  const written = new WeakMap<HeaderList, string>()
  const cookieOf = ({ jar, head }: NextRequestState) => written.get(head) ?? cookieHeader(name, jar, head)

  const getSession = oncePerRender(async (): Promise<SignedIn<S, U>> => {
    const state = await readRequest()
    const { session } = sessions.get(state.head) ?? { session: openReader(state) }
    return session.validate()
  })

  async function verifySession(options?: { authorize?: Authorize<S, U> | undefined }): Promise<Member<S, U>> {
    const member = await getSession()
    const refusal = await refusalOf(member, options)
    return member && !refusal ? member : turnAway(refusal)
  }

  const protectedPage: NextAuth<S, U, Id, SessionRow>["protectedPage"] = (render, options) => {
    checkOptions("protectedPage()", options, "authorize")
    return async (props) => render(await verifySession(options), props)
  }

  function turnAway(refusal: Refusal | null): never {
    if (refusal !== "forbidden") return redirect(signInPath)
    return forbiddenPath === undefined ? notFound() : redirect(forbiddenPath)
  }

  // A render cannot set cookies: what the session would write goes nowhere.
  function openReader(state: NextRequestState) {
    return openSession(readerRequest(state.head), state, { write() {} })
  }

  function openActionSession(state: NextRequestState) {
    const write = (cookie: Cookie) => {
      setCookie(state.jar, cookie)
      if (state.isStale && cookie.name === name) written.set(state.head, `${name}=${cookie.value}`)
    }
    return openSession(actionRequest(state.head), state, { write, snapshots })
  }

  function openSession(
    request: { method: string; url: string },
    state: NextRequestState,
    { snapshots, ...io }: SessionIo & { snapshots?: SnapshotOptions<S, U> | undefined },
  ) {
    const cookie = cookieOf(state)
    const get = (header: string) => (header === "Cookie" ? cookie : state.head.get(header))
    const origin = { method: request.method, url: request.url, headers: { get } }
    return createRequestSession(auth, { request, origin, canWrite: () => true, onUse() {}, ...io }, snapshots)
  }

  async function currentSession() {
    const state = await readRequest()
    if (!isWritable(state.jar)) throw new AuthError("headers_sent", inRender)
    const shared = sessions.get(state.head)
    if (!shared && answered.has(state.head)) throw new AuthError("headers_sent", afterAnswer)
    return shared?.session ?? openActionSession(state)
  }

  function write<Result>(change: (session: Session) => Promise<Result>): Promise<Result> {
    const written: Promise<Result> = currentSession().then((session) => {
      const writing = change(session)
      follow(writing, written)
      return writing
    })
    return written
  }

  /** Runs a handler with a session that all which it calls shares. Throws if it ends while a sign-in is under way. */
  async function share<Result>(head: HeaderList, open: () => Session, handle: (session: Session) => Promise<Result>) {
    const shared = sessions.get(head) ?? { session: open(), users: 0 }
    sessions.set(head, shared)
    shared.users++
    const [outcome] = await Promise.allSettled([handle(shared.session)])
    const unfinished = await leave(head, shared)
    if (outcome.status === "fulfilled") return unfinished ? raise(unfinished) : outcome.value
    throw unfinished && isNavigation(outcome.reason) ? unfinished : outcome.reason
  }

  async function leave(head: HeaderList, shared: SharedSession) {
    try {
      // What was called and not awaited has read the request by then, and is known to the session.
      await readRequest()
    } finally {
      shared.users--
    }
    if (shared.users > 0) return null
    sessions.delete(head)
    return shared.session.finish()
  }

  async function respond(
    session: Session,
    handle: (visitor: Visitor<S, U>) => Response | Promise<Response>,
    options?: AccessOptions<S, U>,
  ) {
    if (session.crossOrigin) return refuseCrossOrigin()
    const visitor = await session.validate()
    const refusal = await refusalOf(visitor, options)
    if (refusal === "forbidden") return new Response("Forbidden", { status: 403 })
    return refusal ? new Response("Sign in first", { status: 401 }) : answer(() => handle(visitor ?? nobody))
  }

  const routeHandler = <Params>(
    handle: (request: NextRequest, context: Visitor<S, U> & { params: Params }) => Response | Promise<Response>,
    options: AccessOptions<S, U> & CrossOriginOptions = {},
  ): RouteHandler<Params> => {
    checkOptions("routeHandler()", options, "authorize", "public", "allowCrossOrigin")
    const { allowCrossOrigin, ...access } = options
    return async (request, context) => {
      const state = await readRequest()
      const pending = new Map<string, Cookie>()
      const write = (cookie: Cookie) => pending.set(cookie.name, cookie)
      const params = await context?.params
      const response = await share(
        state.head,
        () => openSession(request, state, { write, snapshots, allowCrossOrigin }),
        (session) => respond(session, (visitor) => handle(request, { ...visitor, params }), access),
      )
      answered.add(state.head)
      // If the handler returned something else, pass that on: Next.js reports it clearly.
      return isResponse(response) ? privateResponse(response, pending.values()) : response
    }
  }

  const serverAction = <Args extends unknown[], Result>(
    action: (auth: SignedIn<S, U>, ...args: Args) => Result | Promise<Result>,
    options?: AccessOptions<S, U>,
  ) => {
    checkOptions("serverAction()", options, "authorize", "public")
    return async (...args: Args): Promise<Result> => {
      const state = await readRequest()
      return share(
        state.head,
        // Called in a render, such as by a page that shows what an action returns, it can set no cookie.
        () => (isWritable(state.jar) ? openActionSession(state) : openReader(state)),
        async (session) => {
          const visitor = await session.validate()
          const refusal = session.crossOrigin ? "signed_out" : await refusalOf(visitor, options)
          return refusal ? turnAway(refusal) : action(visitor, ...args)
        },
      )
    }
  }

  return {
    getSession,
    verifySession,
    protectedPage,
    signIn: (...args) => write(({ signIn }) => signIn(...args)),
    setSession: (...args) => write(({ setSession }) => setSession(...args)),
    rotate: (...args) => write(({ rotate }) => rotate(...args)),
    signOut: () => write(({ signOut }) => signOut()),
    // The overloads say what `options` decides: whether the visitor may be nobody.
    routeHandler: routeHandler as NextAuth<S, U, Id, SessionRow>["routeHandler"],
    serverAction: serverAction as NextAuth<S, U, Id, SessionRow>["serverAction"],
  }
}

/** What differs between a Route Handler, an action and a render. */
type SessionIo = Pick<RequestIo, "write" | "allowCrossOrigin">

const nobody = { session: null, user: null }

const inRender = "Sign in and out in a Server Action or a Route Handler: a Server Component cannot set cookies."
const afterAnswer = "The response was sent without this change. Did you forget await?"

function raise(error: AuthError): never {
  throw error
}

// React 18 has no `cache`, and no renders to remember for: Next.js 14 brings a React of its own that has it.
const { cache: oncePerRender = (read) => read } = React as { cache?: <Read>(read: Read) => Read }

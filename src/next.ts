import { notFound, redirect } from "#next/navigation"
import type { NextRequest } from "next/server.js"
import * as React from "react"
import type { ReactNode } from "react"

import type { AnyAuth } from "./core/auth.ts"
import type { Cookie } from "./core/cookie.ts"
import { checkOptions } from "./core/options.ts"
import { answer } from "./next/lib/answers.ts"
import { pathSentFrom, readRequest } from "./next/lib/request-state.ts"
import { createSharedSessions } from "./next/lib/shared-sessions.ts"
import { checkPaths, refusalAnswers, refusalOf, turnAwayPath } from "./request/access.ts"
import type { AccessOptions, AccessPaths, MemberOptions, PublicOptions, Refusal } from "./request/access.ts"
import { refuseCrossOrigin } from "./request/cross-origin.ts"
import type { CrossOriginOptions } from "./request/cross-origin.ts"
import { checkKeepers } from "./request/device.ts"
import type { Keepers } from "./request/device.ts"
import type { FlowRequest } from "./request/flow.ts"
import type { Authorize, Member, Visitor } from "./request/member.ts"
import type { RequestSession } from "./request/request-session.ts"
import { isResponse, privateResponse } from "./request/response-headers.ts"

export type { AnyAuth } from "./core/auth.ts"
export type { AccessOptions, AccessPaths, MemberOptions, PublicOptions } from "./request/access.ts"
export type { DeviceKeeper, DeviceOptions, DeviceRequest } from "./request/device.ts"
export type { FlowRequest } from "./request/flow.ts"
export type { Authorize, Decision, Member, Visitor } from "./request/member.ts"
export type { CrossOriginOptions } from "./request/cross-origin.ts"
export type { ElevatingDoor, NewSession, PersistOptions } from "./request/request-session.ts"
export type { SnapshotKeeper, SnapshotOptions } from "./request/snapshots.ts"

/** A route's parameters, where its handler does not say which it has. */
export type RouteParams = Record<string, string | string[] | undefined>

/** What a file `route.ts` exports under the name of a method. Before Next.js 15 `params` are no promise, which is fine too. */
export type RouteHandler<Params> = (request: NextRequest, context: { params: Promise<Params> }) => Promise<Response>

/** Whom a page is for, and where it is. */
export interface PageOptions<A extends AnyAuth> {
  /** Default: every member may. */
  authorize?: Authorize<A> | undefined
  /** The page's own path, such as `/account`, which `confirmPath` gets as `?next=`. Default: it gets none. */
  path?: string | undefined
}

/** What {@link createNextAuth} returns. */
export interface NextAuth<A extends AnyAuth> extends Pick<
  RequestSession<A>,
  "signIn" | "setSession" | "rotate" | "elevate" | "signOut"
> {
  /**
   * The flow cookies of the request that is being served, for `createOAuth` and for flows of your own. They are set in
   * Server Actions and Route Handlers, and can be read in renders too, where setting one throws `headers_sent`.
   */
  readonly flow: FlowRequest<A>
  /**
   * Returns the visitor's session and user, or `null` when signed out. A render reads the store once, however many
   * components ask, and so does a wrapped handler. Sets no cookie in a render.
   *
   * A cross-origin request that may change state counts as signed out here too. Outside `routeHandler` Next.js does not
   * tell the method, so a request with an `Origin` header or a body counts as one that may.
   */
  getSession(): Promise<Member<A> | null>
  /**
   * Returns the session and the user, or ends the render. Signed-out visitors are redirected to `signInPath`. Users that
   * `authorize` rejects go to `forbiddenPath`, or see "not found" if there is none; those of whom it says `"confirm"` go
   * to `confirmPath`. Next.js does not tell a render its path: name it as `path`, and it goes along as `?next=`.
   *
   * For a data access layer. Always `await` it: without `await` the page is rendered for everyone. Call it outside `try`,
   * because it throws, and use `protectedPage` for pages and `routeHandler` for Route Handlers.
   */
  verifySession(options?: PageOptions<A>): Promise<Member<A>>
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
    render: (auth: Member<A>, props: Props) => ReactNode | Promise<ReactNode>,
    options?: PageOptions<A>,
  ): (props: Props) => Promise<ReactNode>
  /**
   * Wraps a Route Handler. Answers 403 to cross-origin requests that may change something and to users that `authorize`
   * rejects, and 401 to signed-out visitors unless it is `public`. When `authorize` says `"confirm"`, the 401 has
   * `WWW-Authenticate: Bearer error="insufficient_user_authentication"` (RFC 9470). `params` are awaited.
   *
   * A handler that is `public` may set `allowCrossOrigin`, for a POST that another site is meant to send. The visitor is
   * signed out there and can be signed in. Name its path in the proxy's `allowCrossOrigin` as well.
   *
   * Throws `headers_sent` if a sign-in or sign-out is still under way when the handler returns.
   */
  routeHandler<Params = RouteParams>(
    handle: (request: NextRequest, context: Member<A> & { params: Params }) => Response | Promise<Response>,
    options?: MemberOptions<A>,
  ): RouteHandler<Params>
  routeHandler<Params = RouteParams>(
    handle: (request: NextRequest, context: Visitor<A> & { params: Params }) => Response | Promise<Response>,
    options: PublicOptions<A> & CrossOriginOptions,
  ): RouteHandler<Params>
  /**
   * Wraps a Server Action: it is not run for cross-origin requests, which are redirected to `signInPath`, nor when signed
   * out unless it is `public`; when `authorize` says no, the visitor goes to `forbiddenPath` or else to "not found", and
   * when it says `"confirm"` to `confirmPath`, with the page that has the action as `?next=` if the browser names it.
   */
  serverAction<Args extends unknown[], Result>(
    action: (auth: Member<A>, ...args: Args) => Result | Promise<Result>,
    options?: MemberOptions<A>,
  ): (...args: Args) => Promise<Result>
  serverAction<Args extends unknown[], Result>(
    action: (auth: Member<A> | null, ...args: Args) => Result | Promise<Result>,
    options: PublicOptions<A>,
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
export function createNextAuth<A extends AnyAuth>(auth: A, options: AccessPaths & Keepers<A>): NextAuth<A> {
  checkOptions("createNextAuth()", options, "signInPath", "forbiddenPath", "confirmPath", "snapshots", "device")
  const { snapshots, device, ...paths } = options
  checkKeepers({ snapshots, device })
  checkPaths(paths)
  const sessions = createSharedSessions(auth, { snapshots, device })

  const getSession = oncePerRender(() => sessions.read(({ validate }) => validate()))

  async function verifySession(options: PageOptions<A> = {}): Promise<Member<A>> {
    const { path, ...access } = options
    const member = await getSession()
    const refusal = await refusalOf(member, access)
    return member && !refusal ? member : turnAway(refusal ?? "signed_out", path)
  }

  const protectedPage: NextAuth<A>["protectedPage"] = (render, options) => {
    checkOptions("protectedPage()", options, "authorize", "path")
    return async (props) => render(await verifySession(options), props)
  }

  function turnAway(refusal: Refusal, from?: string | null): never {
    const path = turnAwayPath(refusal, paths, from)
    return path === undefined ? notFound() : redirect(path)
  }

  const routeHandler = <Params>(
    handle: (request: NextRequest, context: Visitor<A> & { params: Params }) => Response | Promise<Response>,
    options: AccessOptions<A> & CrossOriginOptions = {},
  ): RouteHandler<Params> => {
    checkOptions("routeHandler()", options, "authorize", "public", "allowCrossOrigin")
    const { allowCrossOrigin, ...access } = options
    return async (request, context) => {
      const state = await readRequest()
      const pending = new Map<string, Cookie>()
      const write = (cookie: Cookie) => pending.set(cookie.name, cookie)
      const headers = new Map<string, string>()
      const params = await context?.params
      const response = await sessions.share(
        state.head,
        () => sessions.openRoute(request, state, { write, headers, allowCrossOrigin }),
        (session) => respond(session, (visitor) => handle(request, { ...visitor, params }), access),
      )
      sessions.markAnswered(state)
      // If the handler returned something else, pass that on: Next.js reports it clearly.
      return isResponse(response) ? privateResponse(response, pending.values(), headers) : response
    }
  }

  const serverAction = <Args extends unknown[], Result>(
    action: (auth: Member<A> | null, ...args: Args) => Result | Promise<Result>,
    options?: AccessOptions<A>,
  ) => {
    checkOptions("serverAction()", options, "authorize", "public")
    return async (...args: Args): Promise<Result> => {
      const state = await readRequest()
      return sessions.share(
        state.head,
        () => sessions.openAction(state),
        async (session) => {
          const visitor = await session.validate()
          const refusal = session.crossOrigin ? "signed_out" : await refusalOf(visitor, options)
          return refusal ? turnAway(refusal, pathSentFrom(state.head)) : action(visitor, ...args)
        },
      )
    }
  }

  return {
    flow: {
      readFlow: (name) => sessions.read(({ readFlow }) => readFlow(name)),
      setFlow: (...args) => sessions.change(({ setFlow }) => setFlow(...args)),
      flowNames: (prefix) => sessions.read(({ flowNames }) => flowNames(prefix)),
      validate: getSession,
      get method() {
        return sessions.read(({ method }) => method)
      },
      get prefetch() {
        return sessions.read(({ prefetch }) => prefetch)
      },
      get crossOrigin() {
        return sessions.read(({ crossOrigin }) => crossOrigin)
      },
    },
    getSession,
    verifySession,
    protectedPage,
    signIn: (...args) => sessions.change(({ signIn }) => signIn(...args)),
    setSession: (...args) => sessions.change(({ setSession }) => setSession(...args)),
    rotate: (...args) => sessions.change(({ rotate }) => rotate(...args)),
    elevate: (...args) => sessions.change(({ elevate }) => elevate(...args)),
    signOut: () => sessions.change(({ signOut }) => signOut()),
    // The overloads say what `options` decides: whether the visitor may be nobody.
    routeHandler: routeHandler as NextAuth<A>["routeHandler"],
    serverAction: serverAction as NextAuth<A>["serverAction"],
  }
}

async function respond<A extends AnyAuth>(
  session: RequestSession<A>,
  handle: (visitor: Visitor<A>) => Response | Promise<Response>,
  options?: AccessOptions<A>,
): Promise<Response> {
  if (session.crossOrigin) return refuseCrossOrigin()
  const visitor = await session.validate()
  const refusal = await refusalOf(visitor, options)
  if (!refusal) return answer(() => handle(visitor ?? nobody))
  const { text, ...head } = refusalAnswers[refusal]
  return new Response(text, head)
}

const nobody = { session: null, user: null }

// React 18 has no `cache`, and no renders to remember for: Next.js 14 brings a React of its own that has it.
const { cache: oncePerRender = (read) => read } = React as { cache?: <Read>(read: Read) => Read }

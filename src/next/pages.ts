import type { IncomingMessage, ServerResponse } from "node:http"
import type { GetServerSidePropsContext, GetServerSidePropsResult, NextApiRequest, NextApiResponse } from "next"

import { checkPaths, refusalAnswers, refusalOf, turnAwayPath } from "../request/access.ts"
import type { AccessOptions, AccessPaths, MemberOptions, PublicOptions, RefusalAnswer } from "../request/access.ts"
import type { AnyAuth } from "../core/auth.ts"
import { crossOriginRefusal } from "../request/cross-origin.ts"
import type { CrossOriginOptions } from "../request/cross-origin.ts"
import { AuthError } from "../core/errors.ts"
import { checkOptions } from "../core/options.ts"
import type { FlowRequest } from "../request/flow.ts"
import type { Member } from "../request/member.ts"
import type { ElevatingDoor, RequestSession } from "../request/request-session.ts"
import type { Keepers } from "../request/device.ts"
import { follow } from "../request/response-window.ts"
import { createNodeAuth } from "../node.ts"

export type { AnyAuth } from "../core/auth.ts"
export type { AccessOptions, AccessPaths, MemberOptions, PublicOptions } from "../request/access.ts"
export type { DeviceKeeper, DeviceOptions, DeviceRequest } from "../request/device.ts"
export type { FlowRequest } from "../request/flow.ts"
export type { Authorize, Decision, Member } from "../request/member.ts"
export type { CrossOriginOptions } from "../request/cross-origin.ts"
export type { ElevatingDoor, NewSession, PersistOptions } from "../request/request-session.ts"
export type { SnapshotKeeper, SnapshotOptions } from "../request/snapshots.ts"

/** What `getServerSideProps` answers to who may not see the page. */
export type TurnedAway = { redirect: { destination: string; permanent: boolean } } | { notFound: true }

/** Methods of a request's session that take the request and the response first. */
export type OnRequest<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result
    ? (req: IncomingMessage, res: ServerResponse, ...args: Args) => Result
    : never
}

/** What {@link createPagesAuth} returns. All of it works in API routes and in `getServerSideProps`. */
export interface PagesAuth<A extends AnyAuth> extends OnRequest<
  Pick<RequestSession<A>, "signIn" | "setSession" | "rotate" | "signOut">
> {
  /**
   * Resolves to the visitor's session and user; `null` when signed out, and for unsafe cross-origin requests. One store
   * read however often it is called.
   */
  validateRequest(req: IncomingMessage, res: ServerResponse): Promise<Member<A> | null>
  /**
   * Answers browsers that register or refresh a bound session: the API route at the path of `device`, as in
   * `export default deviceRoute` in `pages/api/auth/device.ts`.
   */
  deviceRoute(req: IncomingMessage, res: ServerResponse): Promise<void>
  /** Returns the flow cookies of a request, for `createOAuth` and for flows of your own. */
  flow(req: IncomingMessage, res: ServerResponse): FlowRequest<A>
  /**
   * Records in the session what the user has proved just now, and gives it a new token. `door` is what `createSignIn()`
   * returned. `false` when signed out, and if the proof is another user's.
   */
  elevate<Proof>(req: IncomingMessage, res: ServerResponse, door: ElevatingDoor<Proof>, proof: Proof): Promise<boolean>
  /**
   * Wraps an API route. Answers 403 to cross-origin requests that may change something and to users that `authorize`
   * rejects, and 401 to signed-out visitors unless it is `public`. When `authorize` says `"confirm"`, the 401 has
   * `WWW-Authenticate: Bearer error="insufficient_user_authentication"` (RFC 9470). One that is `public` may set
   * `allowCrossOrigin`, for a POST that another site is meant to send: the visitor is signed out there and can be signed in.
   */
  apiRoute(
    handle: (req: NextApiRequest, res: NextApiResponse, auth: Member<A>) => unknown,
    options?: MemberOptions<A>,
  ): (req: NextApiRequest, res: NextApiResponse) => Promise<unknown>
  apiRoute(
    handle: (req: NextApiRequest, res: NextApiResponse, auth: Member<A> | null) => unknown,
    options: PublicOptions<A> & CrossOriginOptions,
  ): (req: NextApiRequest, res: NextApiResponse) => Promise<unknown>
  /**
   * Wraps `getServerSideProps`: redirects to `signInPath` when signed out unless it is `public`; when `authorize` says
   * no, to `forbiddenPath` or else to "not found", and to `confirmPath?next=...` when it says `"confirm"`. Puts nothing
   * into the props itself.
   */
  serverSideProps<Result extends GetServerSidePropsResult<unknown>, Context extends GetServerSidePropsContext>(
    handle: (context: Context, auth: Member<A>) => Result | Promise<Result>,
    options?: MemberOptions<A>,
  ): (context: Context) => Promise<Result | TurnedAway>
  serverSideProps<Result extends GetServerSidePropsResult<unknown>, Context extends GetServerSidePropsContext>(
    handle: (context: Context, auth: Member<A> | null) => Result | Promise<Result>,
    options: PublicOptions<A>,
  ): (context: Context) => Promise<Result | TurnedAway>
}

/**
 * Serves sessions in the Pages Router of Next.js. Call it once, in a module of the server.
 *
 * Throws `invalid_option` for a path of another site.
 *
 * @example
 * export const { validateRequest, signIn, signOut, apiRoute, serverSideProps } = createPagesAuth(auth, {
 *   signInPath: "/sign-in",
 * })
 */
export function createPagesAuth<A extends AnyAuth>(auth: A, options: AccessPaths & Keepers<A>): PagesAuth<A> {
  checkOptions("createPagesAuth()", options, "signInPath", "forbiddenPath", "confirmPath", "snapshots", "device")
  const { snapshots, device, ...paths } = options
  checkPaths(paths)
  const { handleRequest, answerDevice } = createNodeAuth(auth, { snapshots, device })
  type Session = RequestSession<A>
  const sessions = new WeakMap<IncomingMessage, Session>()
  // Writes that are under way: Next.js may send what getServerSideProps returns long after it returned.
  const writes = new WeakMap<IncomingMessage, Set<Promise<unknown>>>()

  function sessionOf(req: IncomingMessage, res: ServerResponse, options?: CrossOriginOptions) {
    const session = sessions.get(req) ?? handleRequest(req, res, options)
    sessions.set(req, session)
    return session
  }

  function write<Result>(req: IncomingMessage, res: ServerResponse, change: (session: Session) => Promise<Result>) {
    const pending = writes.get(req) ?? new Set()
    const writing = change(sessionOf(req, res))
    const written = writing.finally(() => pending.delete(written))
    writes.set(req, pending.add(written))
    follow(writing, written)
    return written
  }

  const apiRoute = (
    handle: (req: NextApiRequest, res: NextApiResponse, auth: Member<A> | null) => unknown,
    options: AccessOptions<A> & CrossOriginOptions = {},
  ) => {
    checkOptions("apiRoute()", options, "authorize", "public", "allowCrossOrigin")
    const { allowCrossOrigin, ...access } = options
    return async (req: NextApiRequest, res: NextApiResponse) => {
      const { crossOrigin, validate } = sessionOf(req, res, { allowCrossOrigin })
      if (crossOrigin) return sendText(res, { status: 403, text: crossOriginRefusal })
      const visitor = await validate()
      const refusal = await refusalOf(visitor, access)
      if (refusal) return sendText(res, refusalAnswers[refusal])
      return handle(req, res, visitor)
    }
  }

  const serverSideProps = <Result extends GetServerSidePropsResult<unknown>, Context extends GetServerSidePropsContext>(
    handle: (context: Context, auth: Member<A> | null) => Result | Promise<Result>,
    options?: AccessOptions<A>,
  ) => {
    checkOptions("serverSideProps()", options, "authorize", "public")
    return async (context: Context): Promise<Result | TurnedAway> => {
      const visitor = await sessionOf(context.req, context.res).validate()
      const refusal = await refusalOf(visitor, options)
      if (!refusal) return finished(context.req, await handle(context, visitor))
      const destination = turnAwayPath(refusal, paths, context.resolvedUrl)
      return destination === undefined ? { notFound: true } : { redirect: { destination, permanent: false } }
    }
  }

  function finished<Result>(req: IncomingMessage, result: Result): Result {
    const pending = writes.get(req)
    if (!pending?.size) return result
    // Nobody waits for them, so one that fails must not end the process.
    for (const written of pending) written.catch(() => {})
    throw new AuthError("headers_sent", pendingWrite)
  }

  return {
    deviceRoute: answerDevice,
    validateRequest: (req, res) => sessionOf(req, res).validate(),
    flow: (req, res) => sessionOf(req, res),
    signIn: (req, res, ...args) => write(req, res, ({ signIn }) => signIn(...args)),
    setSession: (req, res, ...args) => write(req, res, ({ setSession }) => setSession(...args)),
    rotate: (req, res, ...args) => write(req, res, ({ rotate }) => rotate(...args)),
    elevate: (req, res, ...args) => write(req, res, ({ elevate }) => elevate(...args)),
    signOut: (req, res) => write(req, res, ({ signOut }) => signOut()),
    // The overloads say what `options` decides: whether the visitor may be nobody.
    apiRoute: apiRoute as PagesAuth<A>["apiRoute"],
    serverSideProps: serverSideProps as PagesAuth<A>["serverSideProps"],
  }
}

const pendingWrite =
  "getServerSideProps returned while signIn(), setSession(), rotate(), elevate() or signOut() was still under way. Did you forget await?"

function sendText(res: ServerResponse, { status, text, headers }: RefusalAnswer): void {
  res.writeHead(status, { "Content-Type": "text/plain", ...headers }).end(text)
}

import type { IncomingMessage, ServerResponse } from "node:http"
import type { GetServerSidePropsContext, GetServerSidePropsResult, NextApiRequest, NextApiResponse } from "next"

import { checkPaths, refusalOf } from "../request/access.ts"
import type { AccessOptions, AccessPaths, Member, MemberOptions, PublicOptions } from "../request/access.ts"
import type { RequestAuth, SessionFields } from "../core/auth.ts"
import { crossOriginRefusal } from "../request/cross-origin.ts"
import { AuthError } from "../core/errors.ts"
import { checkOptions } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { follow } from "../request/request-session.ts"
import type { CrossOriginOptions, PersistOptions, RequestSession, SignedIn } from "../request/request-session.ts"
import type { SnapshotOptions } from "../request/snapshots.ts"
import { createNodeAuth } from "../node.ts"

export type { AccessPaths, Authorize, Member, MemberOptions, PublicOptions } from "../request/access.ts"
export type { CrossOriginOptions, PersistOptions, SignedIn } from "../request/request-session.ts"
export type { SnapshotOptions } from "../request/snapshots.ts"

/** What `getServerSideProps` answers to who may not see the page. */
export type TurnedAway = { redirect: { destination: string; permanent: boolean } } | { notFound: true }

/** What {@link createPagesAuth} returns. All of it works in API routes and in `getServerSideProps`. */
export interface PagesAuth<S extends SessionFields, U extends { id: UserId }, Id extends UserId, SessionRow> {
  /**
   * Resolves to the visitor's session and user; `null` when signed out, and for unsafe cross-site requests. One store
   * read however often it is called.
   */
  validateRequest(req: IncomingMessage, res: ServerResponse): Promise<SignedIn<S, U>>
  /** Creates a session and stores it: `createSession` and `setSession` in one. `null` for a cross-site request. */
  signIn(
    req: IncomingMessage,
    res: ServerResponse,
    userId: Id,
    attributes?: SessionRow,
    options?: PersistOptions,
  ): Promise<{ session: S; token: string } | null>
  /** Stores a token made elsewhere, `null` for none, and ends the session that the request came with. */
  setSession(req: IncomingMessage, res: ServerResponse, token: string | null, options?: PersistOptions): Promise<void>
  /** Gives the session a new token. `null` when signed out. */
  rotate(
    req: IncomingMessage,
    res: ServerResponse,
    options?: PersistOptions,
  ): Promise<{ session: S; token: string } | null>
  /** Ends the session in the store, then in the browser. */
  signOut(req: IncomingMessage, res: ServerResponse): Promise<void>
  /**
   * Wraps an API route. Answers 403 to cross-origin requests that may change something and to users that `authorize`
   * rejects, and 401 to signed-out visitors unless it is `public`. One that is `public` may set `allowCrossOrigin`, for a POST
   * that another site is meant to send: the visitor is signed out there and can be signed in.
   */
  apiRoute(
    handle: (req: NextApiRequest, res: NextApiResponse, auth: Member<S, U>) => unknown,
    options?: MemberOptions<S, U>,
  ): (req: NextApiRequest, res: NextApiResponse) => Promise<unknown>
  apiRoute(
    handle: (req: NextApiRequest, res: NextApiResponse, auth: SignedIn<S, U>) => unknown,
    options: PublicOptions<S, U> & CrossOriginOptions,
  ): (req: NextApiRequest, res: NextApiResponse) => Promise<unknown>
  /**
   * Wraps `getServerSideProps`: redirects to `signInPath` when signed out unless it is `public`; when `authorize` says
   * no, to `forbiddenPath` or else to "not found". Puts nothing into the props itself.
   */
  serverSideProps<Result extends GetServerSidePropsResult<unknown>, Context extends GetServerSidePropsContext>(
    handle: (context: Context, auth: Member<S, U>) => Result | Promise<Result>,
    options?: MemberOptions<S, U>,
  ): (context: Context) => Promise<Result | TurnedAway>
  serverSideProps<Result extends GetServerSidePropsResult<unknown>, Context extends GetServerSidePropsContext>(
    handle: (context: Context, auth: SignedIn<S, U>) => Result | Promise<Result>,
    options: PublicOptions<S, U>,
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
export function createPagesAuth<S extends SessionFields, U extends { id: UserId }, Id extends UserId, SessionRow>(
  auth: RequestAuth<S, U, Id, SessionRow>,
  options: AccessPaths & { snapshots?: SnapshotOptions<S, U> | undefined },
): PagesAuth<S, U, Id, SessionRow> {
  checkOptions("createPagesAuth()", options, "signInPath", "forbiddenPath", "snapshots")
  const { signInPath, forbiddenPath, snapshots } = options
  checkPaths({ signInPath, forbiddenPath })
  const { handleRequest } = createNodeAuth(auth, { snapshots })
  type Session = RequestSession<S, U, Id, SessionRow>
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
    handle: (req: NextApiRequest, res: NextApiResponse, auth: SignedIn<S, U>) => unknown,
    options: AccessOptions<S, U> & CrossOriginOptions = {},
  ) => {
    checkOptions("apiRoute()", options, "authorize", "public", "allowCrossOrigin")
    const { allowCrossOrigin, ...access } = options
    return async (req: NextApiRequest, res: NextApiResponse) => {
      const { crossOrigin, validate } = sessionOf(req, res, { allowCrossOrigin })
      if (crossOrigin) return answer(res, 403, crossOriginRefusal)
      const visitor = await validate()
      const refusal = await refusalOf(visitor, access)
      if (refusal) return refusal === "forbidden" ? answer(res, 403, "Forbidden") : answer(res, 401, "Sign in first")
      return handle(req, res, visitor)
    }
  }

  const serverSideProps = <Result extends GetServerSidePropsResult<unknown>, Context extends GetServerSidePropsContext>(
    handle: (context: Context, auth: SignedIn<S, U>) => Result | Promise<Result>,
    options?: AccessOptions<S, U>,
  ) => {
    checkOptions("serverSideProps()", options, "authorize", "public")
    return async (context: Context): Promise<Result | TurnedAway> => {
      const visitor = await sessionOf(context.req, context.res).validate()
      const refusal = await refusalOf(visitor, options)
      if (!refusal) return finished(context.req, await handle(context, visitor))
      const destination = refusal === "forbidden" ? forbiddenPath : signInPath
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
    validateRequest: (req, res) => sessionOf(req, res).validate(),
    signIn: (req, res, ...args) => write(req, res, ({ signIn }) => signIn(...args)),
    setSession: (req, res, ...args) => write(req, res, ({ setSession }) => setSession(...args)),
    rotate: (req, res, ...args) => write(req, res, ({ rotate }) => rotate(...args)),
    signOut: (req, res) => write(req, res, ({ signOut }) => signOut()),
    // The overloads say what `options` decides: whether the visitor may be nobody.
    apiRoute: apiRoute as PagesAuth<S, U, Id, SessionRow>["apiRoute"],
    serverSideProps: serverSideProps as PagesAuth<S, U, Id, SessionRow>["serverSideProps"],
  }
}

const pendingWrite =
  "getServerSideProps returned while signIn(), setSession(), rotate() or signOut() was still under way. Did you forget await?"

function answer(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { "Content-Type": "text/plain" }).end(text)
}

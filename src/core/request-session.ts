import type { RequestAuth, SessionFields } from "./auth.ts"
import type { Cookie } from "./cookie.ts"
import { AuthError } from "./errors.ts"
import { verifyRequestOrigin } from "./origin.ts"
import type { OriginRequest } from "./origin.ts"
import type { UserId } from "./ports.ts"
import type { SnapshotOptions } from "./snapshots.ts"

/** What a request's session looks like to an application: signed in, or `null`. */
export type SignedIn<S, U> = { session: S; user: U } | null

/** Whether a cookie outlives the browser. */
export interface PersistOptions {
  /** Default `true`; `false` for "remember me" left unticked. */
  persistent?: boolean
}

/** How a wrapper reaches one request and its response. */
export interface RequestIo {
  /** What events name as their request. */
  request: unknown
  origin: OriginRequest
  /** Whether the response can still take a cookie. */
  canWrite(): boolean
  /** Puts a cookie on the response, in place of an earlier one of its name. */
  write(cookie: Cookie): void
  /** Called when the response begins to depend on the session, so that no cache may share it. */
  onUse(): void
}

/** The session of one request: what every wrapper offers. */
export interface RequestSession<S extends SessionFields, U extends { id: UserId }, Id extends UserId, SessionRow> {
  /** Whether the request is an unsafe one from another site. Then the visitor counts as signed out, and nothing below writes. */
  readonly crossOrigin: boolean
  /** The session that the cookie belongs to; `null` when signed out. One store read however often it is called. */
  validate(): Promise<SignedIn<S, U>>
  /** The session of an `Authorization: Bearer` token; `null` if there is none. Kept apart from the cookie's, and not guarded. */
  validateBearerToken(): Promise<SignedIn<S, U>>
  /** Creates a session and stores it: `createSession` and `setSession` in one. `null` for a cross-site request. */
  signIn(userId: Id, attributes?: SessionRow, options?: PersistOptions): Promise<{ session: S; token: string } | null>
  /** Stores a token made elsewhere, `null` for none, and ends the session that the request came with. */
  setSession(token: string | null, options?: PersistOptions): Promise<void>
  /** Gives the session a new token. `null` when signed out. */
  rotate(options?: PersistOptions): Promise<{ session: S; token: string } | null>
  /** Ends the session in the store, then in the browser. */
  signOut(): Promise<void>
}

/** Makes the session of one request. */
export function createRequestSession<S extends SessionFields, U extends { id: UserId }, Id extends UserId, SessionRow>(
  baseAuth: RequestAuth<S, U, Id, SessionRow>,
  { request, origin, canWrite, write, onUse }: RequestIo,
  snapshots?: SnapshotOptions<S, U>,
): RequestSession<S, U, Id, SessionRow> {
  const auth = baseAuth.withRequest(request)
  const crossOrigin = !verifyRequestOrigin(origin, auth)
  if (crossOrigin) auth.emit("cross_origin", {})

  const header = origin.headers.get("Cookie")
  let token = crossOrigin ? null : auth.readSessionCookie(header)
  const cookie = remember(validateCookie)
  const bearer = remember(validateBearer)

  async function validateCookie(): Promise<SignedIn<S, U>> {
    const member = await readMember()
    if (snapshots && !crossOrigin && canWrite()) await keepSnapshot(member, snapshots)
    return member
  }

  async function keepSnapshot(member: SignedIn<S, U>, { with: keeper, claims }: SnapshotOptions<S, U>) {
    const { attributes } = auth.createBlankSessionCookie()
    const isPresent = header?.includes(`${keeper.cookieName}=`)
    if (!member) return isPresent && write(keeper.blankSnapshotCookie(attributes))
    const renewed = await keeper.snapshotCookie(header, member.session, claims(member), attributes)
    if (renewed) write(renewed)
  }

  async function readMember(): Promise<SignedIn<S, U>> {
    const presented = token
    if (presented === null) return null
    const result = await auth.validateSession(presented)
    if ("reason" in result) return null
    const { session, user, token: renewed } = result
    if (renewed !== undefined || (session.fresh && auth.renewsCookie)) renew(presented, renewed ?? presented)
    return { session, user }
  }

  function renew(presented: string, renewed: string) {
    if (token !== presented || !canWrite()) return
    token = renewed
    write(auth.createSessionCookie(renewed))
  }

  async function validateBearer(): Promise<SignedIn<S, U>> {
    const presented = auth.readBearerToken(origin.headers.get("Authorization"))
    if (presented === null) return null
    const result = await auth.validateSession(presented)
    return "reason" in result ? null : { session: result.session, user: result.user }
  }

  function validate() {
    onUse()
    return cookie.get()
  }

  async function store(newToken: string | null, options?: PersistOptions) {
    requireWritable()
    write(newToken === null ? auth.createBlankSessionCookie() : auth.createSessionCookie(newToken, options))
    token = newToken
    cookie.forget()
    if (!snapshots) return
    write(snapshots.with.blankSnapshotCookie(auth.createBlankSessionCookie().attributes))
    if (newToken !== null) await validate()
  }

  function requireWritable() {
    if (!canWrite()) throw new AuthError("headers_sent", "Sign in and out before the response's headers are sent.")
  }

  async function setSession(newToken: string | null, options?: PersistOptions) {
    if (crossOrigin) return
    requireWritable()
    const previous = token === newToken ? null : await validate()
    if (previous && !(await isTokenOf(newToken, previous.session))) await auth.invalidateSession(previous.session.id)
    onUse()
    await store(newToken, options)
  }

  async function isTokenOf(newToken: string | null, { id }: S) {
    return newToken !== null && (await auth.isTokenOf?.(newToken, id)) === true
  }

  async function signIn(userId: Id, attributes?: SessionRow, options?: PersistOptions) {
    if (crossOrigin) return null
    requireWritable()
    const created = await auth.createSession(userId, attributes)
    await setSession(created.token, options)
    return created
  }

  async function rotate(options?: PersistOptions) {
    requireWritable()
    const rotated = token === null ? null : await auth.rotateSession(token)
    onUse()
    if (rotated) await store(rotated.token, options)
    else cookie.forget()
    return rotated
  }

  return {
    crossOrigin,
    validate,
    validateBearerToken() {
      onUse()
      return bearer.get()
    },
    signIn,
    setSession,
    rotate,
    signOut: () => setSession(null),
  }
}

// A failure is not remembered: the store may be back when the handler tries again.
function remember<Value>(read: () => Promise<Value>) {
  let memo: Promise<Value> | undefined
  const forget = () => void (memo = undefined)

  function start(): Promise<Value> {
    const started = read().catch((error: unknown) => {
      if (memo === started) forget()
      throw error
    })
    return started
  }

  return { get: () => (memo ??= start()), forget }
}

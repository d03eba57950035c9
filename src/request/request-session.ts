import type { RequestAuth, SessionFields } from "../core/auth.ts"
import type { Cookie } from "../core/cookie.ts"
import { AuthError } from "../core/errors.ts"
import { verifyRequestOrigin } from "../core/origin.ts"
import type { OriginRequest } from "../core/origin.ts"
import { checkOptions } from "../core/options.ts"
import { plainToken } from "../core/persistence.ts"
import type { UserId } from "../core/ports.ts"
import type { SnapshotOptions } from "./snapshots.ts"

/** The session and user of a request; `null` when signed out. */
export type SignedIn<S, U> = { session: S; user: U } | null

/** Whether a cookie outlives the browser. */
export interface PersistOptions {
  /**
   * `false` if "remember me" was left unticked: the cookie ends with the browser. Default `true` at sign-in. Later the
   * default is what was chosen at sign-in, which the cookie's token says.
   */
  persistent?: boolean | undefined
}

/** Whether unsafe requests from other origins may come in. */
export interface CrossOriginOptions {
  /**
   * `true` accepts unsafe requests from other origins, such as `form_post` of Sign in with Apple or the return from a
   * payment. The visitor counts as signed out, whatever cookie came along, and can be signed in. Check by other means who
   * sent the request, such as `state` of OAuth (RFC 6749, section 10.12). Default `false`.
   */
  allowCrossOrigin?: boolean | undefined
}

/** Throws `invalid_option` for an option that does not exist. */
export function checkCrossOrigin(taker: string, options: CrossOriginOptions = {}): CrossOriginOptions {
  checkOptions(taker, options, "allowCrossOrigin")
  return options
}

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

/** The session of one request: what every wrapper offers. */
export interface RequestSession<S extends SessionFields, U extends { id: UserId }, Id extends UserId, SessionRow> {
  /**
   * Whether this is an unsafe request from another origin that is not allowed. The visitor then counts as signed out, and
   * no method below writes.
   */
  readonly crossOrigin: boolean
  /**
   * Resolves to the session and user of the cookie; `null` when signed out. Reads the store once per request. Call it
   * before you send anything: the first call throws `headers_sent` once the response was sent.
   */
  validate(): Promise<SignedIn<S, U>>
  /**
   * Resolves to the session and user of an `Authorization: Bearer` token (RFC 6750); `null` if there is none. It is kept
   * apart from the cookie's session, and its origin is not checked.
   */
  validateBearerToken(): Promise<SignedIn<S, U>>
  /**
   * Creates a session and stores it: `createSession` and `setSession` in one. `null` for a cross-origin request. Await it,
   * as every method that writes: throws `headers_sent` once the response was sent.
   */
  signIn(userId: Id, attributes?: SessionRow, options?: PersistOptions): Promise<{ session: S; token: string } | null>
  /** Stores a token made elsewhere, `null` for none, and ends the session that the request came with. */
  setSession(token: string | null, options?: PersistOptions): Promise<void>
  /** Gives the session a new token, and keeps how long its cookie lasts. `null` when signed out. */
  rotate(options?: PersistOptions): Promise<{ session: S; token: string } | null>
  /** Ends the session in the store, then in the browser. */
  signOut(): Promise<void>
}

/** A request's session in the hands of its wrapper, which closes it. */
export interface OpenRequestSession<
  S extends SessionFields,
  U extends { id: UserId },
  Id extends UserId,
  SessionRow,
> extends RequestSession<S, U, Id, SessionRow> {
  /**
   * Closes the session, because the response is complete: later writes throw `headers_sent`, and so do reads if none came
   * before. Returns the error to report, once, if a write is still under way; that write's own failure goes unheard.
   */
  finish(): AuthError | null
}

/** Opens the session of one request. */
export function createRequestSession<S extends SessionFields, U extends { id: UserId }, Id extends UserId, SessionRow>(
  baseAuth: RequestAuth<S, U, Id, SessionRow>,
  { request, origin, allowCrossOrigin = false, canWrite, write, onUse }: RequestIo,
  snapshots?: SnapshotOptions<S, U>,
): OpenRequestSession<S, U, Id, SessionRow> {
  const auth = baseAuth.withRequest(request)
  const isForeign = !verifyRequestOrigin(origin, auth)
  const crossOrigin = isForeign && !allowCrossOrigin
  if (crossOrigin) auth.emit("cross_origin", {})

  const header = origin.headers.get("Cookie")
  let token = isForeign ? null : auth.readSessionCookie(header)
  const cookie = remember(validateCookie)
  const bearer = remember(validateBearer)
  const writes = trackWrites()
  let isFinished = false
  let isUsed = false

  async function validateCookie(): Promise<SignedIn<S, U>> {
    const member = await readMember()
    if (snapshots && (!isForeign || member) && isWritable()) await keepSnapshot(member, snapshots)
    return member
  }

  async function keepSnapshot(member: SignedIn<S, U>, { with: keeper, claims }: SnapshotOptions<S, U>) {
    const { attributes } = auth.createBlankSessionCookie()
    const isPresent = header?.includes(`${keeper.cookieName}=`)
    if (!member) return isPresent && write(keeper.blankSnapshotCookie(attributes))
    const renewed = await keeper.snapshotCookie(header, member.session, claims(member), attributes)
    if (renewed && isWritable()) write(renewed)
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
    if (token !== presented || !isWritable()) return
    token = renewed
    write(auth.createSessionCookie(renewed))
  }

  async function validateBearer(): Promise<SignedIn<S, U>> {
    const presented = auth.readBearerToken(origin.headers.get("Authorization"))
    if (presented === null) return null
    const result = await auth.validateSession(presented)
    return "reason" in result ? null : { session: result.session, user: result.user }
  }

  // async, so that what use() throws rejects.
  async function validate() {
    use()
    return cookie.get()
  }

  async function validateBearerToken() {
    use()
    return bearer.get()
  }

  function use() {
    if (!isUsed && !isWritable()) throw new AuthError("headers_sent", lateRead)
    isUsed = true
    onUse()
  }

  function isWritable() {
    return !isFinished && canWrite()
  }

  async function store(newToken: string | null, options?: PersistOptions) {
    requireWritable()
    const written = newToken === null ? null : auth.createSessionCookie(newToken, options)
    write(written ?? auth.createBlankSessionCookie())
    token = written?.value ?? null
    cookie.forget()
    if (!snapshots) return
    write(snapshots.with.blankSnapshotCookie(auth.createBlankSessionCookie().attributes))
    if (newToken !== null) await validate()
  }

  function requireWritable() {
    if (!isWritable()) throw new AuthError("headers_sent", lateWrite)
  }

  async function setSession(newToken: string | null, options?: PersistOptions) {
    if (crossOrigin) return
    requireWritable()
    use()
    const previous = plainToken(token) === plainToken(newToken) ? null : await validate()
    if (previous && !(await isTokenOf(newToken, previous.session))) await auth.invalidateSession(previous.session.id)
    await store(newToken, options)
  }

  async function isTokenOf(newToken: string | null, { id }: S) {
    return newToken !== null && (await auth.isTokenOf?.(newToken, id)) === true
  }

  async function signIn(userId: Id, attributes?: SessionRow, options?: PersistOptions) {
    if (crossOrigin) return null
    requireWritable()
    const created = await auth.createSession(userId, attributes)
    const { value } = auth.createSessionCookie(created.token, options)
    await setSession(value)
    return { ...created, token: value }
  }

  async function rotate(options?: PersistOptions) {
    requireWritable()
    use()
    const rotated = token === null ? null : await auth.rotateSession(token)
    if (!rotated) {
      cookie.forget()
      return null
    }
    const { value } = auth.createSessionCookie(rotated.token, options)
    await store(value)
    return { ...rotated, token: value }
  }

  function finish() {
    isFinished = true
    return writes.abandon() ? new AuthError("headers_sent", pendingWrite) : null
  }

  return {
    crossOrigin,
    validate,
    validateBearerToken,
    signIn: writes.track(signIn),
    setSession: writes.track(setSession),
    rotate: writes.track(rotate),
    signOut: writes.track(() => setSession(null)),
    finish,
  }
}

const lateRead =
  "The session was asked for after the response was sent, so caches were not told to keep it private. Call validate() before you send anything."
const lateWrite = "The response was sent without this change. Sign in and out before you send anything."
const pendingWrite =
  "The response was sent while signIn(), setSession(), rotate() or signOut() was still under way. Did you forget await?"

const followers = new WeakMap<Promise<unknown>, Promise<unknown>>()

/** Declares that `promise` waits for a session's write. If the write is abandoned, the failure of both goes unheard. */
export function follow(write: Promise<unknown>, promise: Promise<unknown>): void {
  followers.set(write, promise)
}

/** Knows which writes are under way. */
function trackWrites() {
  const pending = new Set<Promise<unknown>>()

  function track<Args extends unknown[], Result>(write: (...args: Args) => Promise<Result>) {
    return (...args: Args): Promise<Result> => {
      async function run() {
        try {
          return await write(...args)
        } finally {
          pending.delete(running)
        }
      }
      const running = run()
      pending.add(running)
      return running
    }
  }

  /** Returns whether there were any. Nobody waits for them, so one that fails must not end the process. */
  function abandon(): boolean {
    const wasPending = pending.size > 0
    for (const running of pending) {
      running.catch(() => {})
      followers.get(running)?.catch(() => {})
    }
    pending.clear()
    return wasPending
  }

  return { track, abandon }
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

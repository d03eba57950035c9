import type { AnyAuth, InferSession, InferSessionRow, InferUserId, Shown } from "../core/auth.ts"
import type { Cookie } from "../core/cookie.ts"
import type { AuthError } from "../core/errors.ts"
import { checkOptions } from "../core/options.ts"
import { verifyRequestOrigin } from "../core/origin.ts"
import { isPersistent, plainToken } from "../core/persistence.ts"
import type { UserId } from "../core/ports.ts"
import type { Keepers } from "./device.ts"
import { openFlows } from "./flow-cookies.ts"
import type { FlowRequest } from "./flow.ts"
import type { Member } from "./member.ts"
import { openCookie } from "./open-cookie.ts"
import { sentCookies } from "./request-io.ts"
import type { RequestIo } from "./request-io.ts"
import { remember } from "./remember.ts"
import { createResponseWindow } from "./response-window.ts"

/** Whether a cookie outlives the browser. */
export interface PersistOptions {
  /**
   * `false` if "remember me" was left unticked: the cookie ends with the browser. Default `true` at sign-in. Later the
   * default is what was chosen at sign-in, which the cookie's token says.
   */
  persistent?: boolean | undefined
}

/** A session that was created or rotated, and its token. */
export type NewSession<A extends AnyAuth> = Shown<{ session: InferSession<A>; token: string }>

/** What `elevate()` takes of `createSignIn()` from `nightlatch/sign-in`. */
export interface ElevatingDoor<Proof> {
  elevate(presented: { sessionToken: string; proof: Proof }): Promise<{ token: string } | null>
}

/** The session of one request: what every wrapper offers. */
export interface RequestSession<A extends AnyAuth> extends FlowRequest<A> {
  /** The request's method. */
  readonly method: string
  /**
   * Whether this is an unsafe request from another origin that is not allowed. The visitor then counts as signed out, and
   * no method below writes.
   */
  readonly crossOrigin: boolean
  /** Whether the browser only prepares for a visit that may never be. */
  readonly prefetch: boolean
  /**
   * Resolves to the session and user of the cookie; `null` when signed out. Reads the store once per request. Call it
   * before you send anything: the first call throws `headers_sent` once the response was sent.
   */
  validate(): Promise<Member<A> | null>
  /**
   * Resolves to the session and user of an `Authorization: Bearer` token (RFC 6750); `null` if there is none. It is kept
   * apart from the cookie's session, and its origin is not checked.
   */
  validateBearerToken(): Promise<Member<A> | null>
  /**
   * Creates a session and stores it: `createSession` and `setSession` in one. `null` for a cross-origin request. Await it,
   * as every method that writes: throws `headers_sent` once the response was sent.
   */
  signIn(
    userId: InferUserId<A>,
    attributes?: InferSessionRow<A>,
    options?: PersistOptions,
  ): Promise<NewSession<A> | null>
  /** Stores a token made elsewhere, `null` for none, and ends the session that the request came with. */
  setSession(token: string | null, options?: PersistOptions): Promise<void>
  /** Gives the session a new token, and keeps how long its cookie lasts. `null` when signed out. */
  rotate(options?: PersistOptions): Promise<NewSession<A> | null>
  /**
   * Records in the session what the user has proved just now, for `authorize: door.recent(...)`, and gives it a new token.
   * `door` is what `createSignIn()` returned. `false` when signed out, and if the proof is another user's. Throws what
   * `door.elevate` throws, such as `proof_void`.
   */
  elevate<Proof>(door: ElevatingDoor<Proof>, proof: Proof): Promise<boolean>
  /** Ends the session in the store, then in the browser. */
  signOut(): Promise<void>
}

/** A request's session in the hands of its wrapper, which closes it. */
export interface OpenRequestSession<A extends AnyAuth> extends RequestSession<A> {
  /**
   * Closes the session, because the response is complete: later writes throw `headers_sent`, and so do reads if none came
   * before. Returns the error to report, once, if a write is still under way; that write's own failure goes unheard.
   */
  finish(): AuthError | null
}

/** Opens the session of one request. */
export function createRequestSession<A extends AnyAuth>(
  auth: A,
  io: RequestIo,
  keepers: Keepers<A> = {},
): OpenRequestSession<A> {
  // The results of `A` have the types that are inferred from `A`. The compiler cannot see it while `A` is a parameter.
  return openSession(auth, io, keepers as Keepers<AnyAuth>) as unknown as OpenRequestSession<A>
}

function openSession(baseAuth: AnyAuth, io: RequestIo, keepers: Keepers<AnyAuth>): OpenRequestSession<AnyAuth> {
  const { request, origin, sent, allowCrossOrigin = false, canWrite, write, onUse } = io
  const { snapshots, device } = keepers
  const known = baseAuth.withRequest(request)
  const guarded = device?.guard(known, io)
  const auth = guarded ?? known
  const isForeign = !verifyRequestOrigin(origin, auth)
  const crossOrigin = isForeign && !allowCrossOrigin
  if (crossOrigin) auth.emit("cross_origin", {})

  const { isWritable, requireWritable, use, finish, track } = createResponseWindow({ canWrite, onUse })
  const header = origin.headers.get("Cookie")
  const cookie = openCookie(auth, { header, isForeign, isWritable, write }, snapshots)
  const bearer = remember(validateBearer)
  const flows = openFlows(auth, {
    sent: isForeign || !sent ? sentCookies(isForeign ? null : header) : sent,
    isRefused: crossOrigin,
    snapshotName: snapshots?.cookieName,
    requireWritable,
    use,
    write,
  })

  // async, so that what use() throws rejects.
  async function validate() {
    use()
    return cookie.validate()
  }

  async function validateBearerToken() {
    use()
    return bearer.get()
  }

  async function validateBearer(): Promise<Member<AnyAuth> | null> {
    const presented = auth.readBearerToken(origin.headers.get("Authorization"))
    if (presented === null) return null
    const result = await auth.validateSession(presented)
    return "reason" in result ? null : { session: result.session, user: result.user }
  }

  async function setSession(newToken: string | null, options?: PersistOptions) {
    if (crossOrigin) return
    requireWritable()
    use()
    // All that can be wrong with them shows before the presented session ends.
    checkOptions("setSession()", options, "persistent")
    const written = newToken === null ? null : auth.createSessionCookie(newToken, options)
    const previous = plainToken(cookie.token()) === plainToken(newToken) ? null : await validate()
    if (previous && !(await isTokenOf(newToken, previous))) await auth.invalidateSession(previous.session.id)
    await replace(written)
  }

  async function replace(written: Cookie | null) {
    await guarded?.leaveSession(written && written.value)
    requireWritable()
    await cookie.replace(written)
  }

  async function isTokenOf(newToken: string | null, { session }: Member<AnyAuth>) {
    return newToken !== null && (await auth.isTokenOf?.(newToken, session.id)) === true
  }

  async function signIn(userId: UserId, attributes?: object, options?: PersistOptions) {
    if (crossOrigin) return null
    requireWritable()
    checkOptions("signIn()", options, "persistent")
    const created = await auth.createSession(userId, attributes)
    const { value } = auth.createSessionCookie(created.token, options)
    await setSession(value)
    return { ...created, token: value }
  }

  async function rotate(options?: PersistOptions) {
    return replaceToken((token) => auth.rotateSession(token), options)
  }

  async function elevate<Proof>(door: ElevatingDoor<Proof>, proof: Proof) {
    return (await replaceToken((sessionToken) => door.elevate({ sessionToken, proof }))) !== null
  }

  async function replaceToken<New extends { token: string }>(
    make: (token: string) => Promise<New | null>,
    options?: PersistOptions,
  ) {
    requireWritable()
    use()
    checkOptions("rotate()", options, "persistent")
    const token = cookie.token()
    // Who has copied a cookie must not change its token.
    const isTheirs = token !== null && (!guarded || (await cookie.validate()) !== null)
    const made = isTheirs ? await make(token) : null
    if (!made) {
      cookie.forget()
      return null
    }
    const written = auth.createSessionCookie(made.token, { persistent: isPersistent(token), ...options })
    await replace(written)
    return { ...made, token: written.value }
  }

  return {
    ...flows,
    method: origin.method,
    prefetch: /prefetch/i.test(`${origin.headers.get("Sec-Purpose")}`),
    crossOrigin,
    validate,
    validateBearerToken,
    signIn: track(signIn),
    setSession: track(setSession),
    rotate: track(rotate),
    elevate: track(elevate),
    signOut: track(() => setSession(null)),
    finish,
  }
}

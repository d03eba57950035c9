import type { AnyAuth } from "../core/auth.ts"
import { createCookieReader } from "../core/cookie.ts"
import type { Cookie } from "../core/cookie.ts"
import { door } from "../core/door.ts"
import { AuthError } from "../core/errors.ts"
import { createPolicy, parseDuration } from "../core/expiry.ts"
import type { Duration } from "../core/expiry.ts"
import { checkOption, checkOptions } from "../core/options.ts"
import { createSessionCookies } from "../core/session-cookie.ts"
import { hashText } from "../platform/crypto.ts"
import { cookieName, mayOffer, offerHeader } from "../request/device-offer.ts"
import type { DeviceRequest, GuardedAuth } from "../request/device.ts"
import type { RequestIo } from "../request/request-io.ts"
import { challengeFor, claimOf, offerTo, ownAddressOf, reply, setting } from "./answers.ts"
import type { Header } from "./answers.ts"
import type { BindableSession, DeviceBinding, DeviceBindingOptions, DeviceCheck, DeviceReason } from "./device.ts"
import { boundKeyOf, suffixOf } from "./device-key.ts"
import { readProof } from "./device-proof.ts"
import { createSeals } from "./seals.ts"

// In milliseconds: how long after a sign-in a session may be bound.
const offerLife = 600_000
// What was sent before the browser had its first cookie may arrive after the session was bound.
const grace = 10_000
// A challenge is used when the cookie that came with it has expired.
const challengeMargin = 60_000
// A browser's clock may be late, and a request on its way: the cookie is renewed before it is void.
const margin = 30_000

/**
 * Binds sessions to a key that cannot leave the user's machine, in browsers that have Device Bound Session Credentials (W3C
 * draft). A copied cookie is then good for `cookieLife` at most. Other browsers notice nothing.
 *
 * Start with `mode: "observe"`. No request reads more of the store than without it, except that `rotate()` and `elevate()`
 * look at the session first, and a sign-in in place of a refused session at the new one. A refresh reads nothing.
 *
 * Throws `unsupported` for a stateless auth, and `invalid_option` for an option that does not exist or is invalid, for
 * `cookie.partitioned` and, with `enforce`, for `cookie.domain`.
 *
 * @example
 * export const device = createDeviceBinding({ auth, secrets: [process.env.AUTH_SECRET], mode: "observe" })
 * export const { handler } = createWebAuth(auth, { device })
 */
export function createDeviceBinding<S extends BindableSession>(options: DeviceBindingOptions<S>): DeviceBinding<S> {
  checkOptions("createDeviceBinding()", options, "auth", "secrets", "mode", "cookieLife", "path")
  const { auth, mode, cookieLife = "10m", path = "/auth/device" } = options
  if (!auth?.[door]) throw new AuthError("unsupported", "auth: stores no sessions; use createAuth()")
  const [inside, { session: lifetimes, now = Date.now }] = auth[door]()
  const { absoluteTimeout } = createPolicy(lifetimes)
  const { seal, open } = createSeals(options.secrets)
  const life = parseDuration(cookieLife, "cookieLife")
  const { secure, sameSite, domain, partitioned, path: cookiePath } = auth.createBlankSessionCookie().attributes
  checkOption("mode", mode, mode === "observe" || mode === "enforce", 'is unknown; use "observe" or "enforce"')
  checkOption("cookieLife", cookieLife, life >= 300_000, 'is too short for browsers; use at least "5m"')
  checkOption(
    "path",
    path,
    /^(\/(?!\.\.?(\/|$))[\w.~-]+)+\/?$/.test(path) && `${path}/`.startsWith(cookiePath.replace(/\/?$/, "/")),
    "is not a path below cookie.path",
  )
  checkOption("cookie.domain", domain, !domain || mode === "observe", 'spans hosts; remove it, or use "observe"')
  checkOption("cookie.partitioned", partitioned, !partitioned, "cannot be bound; remove it")

  return {
    path,
    handler,
    guard,
    prove,
    provenAt: ({ headers }, session) => provenAt(boundKeyOf(session), headers.get("Cookie")),
  }

  function guard<A extends AnyAuth>(auth: A, io: RequestIo): GuardedAuth<A> {
    const { headers } = io.origin
    // Whoever asks may have waited for a large body first.
    const arrived = now()
    let bearer: string | null = null
    let refused: BindableSession | undefined

    async function admits(session: BindableSession, token: unknown): Promise<boolean> {
      const key = boundKeyOf(session)
      const isBearer = token === bearer
      if (key === null) {
        if (secure && !isBearer && io.canWrite() && isRecent(session) && mayOffer(headers))
          io.headers?.set(...offerTo(path, token))
        return true
      }
      const name = suffixOf(key)
      const cookies = io.sent ? io.sent.header(cookieName(name, secure)) : headers.get("Cookie")
      const isProven = (await provenAt(key, cookies, arrived)) !== null
      if (isProven && !isBearer) return true
      const isSent = read(name, cookies) !== null
      // Without it the browser makes a new proof at once, and not when this one would have expired.
      if (isSent && !isProven && io.canWrite()) io.write(cookie(name, null))
      // Browsers that bind sessions tell the mode.
      const isOnTheWay = arrived - parseInt(key) < grace && headers.get("Sec-Fetch-Mode") !== null
      const isAdmitted = mode === "observe" || (!isBearer && isOnTheWay)
      const reason: DeviceReason = isBearer ? "bearer" : (claimOf(headers) ?? (isSent ? "expired" : "missing"))
      const about = { userId: session.userId, sessionId: session.id, reason }
      if (isAdmitted) auth.emit("device_skipped", about)
      else auth.emit("device_refused", about)
      if (!isAdmitted && !isBearer) refused = session
      return isAdmitted
    }

    return {
      ...auth,
      readBearerToken: (header) => (bearer = auth.readBearerToken(header)),
      async validateSession(token) {
        const found = await auth.validateSession(token)
        const isIn = !found.session || (await admits(found.session as BindableSession, token))
        return isIn ? found : { session: null, user: null, reason: "unknown" }
      },
      async leaveSession(token) {
        const { session } = refused && token !== null ? await auth.validateSession(token) : { session: null }
        // Whoever has stolen the cookie signs in as somebody else, and must not sign its owner out.
        if (session && session.userId === refused?.userId && session.id !== refused.id)
          await auth.invalidateSession(refused.id)
        if (!io.canWrite()) return
        // What was offered for the earlier token would be refused.
        io.headers?.delete(offerHeader)
        if (io.offersByCookie && secure && token !== null) io.write(cookie("-offer", challengeFor(token), offerLife))
      },
    }
  }

  async function prove(request: Request, session: S, limits: { within?: Duration } = {}): Promise<DeviceCheck> {
    checkOptions("prove()", limits, "within")
    const within = parseDuration(limits.within ?? "2m", "within")
    const key = boundKeyOf(session)
    const at = await provenAt(key, request.headers.get("Cookie"))
    if (!key || !at) return { provenAt: null, redirect: null }
    if (now() - Number(at) < within) return { provenAt: at }
    const redirect = reply(307, null, ["Location", ownAddressOf(request)], setting(cookie(suffixOf(key), null)))
    return { provenAt: null, redirect }
  }

  async function handler(request: DeviceRequest): Promise<Response> {
    const { method, headers } = request
    const cookies = headers.get("Cookie")
    const token = auth.readSessionCookie(cookies)
    if (method === "GET") return offer(headers, token)
    if (method !== "POST") return reply(405, null, ["Allow", "GET, POST"])
    const [jwt, identifier] = ["Secure-Session-Response", "Sec-Secure-Session-Id"].map((name) =>
      // The draft has them in quotes, and Chromium has not.
      headers.get(name)?.replace(/^"(.*)"$/, "$1"),
    )
    if (identifier) return refresh(request, token, identifier, jwt)
    // The page of another site can send its visitor here, but no proof.
    if (jwt === undefined) return reply(400)
    const response = (await register(request, token, jwt)) ?? reply(400)
    // Whatever came of it: browsers sign six times in nine minutes.
    response.headers.append(...setting(cookie("-offer", null)))
    return response
  }

  /** Answers a picture, by which a page that a script has made asks for the offer. */
  async function offer(headers: DeviceRequest["headers"], token: string | null): Promise<Response> {
    // A script can send the same mode, and read the answer.
    const isPicture = headers.get("Sec-Fetch-Mode") === "no-cors" && headers.get("Sec-Fetch-Dest") === "image"
    const isAsked = secure && mayOffer(headers, isPicture ? null : undefined)
    return isAsked && (await bindable(token)) ? reply(200, null, offerTo(path, token)) : reply(200)
  }

  async function register(request: DeviceRequest, token: string | null, jwt: string): Promise<Response | null> {
    // A page's script can send a proof, but browsers say so.
    const proof = /^(null|no-cors)$/.test(`${request.headers.get("Sec-Fetch-Mode")}`) ? await readProof(jwt) : null
    const session = proof?.challenge === challengeFor(token) ? await bindable(token) : null
    if (!proof || !session) return null
    const { userId, id: sessionId } = session
    const key = `${Math.floor(now())}.${proof.key}`
    if (!(await inside.updateSession(sessionId, { device_key: key }, { ifNull: "device_key" }))) return null
    auth.withRequest(request).emit("device_bound", { userId, sessionId })
    const identifier = await seal("identifier", key, Number(session.createdAt))
    return instruct(key, identifier, setting(cookie("", suffixOf(key), absoluteTimeout)))
  }

  async function refresh(
    request: DeviceRequest,
    token: string | null,
    identifier: string,
    jwt?: string,
  ): Promise<Response> {
    const cookies = request.headers.get("Cookie")
    const pointer = read("", cookies)
    const sealed = await open("identifier", identifier)
    // A visit that another site has started, while the secret is gone: the key shows when they come by themselves. After 503
    // browsers try again.
    if (!sealed && pointer === null && token === null) return reply(503)
    // Without the secret the session that comes along has the key.
    const isRead = !sealed && /^[\w-]+$/.test(identifier)
    const { session } = isRead ? await inside.validateSession(token) : { session: null }
    const key = sealed ? now() - sealed.at < absoluteTimeout && sealed.subject : session && boundKeyOf(session)
    const name = suffixOf(`${key}`)
    const known = pointer ?? (read(name, cookies) && name)
    if (!key || (known !== null && (known !== name || token === null))) {
      // Signed out: until now the cookie was there to say so.
      const cookies = known === name ? [setting(cookie("", null))] : []
      return reply(200, { session_identifier: identifier, continue: false }, ...cookies)
    }
    const challenge = await seal("challenge", hashText(key), now())
    const next: Header = ["Secure-Session-Challenge", `"${challenge}";id="${identifier}"`]
    const proof = jwt ? await readProof(jwt, key.replace(/^\d+\./, "")) : undefined
    if (proof === null) {
      // Reported only here: whoever knows the identifier has it from the browser, and anyone can register junk.
      auth.withRequest(request).emit("device_refused", { reason: "forged" satisfies DeviceReason })
      return reply(400)
    }
    const age = now() - (await sealedAt("challenge", key, proof?.challenge))
    // Responses may arrive out of order, so an old challenge is not an attack.
    return age < life + challengeMargin ? instruct(key, identifier, next) : reply(403, null, next)
  }

  async function instruct(key: string, identifier: string, header: Header): Promise<Response> {
    const proof = cookie(suffixOf(key), await seal("cookie", hashText(key), now()), life - margin)
    const instructions = {
      session_identifier: identifier,
      refresh_url: path,
      scope: { include_site: false },
      // Without its value and its age.
      credentials: [{ type: "cookie", name: proof.name, attributes: proof.serialize().replace(/^.*?; .*?; /, "") }],
      // Else a link in a mail would open its page without a proof.
      allowed_refresh_initiators: ["*"],
    }
    return reply(200, instructions, setting(proof), header)
  }

  /** Reads the session of a token that may still be bound. */
  async function bindable(token: string | null): Promise<S | null> {
    const { session } = await inside.validateSession(token)
    return session && boundKeyOf(session) === null && isRecent(session) ? session : null
  }

  function isRecent({ createdAt, authenticatedAt }: BindableSession): boolean {
    return now() - Math.max(Number(createdAt), Number(authenticatedAt ?? 0)) < offerLife
  }

  /** Resolves to when a key was proved, by a `Cookie` header that came at `arrived`; `null` if it was not good then. */
  async function provenAt(key: string | null, cookies: string | null, arrived = now()): Promise<Date | null> {
    const at = key === null ? NaN : await sealedAt("cookie", key, read(suffixOf(key), cookies))
    return arrived - at < life ? new Date(at) : null
  }

  /** Resolves to when something was sealed for a key; `NaN` if it was not. */
  async function sealedAt(kind: "challenge" | "cookie", key: string, value: unknown): Promise<number> {
    const opened = await open(kind, value)
    return opened?.subject === hashText(key) ? opened.at : NaN
  }

  function read(name: string, cookies: string | null): string | null {
    return createCookieReader(cookieName(name, secure))(cookies)
  }

  function cookie(name: string, value: string | null, lifetime = 0): Cookie {
    const cookies = createSessionCookies({ name: cookieName(name, secure), secure, sameSite }, lifetime)
    return value === null ? cookies.createBlankSessionCookie() : cookies.createSessionCookie(value)
  }
}

import type { AnyAuth } from "../core/auth.ts"
import { createCookieReader } from "../core/cookie.ts"
import { door } from "../core/door.ts"
import { AuthError } from "../core/errors.ts"
import { createPolicy, parseDuration } from "../core/expiry.ts"
import type { Duration } from "../core/expiry.ts"
import { checkOption, checkOptions, invalidOption } from "../core/options.ts"
import { plainToken } from "../core/persistence.ts"
import { hashText } from "../platform/crypto.ts"
import { mayOffer, offerHeader, offerOf } from "../request/device-offer.ts"
import type { DeviceRequest } from "../request/device.ts"
import type { RequestIo } from "../request/request-io.ts"
import { claimOf, reply, setting } from "./answers.ts"
import type { Header } from "./answers.ts"
import { createBonds } from "./bonds.ts"
import type { Bond } from "./bonds.ts"
import type { BindableSession, DeviceBinding, DeviceBindingOptions, DeviceCheck, DeviceReason } from "./device.ts"
import { readProof } from "./device-proof.ts"
import { createSeals } from "./seals.ts"

// In milliseconds. How long after a sign-in a session may be bound.
const offerLife = 600_000
// What was sent before the browser had its first cookie may arrive after the session was bound.
const grace = 10_000
// A challenge is used when the cookie that came with it has expired.
const challengeMargin = 60_000

/**
 * Binds sessions to a key that cannot leave the user's machine, in browsers that have Device Bound Session Credentials (W3C
 * draft). A copied cookie is then good for `cookieLife` at most. Other browsers notice nothing.
 *
 * Start with `mode: "observe"`. No request reads more of the store than without it, except that `rotate()` and `elevate()`
 * look at the session first, and a sign-in at one that was refused. A refresh reads nothing.
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
  const seals = createSeals(options.secrets)
  const { seal, open } = seals
  const life = parseDuration(cookieLife, "cookieLife")
  const { attributes } = auth.createBlankSessionCookie()
  const { secure, domain, partitioned } = attributes
  const { cookiesOf, bondTo } = createBonds(attributes, seals, { life, now })
  const offers = cookiesOf("-offer", offerLife)
  const pointers = cookiesOf("", absoluteTimeout)
  const readPointer = createCookieReader(pointers.sessionCookieName)
  checkOption("mode", mode, mode === "observe" || mode === "enforce", 'is unknown; use "observe" or "enforce"')
  checkOption("cookieLife", cookieLife, life >= 300_000, 'is too short for browsers; use at least "5m"')
  checkOption(
    "path",
    path,
    /^(\/(?!\.\.?(\/|$))[\w.~-]+)+\/?$/.test(path) && `${path}/`.startsWith(attributes.path.replace(/\/?$/, "/")),
    "is not a path below cookie.path",
  )
  checkOption("cookie.domain", domain, !domain || mode === "observe", 'spans hosts; remove it, or use "observe"')
  checkOption("cookie.partitioned", partitioned, !partitioned, "cannot be bound; remove it")

  return {
    path,
    handler,
    guard,
    prove,
    provenAt,
    offerHeader,
    offerCookie: (token) => offers.createSessionCookie(challengeFor(token)),
  }

  function guard<A extends AnyAuth>(auth: A, io: RequestIo): A {
    const { headers } = io.origin
    // Whoever asks may have waited for a large body first.
    const arrived = now()
    let bearer: string | null = null

    async function admits(session: BindableSession, token: unknown): Promise<boolean> {
      const bond = bondOf(session)
      if (!bond) {
        if (secure && token !== bearer && io.canWrite() && isRecent(session) && mayOffer(headers))
          io.setHeader?.(offerHeader, offerOf(path, challengeFor(token)))
        return true
      }
      const isBearer = token === bearer
      const cookie = io.sent ? io.sent.header(bond.cookieName) : headers.get("Cookie")
      const provenAt = await bond.provenAt(cookie, arrived)
      if (provenAt && !isBearer) return true
      const isSent = bond.read(cookie) !== null
      // Without it the browser makes a new proof at once, and not when this one would have expired.
      if (isSent && !provenAt && io.canWrite()) io.write(bond.forget())
      // Browsers that bind sessions tell the mode.
      const isOnTheWay = arrived - parseInt(bond.key) < grace && headers.get("Sec-Fetch-Mode") !== null
      const isAdmitted = mode === "observe" || (!isBearer && isOnTheWay)
      const reason: DeviceReason = isBearer ? "bearer" : (claimOf(headers) ?? (isSent ? "expired" : "missing"))
      const about = { userId: session.userId, sessionId: session.id, reason }
      if (isAdmitted) auth.emit("device_skipped", about)
      else auth.emit("device_refused", about)
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
    }
  }

  async function provenAt({ headers }: Pick<DeviceRequest, "headers">, session: S): Promise<Date | null> {
    return (await bondOf(session)?.provenAt(headers.get("Cookie"))) ?? null
  }

  async function prove(request: Request, session: S, limits: { within?: Duration } = {}): Promise<DeviceCheck> {
    checkOptions("prove()", limits, "within")
    const within = parseDuration(limits.within ?? "2m", "within")
    const bond = bondOf(session)
    const at = await provenAt(request, session)
    if (!bond || !at) return { provenAt: null, redirect: null }
    if (now() - Number(at) < within) return { provenAt: at }
    const { pathname, search } = new URL(request.url)
    // Browsers take what starts with two slashes for the name of another host.
    const location = pathname.replace(/^\/\//, "/.//") + search
    return { provenAt: null, redirect: reply(307, null, ["Location", location], setting(bond.forget())) }
  }

  /** The key that a session is bound to. */
  function bondOf({ deviceKey }: BindableSession) {
    if (deviceKey === undefined) throw invalidOption("session.deviceKey", deviceKey, notShown)
    return deviceKey === null ? null : bondTo(deviceKey)
  }

  async function handler(request: DeviceRequest): Promise<Response> {
    const { method, headers } = request
    if (method === "GET") return offerTo(request)
    if (method !== "POST") return reply(405, null, ["Allow", "GET, POST"])
    const [jwt, identifier] = ["Secure-Session-Response", "Sec-Secure-Session-Id"].map((name) =>
      // The draft has them in quotes, and Chromium has not.
      headers.get(name)?.replace(/^"(.*)"$/, "$1"),
    )
    if (identifier) return refresh(request, identifier, jwt)
    // The page of another site can send its visitor here, but no proof.
    if (jwt === undefined) return reply(400, null)
    const response = (await register(request, jwt)) ?? reply(400, null)
    // Whatever came of it: browsers sign six times in nine minutes.
    response.headers.append(...setting(offers.createBlankSessionCookie()))
    return response
  }

  /** Answers a picture, by which a page that a script has made asks for the offer. */
  async function offerTo({ headers }: DeviceRequest): Promise<Response> {
    const token = auth.readSessionCookie(headers.get("Cookie"))
    const isAsked = token !== null && secure && mayOffer(headers, "no-cors")
    const { session } = isAsked ? await inside.validateSession(token) : { session: null }
    const isBindable = session && !bondOf(session) && isRecent(session)
    const offer: Header[] = isBindable ? [[offerHeader, offerOf(path, challengeFor(token))]] : []
    return reply(200, null, ...offer)
  }

  async function register(request: DeviceRequest, jwt: string): Promise<Response | null> {
    const { headers } = request
    const token = auth.readSessionCookie(headers.get("Cookie"))
    // A page's script can send a proof, but browsers say so.
    if (token === null || !/^(null|no-cors)$/.test(`${headers.get("Sec-Fetch-Mode")}`)) return null
    const proof = await readProof(jwt)
    if (proof?.challenge !== challengeFor(token)) return refuse(request)
    const { session } = await inside.validateSession(token)
    if (!session || bondOf(session) || !isRecent(session)) return null
    const { userId, id: sessionId, createdAt } = session
    const bond = bondTo(`${now()}.${proof.key}`)
    if (!(await inside.updateSession(sessionId, { device_key: bond.key }, { ifNull: "device_key" }))) return null
    auth.withRequest(request).emit("device_bound", { userId, sessionId })
    const end = Math.min(Number(createdAt) + absoluteTimeout, 8.64e15)
    return instruct(bond, await seal("identifier", bond.key, end), setting(pointers.createSessionCookie(bond.short)))
  }

  async function refresh(request: DeviceRequest, identifier: string, jwt?: string): Promise<Response> {
    const cookie = request.headers.get("Cookie")
    const sealed = await open("identifier", identifier)
    const bond = sealed && now() < sealed.at ? bondTo(sealed.subject) : await bondOfVisitor(identifier, cookie)
    // A visit that another site has started, while the secret is gone: the key shows when they come by themselves. After 503
    // browsers try again.
    if (!sealed && (readPointer(cookie) ?? auth.readSessionCookie(cookie)) === null) return reply(503, null)
    if (!bond || isOver(cookie, bond)) return reply(200, { session_identifier: identifier, continue: false })
    const challenge = await seal("challenge", bond.hash, now())
    const next: Header = ["Secure-Session-Challenge", `"${challenge}";id="${identifier}"`]
    const proof = jwt ? await readProof(jwt, bond.key.replace(/^\d+\./, "")) : undefined
    if (proof === null) return refuse(request) ?? reply(400, null)
    const answered = await open("challenge", proof?.challenge)
    const isGood = answered?.subject === bond.hash && now() - answered.at < life + challengeMargin
    // Responses may arrive out of order, so an old challenge is not an attack.
    return isGood ? instruct(bond, identifier, next) : reply(403, null, next)
  }

  /** Reads the key of the session that comes along, for an identifier whose secret is gone. */
  async function bondOfVisitor(identifier: string, cookie: string | null): Promise<Bond | null> {
    if (!/^[\w-]+$/.test(identifier)) return null
    const { session } = await inside.validateSession(auth.readSessionCookie(cookie))
    return session && bondOf(session)
  }

  /**
   * Returns whether the browser has signed out, or bound another session. What another site's page starts brings no cookies,
   * and does not tell.
   */
  function isOver(cookie: string | null, { short, read }: Bond): boolean {
    const pointer = readPointer(cookie) ?? (read(cookie) && short)
    return pointer !== null && (pointer !== short || auth.readSessionCookie(cookie) === null)
  }

  async function instruct(bond: Bond, identifier: string, header: Header): Promise<Response> {
    const cookie = await bond.prove()
    const instructions = {
      session_identifier: identifier,
      refresh_url: path,
      scope: { include_site: false },
      // Without its value and its age.
      credentials: [
        { type: "cookie", name: bond.cookieName, attributes: cookie.serialize().split("; ").slice(2).join("; ") },
      ],
      // Else a link in a mail would open its page without a proof.
      allowed_refresh_initiators: ["*"],
    }
    return reply(200, instructions, setting(cookie), header)
  }

  /** Somebody has signed with another key, or for another session. */
  function refuse(request: DeviceRequest): null {
    auth.withRequest(request).emit("device_refused", { reason: "forged" satisfies DeviceReason })
    return null
  }

  function isRecent({ createdAt, authenticatedAt }: BindableSession): boolean {
    return now() - Math.max(Number(createdAt), Number(authenticatedAt ?? 0)) < offerLife
  }
}

const notShown = "is missing; use deviceColumns, and deviceKey() in createAuth()"

/** The challenge of a registration: known to whoever got it, and to whoever has the token. */
function challengeFor(token: unknown): string {
  return hashText(`device:${String(plainToken(token))}`)
}

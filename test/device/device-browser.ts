import { createSign, generateKeyPairSync } from "node:crypto"
import type { KeyObject } from "node:crypto"
import { createCookieJar } from "../wrappers/cookie-jar.ts"

/** A server under test. */
export type Serve = (request: Request) => Promise<Response>

/** A key pair as Chromium keeps one. */
export interface DeviceKeys {
  algorithm: "ES256" | "RS256"
  privateKey: KeyObject
  jwk: object
}

/** A session that the browser has bound. */
export interface BoundSession {
  id: string
  url: string
  cookie: string
  keys: DeviceKeys
  challenge: string | null
  instructions: Instructions
}

/** What a server answers to a browser that registers or refreshes. */
export interface Instructions {
  session_identifier: string
  continue?: boolean
  refresh_url: string
  scope: { include_site: boolean }
  credentials: [{ type: string; name: string; attributes: string }]
  allowed_refresh_initiators: string[]
}

export const origin = "https://app.example"

/** Makes a key pair. */
export function makeKeys(algorithm: "ES256" | "RS256" = "ES256", modulusLength = 2048): DeviceKeys {
  const { privateKey, publicKey } =
    algorithm === "ES256"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : generateKeyPairSync("rsa", { modulusLength })
  return { algorithm, privateKey, jwk: publicKey.export({ format: "jwk" }) }
}

/** Signs a DBSC proof: with `jwk` for a registration, without one for a refresh. */
export function signProof(keys: DeviceKeys, challenge: string, header: object = {}): string {
  const text = [{ alg: keys.algorithm, typ: "dbsc+jwt", ...header }, { jti: challenge }].map(encode).join(".")
  const signature = createSign("SHA256").update(text).sign({ key: keys.privateKey, dsaEncoding: "ieee-p1363" })
  return `${text}.${signature.toString("base64url")}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url")
}

/**
 * A browser that binds sessions, as Chromium 156 does it: it registers when a response offers it, and before a request it
 * refreshes each bound session whose cookie is gone. `binds: false` makes it one of the others.
 */
export function createDeviceBrowser(
  serve: Serve,
  { now, binds = true, keys = makeKeys }: { now: () => number; binds?: boolean; keys?: () => DeviceKeys },
) {
  const jar = createCookieJar(now)
  const sessions = new Map<string, BoundSession>()
  const log: { method: string; path: string; status: number }[] = []

  async function send(url: string, init: RequestInit = {}, withCookies = true): Promise<Response> {
    const headers = new Headers(init.headers)
    const cookie = withCookies ? jar.header(url) : null
    if (cookie !== null) headers.set("Cookie", cookie)
    const response = await serve(new Request(url, { ...init, headers, redirect: "manual" }))
    jar.receive(url, response.headers.getSetCookie())
    log.push({ method: init.method ?? "GET", path: new URL(url).pathname, status: response.status })
    return response
  }

  const signed: number[] = []

  /** Counts a signature, and returns whether the browser makes it: six in nine minutes. */
  function maySign(): boolean {
    if (signed.filter((at) => now() - at < 540_000).length >= 6) return false
    signed.push(now())
    return true
  }

  // The headers that Chromium sends with its own requests.
  const own = {
    "Sec-Fetch-Mode": "no-cors",
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Site": "same-origin",
    Origin: origin,
  }

  async function register(offer: string): Promise<void> {
    const { path, challenge } = /^\(ES256 RS256\);path="(?<path>[^"]+)";challenge="(?<challenge>[^"]+)"$/.exec(
      offer,
    )!.groups!
    if (!maySign()) return
    const pair = keys()
    const url = new URL(path!, origin).href
    const headers = { ...own, "Secure-Session-Response": signProof(pair, challenge!, { jwk: pair.jwk }) }
    const response = await send(url, { method: "POST", headers })
    if (response.status === 200) keep((await response.json()) as Instructions, pair)
  }

  function keep(instructions: Instructions, pair: DeviceKeys): void {
    const { session_identifier: id, refresh_url, credentials } = instructions
    const { href: url } = new URL(refresh_url, origin)
    const cookie = credentials[0].name
    sessions.set(id, { challenge: null, ...sessions.get(id), id, url, cookie, keys: pair, instructions })
  }

  /** Refreshes a bound session. `false` if the browser gives it up. */
  async function refresh(session: BoundSession, withCookies = true): Promise<boolean> {
    for (let n = 0; n < 3; n++) {
      const { id, challenge, keys: pair } = session
      if (challenge !== null && !maySign()) return true
      const proof = challenge !== null && { "Secure-Session-Response": signProof(pair, challenge) }
      const headers = { ...own, "Sec-Secure-Session-Id": id, ...proof }
      const response = await send(session.url, { method: "POST", headers }, withCookies)
      const next = /^"([^"]+)";id="([^"]+)"$/.exec(response.headers.get("Secure-Session-Challenge") ?? "")
      if (next?.[2] === id) session.challenge = next[1]!
      if (response.status >= 500) return true
      if (response.status === 403) continue
      const body = response.status === 200 ? ((await response.json()) as Instructions) : null
      // Chromium deletes the session then too, and reports an invalid answer.
      if (body && body.session_identifier !== id) throw new Error("session_identifier is missing")
      if (!body || body.continue === false) break
      keep(body, pair)
      return true
    }
    sessions.delete(session.id)
    return false
  }

  /** Opens a page, following redirects. With `from: "other"` another site's link leads to it. */
  async function visit(path: string, init: RequestInit & { from?: "own" | "other" } = {}): Promise<Response> {
    const { from = "own", ...rest } = init
    const site = from === "own" ? "same-origin" : "cross-site"
    const url = new URL(path, origin).href
    for (const session of sessions.values()) {
      if (!jar.names().includes(session.cookie) || !(jar.header(url) ?? "").includes(`${session.cookie}=`))
        // Requests from another site carry no cookies.
        await refresh(session, from === "own")
    }
    const headers = {
      "Sec-Fetch-Mode": "navigate",
      "Sec-Fetch-Dest": "document",
      "Sec-Fetch-Site": site,
      ...rest.headers,
    }
    const response = await send(url, { ...rest, headers })
    const offer = response.headers.get("Secure-Session-Registration")
    if (binds && offer !== null) await register(offer)
    const location = response.headers.get("Location")
    if (location === null || response.status < 300 || response.status > 399) return response
    return visit(location, response.status === 307 ? { ...init } : { from })
  }

  return { visit, send, jar, sessions, log, cookies: () => jar.header(`${origin}/`) ?? "" }
}

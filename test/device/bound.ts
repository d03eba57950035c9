import assert from "node:assert/strict"
import { challengeFor as challengeOfToken } from "../../src/device/answers.ts"
import { makeKeys, origin, signProof } from "./device-browser.ts"
import type { BoundSession, DeviceKeys, Serve } from "./device-browser.ts"
import { setUp } from "./set-up.ts"
import type { Changes } from "./set-up.ts"

/** The headers that Chromium sends with its own requests. */
export const own = {
  "Sec-Fetch-Mode": "no-cors",
  "Sec-Fetch-Dest": "empty",
  "Sec-Fetch-Site": "same-origin",
  Origin: origin,
}

/** Asks a server as a program does, which sends what it likes. */
export function clientOf(serve: Serve) {
  return {
    /** Resolves to the user that the page is for. */
    async read(Cookie: string, headers: Record<string, string> = {}): Promise<string> {
      return (await serve(new Request(`${origin}/`, { headers: { Cookie, ...headers } }))).text()
    },
    /** Sends a POST of the site itself. */
    post(path: string, Cookie: string, headers: Record<string, string> = {}): Promise<Response> {
      const all = { Cookie, "Sec-Fetch-Site": "same-origin", ...headers }
      return serve(new Request(origin + path, { method: "POST", headers: all, redirect: "manual" }))
    },
    /** Asks where browsers register and refresh. */
    endpoint(headers: Record<string, string>, method = "POST"): Promise<Response> {
      return serve(new Request(`${origin}/auth/device`, { method, headers: { ...own, ...headers } }))
    },
  }
}

export { challengeOfToken }

/** An application, and a browser that has bound the session of `ada`. */
export async function openBound(changes: Changes = {}) {
  const world = await setUp(changes)
  const browser = world.openBrowser()
  await browser.visit("/sign-in", { method: "POST" })
  const client = clientOf(world.serve)
  return { ...world, ...client, browser, session: only(browser), challengeFor, refresh }

  /** Gets a challenge without a proof. */
  async function challengeFor({ id }: BoundSession): Promise<string> {
    const response = await client.endpoint({ "Sec-Secure-Session-Id": id })
    assert.equal(response.status, 403)
    return challengeOf(response)
  }

  /** Sends a proof for a session. */
  function refresh({ id }: BoundSession, proof: string, headers: Record<string, string> = {}): Promise<Response> {
    return client.endpoint({ "Sec-Secure-Session-Id": id, "Secure-Session-Response": proof, ...headers })
  }
}

/** The header by which a browser registers a key for the session of a token. */
export function registration(token: string, keys: DeviceKeys = makeKeys()): Record<string, string> {
  return { "Secure-Session-Response": signProof(keys, challengeOfToken(token), { jwk: keys.jwk }) }
}

/** The one session that a browser has bound. */
export function only({ sessions }: { sessions: Map<string, BoundSession> }): BoundSession {
  const [session, ...others] = sessions.values()
  assert(session && others.length === 0, `${sessions.size} sessions are bound`)
  return session
}

/** The challenge that an answer carries. */
export function challengeOf(response: Response): string {
  const [, challenge] = /^"([\w-]+)";id="[\w-]+"$/.exec(response.headers.get("Secure-Session-Challenge") ?? "") ?? []
  assert(challenge, "The answer has no challenge.")
  return challenge
}

/** The cookies that an answer sets, as a browser sends them back. */
export function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";", 1)[0]!)
    .filter((pair) => !pair.endsWith("="))
    .join("; ")
}

/** Returns the session's cookie in a `Cookie` header. */
export function sessionCookieOf(header: string): string {
  return /__Host-session=[^;]+/.exec(header)?.[0] ?? ""
}

/** Returns the cookie in a `Cookie` header that shows that the key was proved. */
export function proofCookieOf(header: string): string {
  return /__Host-bound-device-[0-9a-f]{8}=[^;]+/.exec(header)?.[0] ?? ""
}

/** Signs what a session's browser would. */
export function proofOf({ keys }: BoundSession, challenge: string, header: object = {}): string {
  return signProof(keys, challenge, header)
}

import assert from "node:assert/strict"
import { createHmac } from "node:crypto"
import {
  challengeOfToken,
  challengeOf,
  cookiesOf,
  only,
  openBound,
  proofCookieOf,
  proofOf,
  sessionCookieOf,
} from "./bound.ts"
import { makeKeys, signProof } from "./device-browser.ts"
import type { BoundSession } from "./device-browser.ts"
import { minute, second, secretOf } from "./set-up.ts"

/** What somebody does who copied cookies, saw a proof, or has a session of their own. */
export const attacksOnProofs: Record<string, () => Promise<void>> = {
  "a recorded proof gives one more cookie, until a minute after the cookie that came with its challenge": async () => {
    const { now, browser, session, challengeFor, refresh, read } = await openBound()
    const stolen = sessionCookieOf(browser.cookies())
    const first = await refresh(session, proofOf(session, await challengeFor(session)))
    const proof = proofOf(session, challengeOf(first))
    now.advance(11 * minute - 1)
    const replayed = await refresh(session, proof)
    assert.equal(replayed.status, 200)
    assert.equal(await read(`${stolen}; ${cookiesOf(replayed)}`), "ada")
    now.advance(1)
    const late = await refresh(session, proof)
    assert.deepEqual([late.status, cookiesOf(late)], [403, ""])
    assert.notEqual(challengeOf(late), challengeOf(first))
    now.advance(10 * minute - 1)
    assert.equal(await read(`${stolen}; ${cookiesOf(replayed)}`), "nobody")
  },

  "a challenge that nobody has signed gives nothing": async () => {
    const { session, challengeFor, endpoint } = await openBound()
    await challengeFor(session)
    const response = await endpoint({ "Sec-Secure-Session-Id": session.id })
    assert.deepEqual([response.status, cookiesOf(response)], [403, ""])
  },

  "a proof for one session is none for another": async () => {
    const { session, openBrowser, challengeFor, refresh } = await openBound()
    const other = openBrowser()
    await other.visit("/sign-in", { method: "POST" })
    const theirs = only(other)
    const challenge = await challengeFor(session)
    // The other key, the other identifier, and the other challenge.
    await refused(refresh(session, proofOf(theirs, challenge)), 400)
    await refused(refresh(theirs, proofOf(session, challenge)), 400)
    await refused(refresh(theirs, proofOf(theirs, challenge)), 403)
    await refused(refresh(session, proofOf(session, await challengeFor(theirs))), 403)
  },

  "a key of another is refused and reported, and one that comes along too": async () => {
    const { session, challengeFor, refresh, events } = await openBound()
    const keys = makeKeys()
    const challenge = await challengeFor(session)
    await refused(refresh(session, signProof(keys, challenge)), 400)
    assert.deepEqual(events.at(-1), { type: "device_refused", at: events.at(-1)?.at, reason: "forged" })
    await refused(refresh(session, signProof(keys, challenge, { jwk: keys.jwk })), 400)
    await refused(refresh(session, proofOf(session, challenge, { jwk: session.keys.jwk })), 400)
    await refused(refresh(session, proofOf(session, challenge, { jwk: null })), 400)
  },

  "a proof without a signature, or with that of another algorithm, is refused": async () => {
    const { session, challengeFor, refresh } = await openBound()
    const challenge = await challengeFor(session)
    for (const proof of unsigned(session, challenge)) await refused(refresh(session, proof), 400)
    for (const alg of ["none", "RS256", "HS256", "ES384", "es256", "", null, ["ES256"], { toString: 1 }])
      await refused(refresh(session, proofOf(session, challenge, { alg })), 400)
  },

  "a proof of another type is refused": async () => {
    const { session, challengeFor, refresh } = await openBound()
    const challenge = await challengeFor(session)
    for (const typ of ["JWT", "jwt", "dpop+jwt", "DBSC+JWT", "", null, ["dbsc+jwt"]])
      await refused(refresh(session, proofOf(session, challenge, { typ })), 400)
  },

  "what is sealed as one kind is not accepted as another": async () => {
    const { auth, browser, session, challengeFor, refresh, endpoint, read } = await openBound()
    const challenge = await challengeFor(session)
    const cookie = proofCookieOf(browser.cookies())
    const unbound = `__Host-session=${(await auth.createSession("ada")).token}`
    const [name, sealed] = cookie.split("=") as [string, string]
    for (const other of [session.id, sealed]) await refused(refresh(session, proofOf(session, other)), 403)
    for (const id of [challenge, sealed]) {
      assert.equal((await endpoint({ "Sec-Secure-Session-Id": id })).status, 503)
      assert.equal(await continues(endpoint({ Cookie: unbound, "Sec-Secure-Session-Id": id })), false)
    }
    for (const other of [session.id, challenge])
      assert.equal(await read(`${sessionCookieOf(browser.cookies())}; ${name}=${other}`), "nobody")
  },

  "an identifier of another secret is kept without cookies, and one of a session that is over given up": async () => {
    const { session, endpoint, now } = await openBound({ session: { absoluteTimeout: "1h", idleTimeout: "1h" } })
    now.advance(60 * minute - 1)
    assert.equal((await endpoint({ "Sec-Secure-Session-Id": session.id })).status, 403)
    now.advance(1)
    assert.equal(await continues(endpoint({ "Sec-Secure-Session-Id": session.id })), false)
    const another = await openBound()
    another.restart(secretOf(7))
    assert.equal((await another.endpoint({ "Sec-Secure-Session-Id": another.session.id })).status, 503)
  },

  "the challenge of a registration is none of a refresh": async () => {
    const { session, refresh, endpoint, browser, auth } = await openBound()
    const value = challengeOfToken(auth.readSessionCookie(browser.cookies())!)
    await refused(refresh(session, proofOf(session, value), { Cookie: browser.cookies() }), 403)
    const registration = proofOf(session, value, { jwk: session.keys.jwk })
    const response = await endpoint({ Cookie: browser.cookies(), "Secure-Session-Response": registration })
    assert.equal(response.status, 400)
  },

  "a cookie is good until cookieLife is over, to the millisecond": async () => {
    const { browser, read, now } = await openBound({ cookieLife: "5m" })
    const stolen = browser.cookies()
    now.advance(5 * minute - 1)
    assert.equal(await read(stolen), "ada")
    now.advance(1)
    assert.equal(await read(stolen), "nobody")
    now.advance(second)
    assert.equal(await (await browser.visit("/")).text(), "ada")
  },
}

/** Unsigned proofs. */
function unsigned({ keys }: BoundSession, jti: string): string[] {
  const payload = encode({ jti })
  const none = `${encode({ alg: "none", typ: "dbsc+jwt" })}.${payload}`
  const hmac = `${encode({ alg: "HS256", typ: "dbsc+jwt" })}.${payload}`
  const key = Object.entries(keys.jwk).find(([name]) => name === "x")?.[1] as string
  const es = `${encode({ alg: "ES256", typ: "dbsc+jwt" })}.${payload}`
  return [
    `${none}.`,
    `${hmac}.${createHmac("sha256", key).update(hmac).digest("base64url")}`,
    `${es}.`,
    `${es}.${Buffer.alloc(64).toString("base64url")}`,
    `${es}.${Buffer.alloc(63, 1).toString("base64url")}`,
    es,
  ]
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url")
}

async function refused(answering: Promise<Response>, status: number): Promise<void> {
  const response = await answering
  assert.deepEqual([response.status, cookiesOf(response)], [status, ""])
}

async function continues(answering: Promise<Response>): Promise<unknown> {
  const response = await answering
  assert.deepEqual([response.status, cookiesOf(response)], [200, ""])
  return ((await response.json()) as { continue?: unknown }).continue
}

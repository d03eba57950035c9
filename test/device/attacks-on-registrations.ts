import assert from "node:assert/strict"
import { generateKeyPairSync } from "node:crypto"
import { challengeOfToken, clientOf, cookiesOf, own } from "./bound.ts"
import { makeKeys, origin, signProof } from "./device-browser.ts"
import type { DeviceKeys } from "./device-browser.ts"
import { minute, setUp } from "./set-up.ts"
import type { Changes } from "./set-up.ts"

const [ec, rsa] = [makeKeys(), makeKeys("RS256")]

/** What somebody does who tries to bind a session of another, or a key that proves nothing. */
export const attacksOnRegistrations: Record<string, () => Promise<void>> = {
  "ES256 and RS256 keys bind a session": async () => {
    for (const keys of [ec, rsa, rsaKeys(4096)]) {
      const { register, boundTo } = await signedIn()
      assert.equal((await register(keys)).status, 200)
      const [first, second] = "x" in keys.jwk ? ["x", "y"] : ["n", "e"]
      const jwk = keys.jwk as Record<string, string>
      assert.match((await boundTo())!, new RegExp(`^\\d+\\.${jwk[first!]}\\.${jwk[second!]}$`))
    }
  },

  "a key that is missing, weak or of another kind binds nothing": async () => {
    const { register, boundTo } = await signedIn()
    for (const [keys, header] of weak()) {
      const response = await register(keys, header)
      assert.deepEqual([response.status, cookiesOf(response)], [400, ""], JSON.stringify(header))
    }
    assert.equal(await boundTo(), null)
  },

  "of a key only its public parts are kept": async () => {
    const { register, boundTo } = await signedIn()
    const jwk = ec.privateKey.export({ format: "jwk" })
    const more = { ...jwk, kid: "k", key_ops: ["sign"], ext: false, use: "enc", alg: "none", __proto__: null }
    assert.equal((await register(ec, { jwk: more })).status, 200)
    const key = (await boundTo())!
    assert(!key.includes(jwk.d!))
    assert.equal(key.split(".").length, 3)
  },

  "no one binds with an invalid signature, type or algorithm": async () => {
    const { register, boundTo } = await signedIn()
    for (const header of [{ alg: "none" }, { alg: "RS256" }, { alg: "HS256" }, { typ: "JWT" }, { typ: null }])
      assert.equal((await register(ec, { jwk: ec.jwk, ...header })).status, 400)
    assert.equal((await register({ ...ec, privateKey: makeKeys().privateKey })).status, 400)
    assert.equal(await boundTo(), null)
  },

  "a challenge for another session binds nothing": async () => {
    const { cookie, client, boundTo, auth, events } = await signedIn()
    const theirs = (await auth.createSession("ada")).token
    const before = events.length
    for (const challenge of [challengeOfToken(theirs), "", "x", theirs]) {
      const proof = signProof(ec, challenge, { jwk: ec.jwk })
      assert.equal((await client.endpoint({ Cookie: cookie, "Secure-Session-Response": proof })).status, 400)
      // Anyone can send it, and would fill the log.
      assert.equal(events.length, before)
    }
    assert.equal(await boundTo(), null)
  },

  "whoever registers a stolen cookie first keeps the session, and its owner is out": async () => {
    const { register, cookie, client, types } = await signedIn()
    const thief = makeKeys()
    const won = await register(thief)
    const lost = await register(ec)
    assert.deepEqual([won.status, lost.status, cookiesOf(lost)], [200, 400, ""])
    assert.equal(await client.read(cookie), "nobody")
    assert.equal(await client.read(`${cookie}; ${cookiesOf(won)}`), "ada")
    // The application may tell the owner of it.
    assert.equal(types().filter((type) => type === "device_bound").length, 1)
    assert(types().includes("device_refused"))
  },

  "an owner who signs in again ends the session that a thief has bound": async () => {
    const { register, cookie, client, auth } = await signedIn()
    const theirs = `${cookie}; ${cookiesOf(await register(makeKeys()))}`
    const [bound] = await auth.getUserSessions("ada")
    await client.post("/sign-in", cookie)
    assert.equal(await client.read(theirs), "nobody")
    const [own, ...others] = await auth.getUserSessions("ada")
    assert.deepEqual([others, own?.id === bound?.id], [[], false])
  },

  "a stolen cookie is registered in vain once its owner has": async () => {
    const { register, boundTo, cookie, client } = await signedIn()
    const owner = await register(ec)
    const key = await boundTo()
    const thief = await register(makeKeys())
    assert.deepEqual([thief.status, cookiesOf(thief)], [400, ""])
    assert.equal(await boundTo(), key)
    assert.equal(await client.read(`${cookie}; ${cookiesOf(owner)}`), "ada")
  },

  "ten minutes after the sign-in nobody binds the session, and nobody is asked to": async () => {
    const { register, offered, now, boundTo } = await signedIn()
    now.advance(10 * minute - 1)
    assert.notEqual(await offered(), null)
    now.advance(1)
    assert.equal(await offered(), null)
    assert.equal((await register(ec)).status, 400)
    assert.equal(await boundTo(), null)
  },

  "after a new proof of who one is the session can be bound again": async () => {
    const { client, cookie, now, auth, offered } = await signedIn()
    now.advance(60 * minute)
    const renewed = cookiesOf(await client.post("/elevate", cookie))
    assert.notEqual(await offered(renewed), null)
    const [session] = await auth.getUserSessions("ada")
    assert.equal(session?.deviceKey, null)
    now.advance(10 * minute)
    assert.equal(await offered(renewed), null)
  },

  "what a page's script can send binds nothing": async () => {
    const { register, boundTo } = await signedIn()
    for (const mode of ["cors", "same-origin", "navigate", "websocket", "", "no-cors, cors", "null, cors"]) {
      const response = await register(ec, undefined, { "Sec-Fetch-Mode": mode })
      assert.deepEqual([response.status, cookiesOf(response)], [400, ""], mode)
    }
    assert.equal(await boundTo(), null)
  },

  "a registration without a session, or with that of nobody, binds nothing": async () => {
    const { client, cookie, auth } = await signedIn()
    for (const Cookie of ["", "__Host-session=", "__Host-session=x", `${cookie}x`, `${cookie}; __Host-session=other`]) {
      const value = challengeOfToken(`${auth.readSessionCookie(Cookie)}`)
      const proof = signProof(ec, value, { jwk: ec.jwk })
      assert.equal((await client.endpoint({ Cookie, "Secure-Session-Response": proof })).status, 400)
    }
  },

  "other methods are answered 405": async () => {
    const { client, cookie, auth } = await signedIn()
    const value = challengeOfToken(auth.readSessionCookie(cookie)!)
    const proof = signProof(ec, value, { jwk: ec.jwk })
    for (const method of ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]) {
      const response = await client.endpoint({ Cookie: cookie, "Secure-Session-Response": proof }, method)
      assert.deepEqual([response.status, response.headers.get("Allow")], [405, "GET, POST"])
    }
  },

  "two proofs in one request are none": async () => {
    const { cookie, serve, auth, boundTo } = await signedIn()
    const value = challengeOfToken(auth.readSessionCookie(cookie)!)
    const headers = new Headers({ ...own, Cookie: cookie })
    const proof = signProof(ec, value, { jwk: ec.jwk })
    for (const each of [proof, proof]) headers.append("Secure-Session-Response", each)
    assert.equal((await serve(new Request(`${origin}/auth/device`, { method: "POST", headers }))).status, 400)
    assert.equal(await boundTo(), null)
  },

  "every answer of the endpoint is kept by nobody and read by no other origin": async () => {
    const { client, register } = await signedIn()
    for (const response of [await register(ec), await client.endpoint({}), await client.endpoint({}, "GET")]) {
      assert.equal(response.headers.get("Cache-Control"), "no-store")
      assert.equal(response.headers.get("Cross-Origin-Resource-Policy"), "same-origin")
      assert.equal(response.headers.get("Access-Control-Allow-Origin"), null)
    }
  },
}

/** An application whose user has signed in, with a browser that has not bound the session yet. */
async function signedIn(changes: Changes = {}) {
  const world = await setUp(changes)
  const client = clientOf(world.serve)
  const cookie = cookiesOf(await client.post("/sign-in", ""))
  const challenge = challengeOfToken(world.auth.readSessionCookie(cookie)!)
  return {
    ...world,
    client,
    cookie,
    register: (keys: DeviceKeys, header: object = { jwk: keys.jwk }, headers: Record<string, string> = {}) =>
      client.endpoint({ Cookie: cookie, "Secure-Session-Response": signProof(keys, challenge, header), ...headers }),
    boundTo: async () => (await world.auth.getUserSessions("ada"))[0]?.deviceKey,
    offered: async (Cookie = cookie) =>
      (await world.serve(new Request(`${origin}/`, { headers: { Cookie } }))).headers.get(
        "Secure-Session-Registration",
      ),
  }
}

/** Keys that bind nothing, and the header that shows them. */
function weak(): [DeviceKeys, object][] {
  const [small, small3, p384, ed] = [rsaKeys(1024), rsaKeys(2048, 3), curveKeys("P-384"), edKeys()]
  const { jwk } = ec as { jwk: Record<string, string> }
  const zero = "A".repeat(43)
  return [
    [ec, {}],
    [ec, { jwk: null }],
    [ec, { jwk: "x" }],
    [ec, { jwk: [ec.jwk] }],
    [ec, { jwk: { kty: "EC", crv: "P-256" } }],
    [ec, { jwk: { ...jwk, y: jwk["x"] } }],
    [ec, { jwk: { ...jwk, x: zero, y: zero } }],
    [ec, { jwk: { ...jwk, x: { toString: 1 } } }],
    [ec, { jwk: { ...jwk, x: [jwk["x"]] } }],
    [ec, { jwk: { ...jwk, crv: "P-384" } }],
    [ec, { jwk: { ...jwk, kty: "RSA" } }],
    [ec, { jwk: { ...jwk, kty: "OKP", crv: "Ed25519" } }],
    [ec, { jwk: { kty: "oct", k: jwk["x"] } }],
    [small, { jwk: small.jwk }],
    [small3, { jwk: small3.jwk }],
    [p384, { jwk: p384.jwk }],
    [ed, { jwk: ed.jwk }],
  ]
}

function rsaKeys(modulusLength: number, publicExponent = 65537): DeviceKeys {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength, publicExponent })
  return { algorithm: "RS256", privateKey, jwk: publicKey.export({ format: "jwk" }) }
}

function curveKeys(namedCurve: string): DeviceKeys {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve })
  return { algorithm: "ES256", privateKey, jwk: publicKey.export({ format: "jwk" }) }
}

// The signature is that of another key: what counts is what the header shows.
function edKeys(): DeviceKeys {
  return { ...ec, jwk: generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }) }
}

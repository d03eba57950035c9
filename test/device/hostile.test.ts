import fc from "fast-check"
import { expect, test } from "vitest"
import { challengeOfToken, openBound, proofCookieOf, sessionCookieOf } from "./bound.ts"
import { makeKeys, origin, signProof } from "./device-browser.ts"
import { minute } from "./set-up.ts"

const { now, browser, session, device, auth, calls, serve, challengeFor } = await openBound()
const unbound = (await auth.createSession("ada")).token
const keys = makeKeys()
const known = [
  session.id,
  await challengeFor(session),
  browser.cookies(),
  sessionCookieOf(browser.cookies()),
  proofCookieOf(browser.cookies()),
  `__Host-session=${unbound}`,
  challengeOfToken(unbound),
  signProof(keys, "x", { jwk: keys.jwk }),
  signProof(keys, challengeOfToken(unbound)),
  signProof(session.keys, "x"),
  "no-cors",
  "navigate",
]

const json = fc.oneof(
  fc.json(),
  fc.constantFrom('{"toString":1}', '{"__proto__":null}', "null", "0", '"x"', "[[[[]]]]", "{", ""),
)
const part = fc.oneof(fc.jsonValue(), fc.constantFrom({ toString: 1 }, ["x"], "A".repeat(43), "AQAB"))
// What a visitor may put in the place of a proof: any JSON in its three parts, or in the key.
const proofs = fc.oneof(
  fc.tuple(json, json, fc.string()).map((parts) => parts.map((part) => encode(part)).join(".")),
  fc.tuple(fc.constantFrom("EC", "RSA", "OKP"), part, part, json).map(([kty, x, y, payload]) => {
    const jwk = { kty, ...(kty === "EC" && { crv: "P-256" }), x, y, n: x, e: y }
    return `${encode(JSON.stringify({ alg: "ES256", typ: "dbsc+jwt", jwk }))}.${encode(payload)}.AAAA`
  }),
)
const value = fc.oneof(
  fc.constant(null),
  fc.constantFrom(...known),
  fc.tuple(fc.constantFrom(...known), fc.nat(200), fc.string({ maxLength: 3 })).map(([text, at, more]) => {
    return text.slice(0, at) + more + text.slice(at + more.length)
  }),
  fc.constantFrom(...known).map((text) => `"${text}"`),
  fc.tuple(fc.constantFrom(...known), fc.constantFrom(...known)).map((both) => both.join(", ")),
  fc.string({ unit: "binary", maxLength: 300 }),
  proofs,
)
const names = [
  "Cookie",
  "Origin",
  "Authorization",
  "Sec-Fetch-Mode",
  "Sec-Fetch-Site",
  "Sec-Purpose",
  "Sec-Secure-Session-Id",
  "Secure-Session-Response",
  "Secure-Session-Skipped",
]
// Most of a request is as a browser sends it, so that the rest is read at all.
const usual: Record<string, string> = {
  Cookie: `__Host-session=${unbound}`,
  "Sec-Fetch-Mode": "no-cors",
  "Sec-Fetch-Site": "same-origin",
}
const headers = fc.record(
  Object.fromEntries(
    names.map((name) => [
      name,
      fc.oneof({ weight: 3, arbitrary: fc.constant(usual[name] ?? null) }, { weight: 2, arbitrary: value }),
    ]),
  ),
)
const pages = fc.record({
  ...Object.fromEntries(names.map((name) => [name, value])),
  Cookie: fc.subarray(browser.cookies().split("; ")).map((pairs) => pairs.join("; ")),
})
const method = fc.oneof({ weight: 9, arbitrary: fc.constant("POST") }, { weight: 1, arbitrary: fc.string() })

test("the endpoint answers whatever a visitor sends, binds nothing and writes nothing", async () => {
  const isHarmless = async (method: string, sent: Record<string, string | null>) => {
    const response = await device().handler({ method, headers: { get: (name) => sent[name] ?? null } })
    // 503: for an identifier of no secret, without cookies.
    expect([200, 400, 403, 405, 503]).toContain(response.status)
    if (response.status === 200) expect(await response.json()).toMatchObject({ continue: false })
    expect(response.headers.getSetCookie().filter((cookie) => !cookie.includes("Max-Age=0"))).toEqual([])
  }
  calls.length = 0
  await fc.assert(fc.asyncProperty(method, headers, isHarmless), { numRuns: 3000 })
  expect(calls.filter((name) => name !== "findSession")).toEqual([])
})

test("a page shows a bound session to those who bring its proof, and to nobody else, whatever is sent along", async () => {
  const isHarmless = async (sent: Record<string, string | null>) => {
    const all = new Headers()
    // What no HTTP server would hand on.
    for (const [name, text] of Object.entries(sent))
      if (text !== null) all.set(name, text.replaceAll(/[^\t -~\u00a0-\u00ff]/g, ""))
    const isMember =
      (all.get("Cookie") ?? "").includes("__Host-session=") && proofCookieOf(all.get("Cookie") ?? "") !== ""
    const answer = await serve(new Request(`${origin}/`, { headers: all }))
    expect(await answer.text()).toBe(isMember ? "ada" : "nobody")
  }
  now.advance(minute)
  await fc.assert(fc.asyncProperty(pages, isHarmless), { numRuns: 1000 })
})

function encode(text: string): string {
  return Buffer.from(text).toString("base64url")
}

import { createAuth } from "nightlatch"
import { memoryAdapter } from "nightlatch/adapters/memory"
import { createDeviceBinding, deviceKey } from "nightlatch/device"
import { manualClock } from "nightlatch/testing"
import { createWebAuth } from "nightlatch/web"
import { codeOf, equal, match } from "./expect.mjs"
import { keyKinds, signatureChanges } from "./keys.mjs"

const site = "https://app.example"
const [secret, newSecret] = ["for these tests, and nothing else.", "the next one, for these tests too."]
const minute = 60_000
const { ES256, RS256 } = keyKinds
const kinds = { ES256, RS256 }

export const device = {
  ...casesOf("a session is bound to a key of %s, and its browser stays signed in", async (browser, name) => {
    equal(await browser.signIn(), 200)
    match((await browser.sessions())[0].deviceKey, name === "ES256" ? /^\d+\.[\w-]{43}\.[\w-]{43}$/ : /\.AQAB$/)
    equal(await browser.visit(), { status: 200, refreshes: [] })
    equal(await browser.visit(10 * minute), { status: 200, refreshes: [403, 200] })
    equal(await browser.visit(10 * minute), { status: 200, refreshes: [200] })
  }),

  ...casesOf("a browser with a key of %s proves it at once when it is asked to", async (browser) => {
    await browser.signIn()
    equal(await browser.send("/pay"), 200)
    browser.wait(2 * minute)
    equal(await browser.send("/pay"), 307)
    equal(await browser.visit(0, "/pay"), { status: 200, refreshes: [403, 200] })
  }),

  ...casesOf("a signature of %s that was changed or cut off is answered with 400", async (browser) => {
    await browser.signIn({ registers: false })
    for (const change of signatureChanges) equal(await browser.register({ change }), 400)
    equal(await browser.sessions(), [{ deviceKey: null }])
    equal(await browser.register(), 200)
    equal(await browser.refresh(), 403)
    for (const change of signatureChanges) equal(await browser.refresh({ change }), 400)
    equal(await browser.refresh(), 200)
  }),

  async "a copied cookie is refused when its proof has expired"() {
    const browser = await createBrowser("ES256")
    await browser.signIn()
    const copied = browser.cookies()
    const session = copied.split("; ").find((cookie) => cookie.startsWith("__Host-session="))
    equal([await browser.copy(copied), await browser.copy(session)], [200, 401])
    equal(await browser.visit(10 * minute), { status: 200, refreshes: [403, 200] })
    equal(await browser.copy(copied), 401)
  },

  async "a key that is not on its curve is answered with 400"() {
    const browser = await createBrowser("ES256")
    await browser.signIn({ registers: false })
    for (const y of ["A".repeat(43), "_".repeat(43), "A".repeat(42)]) {
      equal(await browser.register({ jwk: { y } }), 400)
    }
    equal(await browser.register({ jwk: { kty: "RSA" } }), 400)
    equal(await browser.register(), 200)
  },

  async "registering sets the cookies of the proof and of its key, and deletes that of the offer"() {
    const browser = await createBrowser("ES256")
    await browser.signIn()
    equal(
      browser
        .received()
        .map((cookie) => cookie.replace(/-[\da-f]{8}=/, "-KEY=").replace(/=[^;]*; (Max-Age=\d+).*/, " $1")),
      [
        "__Host-bound-device-KEY Max-Age=570",
        "__Host-bound-device Max-Age=7776000",
        "__Host-bound-device-offer Max-Age=0",
      ],
    )
  },

  async "the browser signs again when the secret is lost"() {
    const browser = await createBrowser("ES256")
    await browser.signIn()
    browser.wait(minute)
    browser.restart([newSecret, secret])
    equal(await browser.visit(), { status: 200, refreshes: [] })
    browser.restart([newSecret])
    equal(await browser.visit(), { status: 401, refreshes: [] })
    equal(await browser.visit(), { status: 200, refreshes: [403, 200] })
  },

  async "secrets must not be short or missing"() {
    const browser = await createBrowser("ES256")
    for (const secrets of [["short"], [undefined], []]) {
      equal(await codeOf(() => browser.restart(secrets)), "invalid_option")
    }
  },
}

function casesOf(title, run) {
  return Object.fromEntries(
    Object.keys(kinds).map((name) => [title.replace("%s", name), async () => run(await createBrowser(name), name)]),
  )
}

async function createBrowser(name) {
  const { serve, sessions, restart, wait } = await setUp()
  const { sign, key } = kinds[name]
  const { privateKey, publicKey } = await crypto.subtle.generateKey(key, true, ["sign", "verify"])
  const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey("jwk", publicKey)
  const jar = new Map()
  let [received, offered, bound] = [[], null, null]

  async function ask(path, headers = {}, method = "GET") {
    const response = await serve(
      new Request(site + path, { method, headers: { "Sec-Fetch-Mode": "navigate", Cookie: cookies(), ...headers } }),
    )
    received = response.headers.getSetCookie()
    for (const cookie of received) keep(...cookie.split("; ", 2))
    return response
  }

  function keep(pair, maxAge) {
    const at = pair.indexOf("=")
    if (maxAge === "Max-Age=0") jar.delete(pair.slice(0, at))
    else jar.set(pair.slice(0, at), pair.slice(at + 1))
  }

  function cookies() {
    return [...jar].map(([cookie, value]) => `${cookie}=${value}`).join("; ")
  }

  async function signIn({ registers = true } = {}) {
    const { headers } = await ask("/sign-in", { Origin: site }, "POST")
    offered = /^\(ES256 RS256\);path="\/auth\/device";challenge="([^"]+)"$/.exec(
      headers.get("Secure-Session-Registration"),
    )[1]
    return registers ? register() : null
  }

  async function register({ jwk, change } = {}) {
    const header = { jwk: { kty, crv, x, y, n, e, ...jwk } }
    const response = await post({ "Secure-Session-Response": await proofOf(offered, header, change) })
    if (response.status === 200) bound = { id: (await response.json()).session_identifier, challenge: null }
    return response.status
  }

  async function refresh({ change } = {}) {
    const proof = bound.challenge && { "Secure-Session-Response": await proofOf(bound.challenge, {}, change) }
    const response = await post({ "Sec-Secure-Session-Id": bound.id, ...proof })
    const challenge = response.headers.get("Secure-Session-Challenge")
    if (challenge !== null) bound.challenge = /^"([^"]+)";id="/.exec(challenge)[1]
    return response.status
  }

  function post(headers) {
    return ask("/auth/device", { "Sec-Fetch-Mode": "no-cors", Origin: site, ...headers }, "POST")
  }

  /** A proof, as a JWT. */
  async function proofOf(challenge, header, change = (bytes) => bytes) {
    const parts = [{ alg: name, typ: "dbsc+jwt", ...header }, { jti: challenge }]
    const text = parts.map((part) => base64url(new TextEncoder().encode(JSON.stringify(part)))).join(".")
    const signature = new Uint8Array(await crypto.subtle.sign(sign, privateKey, new TextEncoder().encode(text)))
    return `${text}.${base64url(change(signature))}`
  }

  /** Opens a page, later: without the cookie of the proof if it has expired, and so with a new one. */
  async function visit(later = 0, path = "/") {
    wait(later)
    const proof = [...jar.keys()].find((cookie) => /-[\da-f]{8}$/.test(cookie))
    if (later > 0) jar.delete(proof)
    const refreshes = []
    while (![...jar.keys()].some((cookie) => /-[\da-f]{8}$/.test(cookie)) && refreshes.length < 3) {
      refreshes.push(await refresh())
    }
    return { status: (await ask(path)).status, refreshes }
  }

  return {
    signIn,
    register,
    refresh,
    visit,
    cookies,
    sessions,
    restart,
    wait,
    received: () => received,
    send: async (path) => (await ask(path)).status,
    copy: async (Cookie) => (await serve(new Request(site, { headers: { Cookie } }))).status,
  }
}

async function setUp() {
  const now = manualClock()
  const adapter = memoryAdapter()
  await adapter.insertUser({ id: "ada", attributes: {} }, null)
  const auth = createAuth({ adapter, now, getSessionAttributes: deviceKey })
  let serve
  restart([secret])

  function restart(secrets) {
    const device = createDeviceBinding({ auth, secrets, mode: "enforce" })
    const { handler } = createWebAuth(auth, { device })
    serve = handler(async (request, visitor) => {
      const { pathname } = new URL(request.url)
      if (pathname === "/sign-in") await visitor.signIn("ada")
      const member = await visitor.validate()
      if (!member) return new Response(null, { status: 401 })
      if (pathname !== "/pay") return Response.json(member.user)
      const { provenAt, redirect } = await device.prove(request, member.session)
      return provenAt ? new Response("paid") : redirect
    })
  }

  const sessions = async () => (await auth.getUserSessions("ada")).map(({ deviceKey }) => ({ deviceKey }))
  return { serve: (request) => serve(request), sessions, restart, wait: (time) => now.advance(time) }
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "")
}

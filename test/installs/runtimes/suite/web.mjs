import { createAuth } from "nightlatch"
import { memoryAdapter } from "nightlatch/adapters/memory"
import { createWebAuth, safeRedirect } from "nightlatch/web"
import { codeOf, equal, match } from "./expect.mjs"

const url = "https://app.example/"

export const web = {
  async "signs in by a cookie, and out"() {
    const { visit, signIn } = await setUp()
    const cookie = await signIn()
    equal(await (await visit(profile, { Cookie: cookie })).json(), { id: "ada" })
    const left = await visit(signOut, { Cookie: cookie, Origin: "https://app.example" }, "POST")
    match(left.headers.getSetCookie()[0], /^__Host-session=; Max-Age=0; /)
    equal((await visit(profile, { Cookie: cookie })).status, 401)
  },

  async "a response that depends on the session stays out of shared caches"() {
    const { visit } = await setUp()
    const { headers } = await visit(profile)
    equal([headers.get("Cache-Control"), headers.get("Vary")], ["private, no-store", "Cookie"])
  },

  async "a response that does not is returned as it is"() {
    const { visit } = await setUp()
    const response = new Response("public", { headers: { "Cache-Control": "public" } })
    equal((await visit(() => response)) === response, true)
  },

  async "keeps the application's own cookies, status and headers"() {
    const { visit } = await setUp()
    const response = await visit(async (_, authRequest) => {
      await authRequest.signIn("ada")
      const headers = new Headers({ Location: "/profile", Vary: "Accept" })
      headers.append("Set-Cookie", "theme=dark; Expires=Wed, 21 Oct 2037 07:28:00 GMT")
      headers.append("Set-Cookie", "lang=en")
      return new Response(null, { status: 303, statusText: "See Other", headers })
    })
    equal(
      response.headers.getSetCookie().map((cookie) => cookie.split("=", 1)[0]),
      ["theme", "lang", "__Host-session"],
    )
    equal([response.status, response.headers.get("Location")], [303, "/profile"])
    equal(response.headers.get("Vary"), "Accept, Cookie")
  },

  async "copies a redirect, whose headers cannot be changed"() {
    const { visit } = await setUp()
    const response = await visit(async (_, authRequest) => {
      await authRequest.signIn("ada")
      return Response.redirect("https://app.example/profile", 303)
    })
    equal([response.status, response.headers.get("Location")], [303, "https://app.example/profile"])
    match(response.headers.getSetCookie()[0], /^__Host-session=[a-z2-7]{32}; /)
  },

  async "sets the cookie on a response that is thrown"() {
    const { visit } = await setUp()
    const thrown = await visit(async (_, authRequest) => {
      await authRequest.signIn("ada")
      throw new Response(null, { status: 302, headers: { Location: "/" } })
    }).catch((response) => response)
    equal([thrown.status, thrown.headers.getSetCookie().length], [302, 1])
  },

  async "streams a body through"() {
    const { visit } = await setUp()
    const parts = ["one ", "two ", "three"]
    const body = new ReadableStream({
      pull(controller) {
        const part = parts.shift()
        if (part === undefined) controller.close()
        else controller.enqueue(new TextEncoder().encode(part))
      },
    })
    const response = await visit(async (_, authRequest) => {
      await authRequest.validate()
      return new Response(body)
    })
    equal(await response.text(), "one two three")
  },

  async "refuses a body that was read, and what is no response"() {
    const { visit } = await setUp()
    const used = async (_, authRequest) => {
      await authRequest.validate()
      const response = new Response("read")
      await response.text()
      return response
    }
    equal([await codeOf(() => visit(used)), await codeOf(() => visit(() => undefined))], ["unsupported", "unsupported"])
  },

  async "answers 403 to a form of another site, and to a WebSocket"() {
    const { visit, signIn } = await setUp({ trustedOrigins: ["https://spa.example"] })
    const Cookie = await signIn()
    const status = async (method, headers) => (await visit(profile, { Cookie, ...headers }, method)).status
    equal(await status("POST", { Origin: "https://evil.example" }), 403)
    equal(await status("POST", { Origin: "https://app.example" }), 200)
    equal(await status("POST", { Origin: "https://spa.example" }), 200)
    equal(await status("GET", { Origin: "https://evil.example" }), 200)
    equal(await status("GET", { Origin: "https://evil.example", Upgrade: "websocket" }), 403)
  },

  async "reads a bearer token"() {
    const { auth, visit } = await setUp()
    const { token } = await auth.createSession("ada")
    const bearer = async (_, authRequest) => Response.json((await authRequest.validateBearerToken())?.user ?? null)
    equal(await (await visit(bearer, { Authorization: `Bearer ${token}` })).json(), { id: "ada" })
    equal(await (await visit(bearer)).json(), null)
  },

  async "remembers whether to remember"() {
    const { visit } = await setUp()
    const once = await visit(async (_, authRequest) => {
      await authRequest.signIn("ada", {}, { persistent: false })
      return new Response()
    })
    const [cookie] = once.headers.getSetCookie()
    match(cookie, /^__Host-session=[a-z2-7]{32}~; Path/)
    const rotated = await visit(rotate, { Cookie: cookie.split(";", 1)[0] })
    match(rotated.headers.getSetCookie()[0], /^__Host-session=[a-z2-7]{32}~; Path/)
  },

  async "sends nobody to another site"() {
    const targets = ["/profile?tab=1", "https://evil.example", "//evil.example", "/\\evil.example"]
    equal(
      targets.map((target) => safeRedirect(target, "/")),
      ["/profile?tab=1", "/", "/", "/"],
    )
  },

  async "the response of a WebSocket handshake carries the cookie"() {
    const { visit, signIn } = await setUp()
    const response = await visit(
      async (_, authRequest) => {
        await authRequest.rotate()
        const [client, server] = Object.values(new WebSocketPair())
        server.accept()
        return new Response(null, { status: 101, webSocket: client })
      },
      { Cookie: await signIn(), Origin: "https://app.example", Upgrade: "websocket" },
    )
    equal([response.status, response.webSocket !== null], [101, true])
    match(response.headers.getSetCookie()[0], /^__Host-session=[a-z2-7]{32}; /)
  },
}

async function setUp(options) {
  const adapter = memoryAdapter()
  await adapter.insertUser({ id: "ada", attributes: {} }, null)
  const auth = createAuth({ adapter, ...options })
  const { handler } = createWebAuth(auth)
  const visit = (handle, headers = {}, method = "GET") => handler(handle)(new Request(url, { method, headers }))
  const signIn = async () => {
    const response = await visit(async (_, authRequest) => {
      await authRequest.signIn("ada")
      return new Response()
    })
    return response.headers.getSetCookie()[0].split(";", 1)[0]
  }
  return { auth, visit, signIn }
}

async function profile(_, authRequest) {
  const signedIn = await authRequest.validate()
  return signedIn ? Response.json(signedIn.user) : new Response(null, { status: 401 })
}

async function signOut(_, authRequest) {
  await authRequest.signOut()
  return new Response()
}

async function rotate(_, authRequest) {
  await authRequest.rotate()
  return new Response()
}

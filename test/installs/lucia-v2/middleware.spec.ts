import { betterSqlite3 } from "@lucia-auth/adapter-sqlite"
import Database from "better-sqlite3"
import * as real from "lucia"
import * as realMiddleware from "lucia/middleware"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import * as oursMiddleware from "../../../src/lucia-v2/middleware.ts"
import * as ours from "../../../src/lucia-v2.ts"
import { frameworks, serveWeb, theme } from "./middleware-frameworks.ts"

const tables = { user: "user", session: "user_session", key: "user_key" }
const schema = `
  CREATE TABLE user (id TEXT PRIMARY KEY, username TEXT NOT NULL);
  CREATE TABLE user_key (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, hashed_password TEXT);
  CREATE TABLE user_session (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, active_expires BIGINT NOT NULL, idle_expires BIGINT NOT NULL);
`

describe.each(Object.entries(frameworks))("%s", (_, framework) => {
  let app

  beforeAll(async () => {
    app = await startApp(ours, oursMiddleware, framework)
  })
  afterAll(() => app.close())

  test("sign-in sets the cookie beside those of the application, which stay as they are", async () => {
    const { setCookies, sessionId } = await signIn(app)
    expect(namesOf(setCookies)).toEqual(["auth_session", "lang", "theme"])
    expect(setCookies).toContainEqual(expect.stringMatching(/^theme=dark;.* Expires=Wed, 21 Oct 2099 07:28:00 GMT/))
    expect(setCookies).toContainEqual(
      expect.stringMatching(
        new RegExp(`^auth_session=${sessionId}; Path=/; Expires=\\w{3}, [^;,]* GMT; HttpOnly; SameSite=Lax$`),
      ),
    )
  })

  test("a cookie that is set twice is sent once, as it was set last", async () => {
    const { setCookies } = await send(app, "/sign-in-twice", { method: "POST" })
    expect(namesOf(setCookies)).toEqual(["auth_session", "lang", "theme"])
    expect(sessionIdIn(setCookies)).not.toBe("")
  })

  test("validate() reads the cookie, also among others", async () => {
    const { sessionId } = await signIn(app)
    const { body } = await send(app, "/who", { cookie: `a=b; auth_session=${sessionId}; c=d` })
    expect(body).toBe("u1")
  })

  test("two different cookies under the name are none", async () => {
    const { sessionId } = await signIn(app)
    for (const cookie of [`auth_session=x; auth_session=${sessionId}`, `auth_session=${sessionId}; auth_session=x`]) {
      expect((await send(app, "/who", { cookie })).body).toBe(null)
    }
  })

  test("a POST of the own site has its session; one of another site, or of none, is nobody's", async () => {
    const cookie = `auth_session=${(await signIn(app)).sessionId}`
    const who = async (headers) => (await send(app, "/who", { method: "POST", cookie, headers })).body
    expect(await who({ origin: app.url })).toBe("u1")
    expect(await who({ origin: "https://evil.example" })).toBe(null)
    expect(await who({ origin: "null" })).toBe(null)
    expect(await who({ origin: app.url, "sec-fetch-site": "cross-site" })).toBe(null)
    expect(await who({})).toBe(null)
  })

  test("sign-out blanks the cookie, and the session is over", async () => {
    const cookie = `auth_session=${(await signIn(app)).sessionId}`
    const { setCookies } = await send(app, "/sign-out", { method: "POST", cookie, headers: { origin: app.url } })
    expect(namesOf(setCookies)).toEqual(["auth_session", "lang", "theme"])
    expect(setCookies).toContainEqual(
      expect.stringMatching(/^auth_session=; Path=\/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax$/),
    )
    expect((await send(app, "/who", { cookie })).body).toBe(null)
  })

  test("validate() blanks a cookie that no session belongs to", async () => {
    const { body, setCookies } = await send(app, "/who", { cookie: "auth_session=none" })
    expect(body).toBe(null)
    expect(sessionIdIn(setCookies)).toBe("")
  })

  test("the Authorization header is read", async () => {
    const { sessionId } = await signIn(app)
    const { body } = await send(app, "/bearer", { headers: { authorization: `Bearer ${sessionId}` } })
    expect(body).toBe("u1")
  })
})

// Where Lucia's own middleware fails with the framework of today, so that there is nothing to compare.
const brokenInLucia = {
  // Its cookie, on the response of Node.js, is lost when the event has others.
  "h3 2": { status: 200, cookies: ["lang", "theme"] },
  // context.req.headers is gone.
  hono: { status: 500, cookies: ["theme"] },
  // Its cookies, under another spelling of the header's name, are lost when there are others.
  "elysia, cookies by header": { status: 200, cookies: ["lang", "theme"] },
  "elysia, cookies by jar": { status: 200, cookies: ["lang", "theme"] },
}

test.each(Object.entries(frameworks).filter(([name]) => !(name in brokenInLucia)))(
  "%s answers as with Lucia's own middleware",
  async (_, framework) => {
    expect(await transcript(ours, oursMiddleware, framework)).toEqual(await transcript(real, realMiddleware, framework))
  },
)

test.each(Object.entries(brokenInLucia))("%s does not work with Lucia's own middleware", async (name, answer) => {
  const app = await startApp(real, realMiddleware, frameworks[name])
  try {
    const { status, setCookies } = await signIn(app)
    expect({ status, cookies: namesOf(setCookies) }).toEqual(answer)
  } finally {
    await app.close()
  }
})

describe("web", () => {
  test("cookies join the response by applyTo(), which keeps shared caches away from it", async () => {
    const app = await startWebApp((authRequest, response) => authRequest.applyTo(response))
    try {
      const { setCookies, sessionId, headers } = await signIn(app)
      expect(namesOf(setCookies)).toEqual(["auth_session", "theme"])
      expect(headers.get("cache-control")).toBe("private, no-store")
      const cookie = `auth_session=${sessionId}`
      expect((await send(app, "/who", { cookie })).body).toBe("u1")
      const out = await send(app, "/sign-out", { method: "POST", cookie, headers: { origin: app.url } })
      expect(sessionIdIn(out.setCookies)).toBe("")
    } finally {
      await app.close()
    }
  })

  test("the header that is written by hand still works", async () => {
    const app = await startWebApp(async (authRequest, response, auth) => {
      response.headers.append("Set-Cookie", auth.createSessionCookie(await newSession(auth)).serialize())
      return response
    })
    try {
      const { setCookies, sessionId } = await send(app, "/who")
      expect(namesOf(setCookies)).toEqual(["auth_session", "theme"])
      expect((await send(app, "/who", { cookie: `auth_session=${sessionId}` })).body).toBe("u1")
    } finally {
      await app.close()
    }
  })
})

async function startWebApp(finish) {
  const auth = await openAuth(ours, oursMiddleware.web())
  const steps = stepsOf(auth)
  return serveWeb(async (request) => {
    const authRequest = auth.handleRequest(request)
    const body = await steps[new URL(request.url).pathname](authRequest)
    return finish(authRequest, Response.json(body, { headers: { "Set-Cookie": theme } }), auth)
  })
}

async function startApp(core, middleware, framework) {
  const auth = await openAuth(core, middleware[framework.middleware]())
  return framework.serve(auth, stepsOf(auth))
}

async function openAuth({ lucia }, middleware) {
  const db = new Database(":memory:")
  db.exec(schema)
  const auth = lucia({ adapter: betterSqlite3(db, tables), env: "DEV", middleware })
  await auth.createUser({ userId: "u1", key: null, attributes: { username: "ann" } })
  return auth
}

function stepsOf(auth) {
  const userOf = (session) => session?.user.userId ?? null
  return {
    "/sign-in": async (authRequest) => authRequest.setSession(await newSession(auth)) ?? "signed in",
    "/sign-in-twice": async (authRequest) => {
      authRequest.setSession(await newSession(auth))
      authRequest.setSession(await newSession(auth))
      return "signed in"
    },
    "/who": async (authRequest) => userOf(await authRequest.validate()),
    "/bearer": async (authRequest) => userOf(await authRequest.validateBearerToken()),
    "/sign-out": async (authRequest) => {
      const session = await authRequest.validate()
      if (session) await auth.invalidateSession(session.sessionId)
      authRequest.setSession(null)
      return "signed out"
    },
  }
}

function newSession(auth) {
  return auth.createSession({ userId: "u1", attributes: {} })
}

/** What a browser sees of a visit: every body, and every cookie with the session's id and dates left out. */
async function transcript(core, middleware, framework) {
  const app = await startApp(core, middleware, framework)
  try {
    const signedIn = await signIn(app)
    const cookie = `auth_session=${signedIn.sessionId}`
    const own = { origin: app.url }
    const answers = [
      signedIn,
      await send(app, "/who", { cookie }),
      await send(app, "/who", { method: "POST", cookie, headers: own }),
      await send(app, "/who", { method: "POST", cookie, headers: { origin: "https://evil.example" } }),
      await send(app, "/bearer", { headers: { authorization: `Bearer ${signedIn.sessionId}` } }),
      await send(app, "/sign-out", { method: "POST", cookie, headers: own }),
      await send(app, "/who", { cookie }),
    ]
    return answers.map(({ status, body, setCookies }) => ({
      status,
      body,
      setCookies: setCookies.map(comparable).sort(),
    }))
  } finally {
    await app.close()
  }
}

function comparable(setCookie) {
  return setCookie.replace(/^auth_session=\w+; (.*)Expires=[^;]*/, "auth_session=(id); $1Expires=(date)")
}

function signIn(app) {
  return send(app, "/sign-in", { method: "POST" })
}

/** What a request has beside its path. */
interface Sent {
  method?: string
  cookie?: string
  headers?: Record<string, string>
}

async function send(app, path, { method = "GET", cookie, headers }: Sent = {}) {
  const response = await fetch(app.url + path, { method, headers: { ...headers, ...(cookie && { cookie }) } })
  const setCookies = response.headers.getSetCookie()
  const text = await response.text()
  const body = response.ok ? JSON.parse(quoted(text)) : text
  return { status: response.status, headers: response.headers, body, setCookies, sessionId: sessionIdIn(setCookies) }
}

// h3 1 sends a string as it is.
function quoted(text) {
  return /^("|null$)/.test(text) ? text : JSON.stringify(text)
}

function namesOf(setCookies) {
  return setCookies.map((value) => value.split("=", 1)[0]).sort()
}

function sessionIdIn(setCookies) {
  return setCookies.map((value) => /^auth_session=([^;]*)/.exec(value)?.[1]).find((id) => id !== undefined)
}

import { mkdtempSync, rmSync } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startExample } from "./example-server.ts"
import type { ExampleServer } from "./example-server.ts"
import { createVisitor } from "./visitor.ts"
import type { Fields, Visitor } from "./visitor.ts"

const password = "correct horse battery"
let example: ExampleServer

beforeAll(async () => {
  example = await startExample()
})

afterAll(async () => {
  await example.stop()
})

describe("signing up", () => {
  test("signs the new user in and leads to the profile", async () => {
    const visitor = createVisitor(example.origin)
    const response = await visitor.post("/sign-up", { username: "Ada", password })
    expect(response.status).toBe(303)
    expect(response.headers.get("Location")).toBe("/profile?created")
    expect(await textOf(visitor.get("/profile"))).toContain("<dd>Ada</dd>")
  })

  test("shows what is wrong next to each field, and keeps the username but not the password", async () => {
    const response = await createVisitor(example.origin).post("/sign-up", { username: 'a"<b>', password: "short" })
    expect(response.status).toBe(422)
    const page = await response.text()
    expect(page).toContain('<small id="username-note" class="error">Use 3 to 31 letters, digits, _ or -.</small>')
    expect(page).toContain('<small id="password-note" class="error">Use at least 8 characters.</small>')
    expect(page).toMatch(/<input\s+id="username"[^>]*aria-describedby="username-note"\s+aria-invalid="true"/)
    expect(page).toContain('value="a&quot;&lt;b&gt;"')
    expect(page).not.toContain("short")
  })

  test.each(["ab", "a".repeat(32), "with space", "semi;colon", "né", "", "＠dmin", "a\nb"])(
    "refuses the username %j",
    async (username) => {
      const response = await createVisitor(example.origin).post("/sign-up", { username, password })
      expect(response.status).toBe(422)
      expect(await response.text()).toContain("Use 3 to 31 letters")
    },
  )

  test("refuses a name that is taken, in any case", async () => {
    await signUp("Bob")
    for (const username of ["Bob", "bob", "BOB"]) {
      const visitor = createVisitor(example.origin)
      const response = await visitor.post("/sign-up", { username, password: "another password" })
      expect(response.status).toBe(422)
      expect(await response.text()).toContain("This username is already taken.")
      expect(visitor.cookie).toBe("")
    }
  })

  test("[R8] lets one of many simultaneous visitors have a name", async () => {
    const names = ["Racer", "racer", "RACER", "rACER"]
    const responses = await Promise.all(
      names.map((username) => createVisitor(example.origin).post("/sign-up", { username, password })),
    )
    expect(responses.map(({ status }) => status).sort()).toEqual([303, 422, 422, 422])
  })

  test("ends the session that the browser had before", async () => {
    const visitor = await signUp("first-user")
    const before = visitor.cookie
    await visitor.post("/sign-up", { username: "second-user", password })
    expect(await textOf(visitor.get("/profile"))).toContain("second-user")
    expect(await isSignedIn(before)).toBe(false)
  })
})

describe("forms that no browser sends", () => {
  test.each(["/sign-up", "/sign-in"])(
    "[INP-3] %s answers a repeated field and a file with a field error",
    async (path) => {
      const visitor = createVisitor(example.origin)
      const repeated = await visitor.post(path, { username: ["one", "two"], password: [password, password] })
      expect(repeated.status).toBe(422)
      const body = new FormData()
      body.set("username", new File(["Bob"], "name.txt"))
      body.set("password", new File([password], "password.txt"))
      const upload = await fetch(example.origin + path, { method: "POST", body, headers: { Origin: example.origin } })
      expect(upload.status).toBe(422)
      expect(await upload.text()).toContain('id="username-note" class="error"')
    },
  )

  test("a password of two halves of a character is a field error", async () => {
    const response = await fetch(`${example.origin}/sign-up`, {
      method: "POST",
      body: "username=surrogate&password=%ED%A0%80%ED%A0%80&password%5B%5D=x",
      headers: { Origin: example.origin, "Content-Type": "application/x-www-form-urlencoded" },
    })
    expect(response.status).toBe(422)
  })

  test.each([
    ["application/json", '{"username":"Bob","password":"x"}'],
    ["multipart/form-data", "no boundary"],
    ["multipart/form-data; boundary=x", "--x\r\nbroken"],
    ["text/plain", "username=Bob"],
  ])("a body of %s is not understood", async (type, body) => {
    const headers = { Origin: example.origin, "Content-Type": type }
    const response = await fetch(`${example.origin}/sign-in`, { method: "POST", body, headers })
    expect(response.status).toBe(400)
  })

  test("a body over 16 KiB is refused, whether it tells its length or not", async () => {
    const tooLong = `username=${"a".repeat(16 * 1024)}`
    const known = await fetch(`${example.origin}/sign-up`, { method: "POST", body: tooLong })
    const body = new Blob([tooLong]).stream()
    const chunked: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" }
    const streamed = await fetch(`${example.origin}/sign-up`, chunked)
    expect([known.status, streamed.status]).toEqual([413, 413])
  })
})

describe("signing in", () => {
  test("[THR-5] answers an unknown user and a wrong password with the same bytes", async () => {
    await signUp("walter")
    const wrongPassword = await attempt("walter")
    const unknownUser = await attempt("wilmar")
    expect(wrongPassword.status).toBe(401)
    expect(wrongPassword.body).toContain("Wrong username or password.")
    expect(unknownUser).toEqual({ ...wrongPassword, body: wrongPassword.body.replaceAll("walter", "wilmar") })
  })

  test("takes the username in any case, and shows it as it was chosen", async () => {
    await signUp("Camel-Case")
    const visitor = await signIn("CAMEL-case")
    expect(await textOf(visitor.get("/"))).toContain("Camel-Case")
  })

  test("asks for what was left empty", async () => {
    const response = await createVisitor(example.origin).post("/sign-in", { username: "", password: "" })
    expect(response.status).toBe(422)
    const page = await response.text()
    expect(page).toContain("Enter your username.")
    expect(page).toContain("Enter your password.")
  })

  test("without remember me, the cookie ends with the browser", async () => {
    await signUp("forgetful")
    const visitor = createVisitor(example.origin)
    const response = await visitor.post("/sign-in", { username: "forgetful", password })
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^session=[a-z2-7]{32}~; Path=\/; HttpOnly; SameSite=Lax$/),
    ])
  })

  test("with remember me, the cookie lasts for 90 days", async () => {
    await signUp("elephant")
    const visitor = createVisitor(example.origin)
    const response = await visitor.post("/sign-in", { username: "elephant", password, remember: "yes" })
    const [cookie, ...others] = response.headers.getSetCookie()
    expect(others).toEqual([])
    expect(
      cookie
        ?.replace(/^session=[a-z2-7]{32}; /, "")
        .split("; ")
        .sort(),
    ).toEqual(["HttpOnly", "Max-Age=7776000", "Path=/", "SameSite=Lax"])
  })

  test("leads back to the page that asked for it", async () => {
    await signUp("returner")
    const visitor = createVisitor(example.origin)
    const refused = await visitor.get("/devices")
    expect(refused.status).toBe(303)
    expect(refused.headers.get("Location")).toBe("/sign-in?next=%2Fdevices")
    expect(await textOf(visitor.get("/sign-in?next=%2Fdevices"))).toContain('name="next" value="/devices"')
    const response = await visitor.post("/sign-in", { username: "returner", password, next: "/devices" })
    expect(response.headers.get("Location")).toBe("/devices")
    expect((await visitor.get("/sign-in?next=%2Fdevices")).headers.get("Location")).toBe("/devices")
  })

  test.each(["//evil", "/\\evil", "https://evil.example", "/\t/evil", "/..//evil", "javascript:alert(1)", "evil"])(
    "[CSR-9] does not lead to %j",
    async (next) => {
      const visitor = createVisitor(example.origin)
      await signUpUnlessTaken("wanderer")
      const posted = await visitor.post("/sign-in", { username: "wanderer", password, next })
      expect(posted.headers.get("Location")).toBe("/profile?signed-in")
      const followed = await visitor.get(`/sign-in?next=${encodeURIComponent(next)}`)
      expect(followed.headers.get("Location")).toBe("/profile")
    },
  )

  test("[EXP-5] replaces a cookie that was planted", async () => {
    const attacker = await signUp("attacker")
    await signUp("victim")
    const visitor = createVisitor(example.origin)
    visitor.cookie = attacker.cookie
    await visitor.post("/sign-in", { username: "victim", password })
    expect(visitor.cookie).not.toBe(attacker.cookie)
    expect(await isSignedIn(attacker.cookie)).toBe(false)
  })
})

describe("requests from other sites", () => {
  test.each<Record<string, string>>([
    { Origin: "https://evil.example" },
    { Origin: "null" },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
  ])("[CSR-8] a form with %j is refused on every page", async (headers) => {
    const visitor = await signUp(`site-${Object.values(headers)[0]?.replace(/\W/g, "-")}`)
    for (const path of ["/sign-in", "/sign-up", "/sign-out", "/devices", "/password", "/nowhere"]) {
      const response = await visitor.post(path, { session: "others", username: "mallory", password }, headers)
      expect(response.status).toBe(403)
      expect(response.headers.getSetCookie()).toEqual([])
    }
    expect(await isSignedIn(visitor.cookie)).toBe(true)
  })

  test("every response forbids scripts, frames and sniffing", async () => {
    for (const path of ["/", "/sign-in", "/style.css", "/nowhere", "/profile"]) {
      const { headers } = await createVisitor(example.origin).get(path)
      expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'; style-src 'self'")
      expect(headers.get("Content-Security-Policy")).toContain("frame-ancestors 'none'")
      expect(headers.get("Referrer-Policy")).toBe("same-origin")
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff")
    }
  })

  test("no shared cache may keep a page that depends on the session", async () => {
    const visitor = await signUp("uncached")
    for (const path of ["/", "/profile", "/devices", "/password", "/sign-in"]) {
      const { headers } = await visitor.get(path)
      expect(headers.get("Cache-Control")).toBe("private, no-store")
      expect(headers.get("Vary")).toContain("Cookie")
    }
  })
})

describe("devices", () => {
  test("lists each sign-in with its browser, and marks this one", async () => {
    await signUp("collector")
    const phone = await signIn(
      "collector",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/605",
    )
    await signIn("collector", "<script>alert(1)</script>")
    const page = await textOf(phone.get("/devices"))
    expect(page).toContain("<strong>Firefox on Linux</strong>")
    expect(page).toContain("<strong>Unknown device</strong>")
    expect(page).not.toContain("<script")
    expect(page.match(/This device<\/span>/g)).toHaveLength(1)
    expect(page).toMatch(/Safari on iPhone<\/strong>.*\s.*\s*<span class="badge">This device/)
  })

  test("signs one other device out", async () => {
    const here = await signUp("revoker")
    const there = await signIn("revoker")
    const [id = ""] = await otherSessions(here)
    expect((await here.post("/devices", { session: id })).headers.get("Location")).toBe("/devices")
    expect(await isSignedIn(there.cookie)).toBe(false)
    expect(await isSignedIn(here.cookie)).toBe(true)
  })

  test("does nothing to a session of another user", async () => {
    const owner = await signUp("owner")
    await signIn("owner")
    const [id = ""] = await otherSessions(owner)
    const thief = await signUp("thief")
    expect((await thief.post("/devices", { session: id })).status).toBe(303)
    expect(await otherSessions(owner)).toEqual([id])
  })

  test.each<Fields>([{}, { session: "" }, { session: ["others", "others"] }, { session: "x".repeat(5000) }])(
    "signs nobody out for %j",
    async (fields) => {
      const here = await signUp(`clumsy-${JSON.stringify(fields).length}`)
      expect((await here.post("/devices", fields)).status).toBe(303)
      expect(await isSignedIn(here.cookie)).toBe(true)
    },
  )

  test("signs out everywhere else", async () => {
    const here = await signUp("hermit")
    const others = [await signIn("hermit"), await signIn("hermit")]
    await here.post("/devices", { session: "others" })
    for (const { cookie } of others) expect(await isSignedIn(cookie)).toBe(false)
    expect(await isSignedIn(here.cookie)).toBe(true)
    expect(await textOf(here.get("/devices"))).not.toContain("Sign out everywhere else")
  })
})

describe("changing the password", () => {
  test("keeps this device, with a new cookie, and signs the others out", async () => {
    const here = await signUp("changer")
    const there = await signIn("changer")
    const before = here.cookie
    const response = await here.post("/password", { current: password, password: "a whole new sentence" })
    expect(response.headers.get("Location")).toBe("/password?changed")
    expect(response.headers.getSetCookie()).toEqual([expect.not.stringContaining("Max-Age")])
    expect(await textOf(here.get("/password?changed"))).toContain("Password changed.")
    expect(await isSignedIn(before)).toBe(false)
    expect(await isSignedIn(there.cookie)).toBe(false)
    expect((await attempt("changer", password)).status).toBe(401)
    expect((await attempt("changer", "a whole new sentence")).status).toBe(303)
  })

  test("leaves a remembered device remembered, and no other", async () => {
    for (const remember of ["yes", ""]) {
      const here = createVisitor(example.origin)
      await here.post("/sign-up", { username: `remembered${remember}`, password, remember })
      const response = await here.post("/password", { current: password, password: "a whole new sentence" })
      const [cookie = ""] = response.headers.getSetCookie()
      expect([cookie.startsWith("session="), cookie.includes("Max-Age=7776000")]).toEqual([true, remember === "yes"])
    }
  })

  test("[PWD-9] asks for the current password and for a good new one", async () => {
    const here = await signUp("careful")
    const there = await signIn("careful")
    const response = await here.post("/password", { current: "not the password", password: "short" })
    expect(response.status).toBe(422)
    const page = await response.text()
    expect(page).toContain('id="current-note" class="error">This is not your current password.')
    expect(page).toContain('id="password-note" class="error">Use at least 8 characters.')
    const second = await here.post("/password", { current: "not the password", password: "a whole new sentence" })
    expect(second.status).toBe(422)
    const common = await here.post("/password", { current: password, password: "Password123" })
    expect([common.status, await common.text()]).toEqual([422, expect.stringContaining("Too many people use this")])
    expect(await isSignedIn(there.cookie)).toBe(true)
    expect((await attempt("careful", password)).status).toBe(303)
  })
})

describe("signing out", () => {
  test("ends the session, not only the cookie", async () => {
    const visitor = await signUp("leaver")
    const { cookie } = visitor
    const response = await visitor.post("/sign-out", {})
    expect(response.headers.get("Location")).toBe("/?signed-out")
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=; .*Max-Age=0/)])
    expect(visitor.cookie).toBe("")
    expect(await isSignedIn(cookie)).toBe(false)
    expect((await visitor.post("/sign-out", {})).status).toBe(303)
  })

  test("takes more than a link", async () => {
    const visitor = await signUp("clicker")
    expect((await visitor.get("/sign-out")).status).toBe(404)
    expect(await isSignedIn(visitor.cookie)).toBe(true)
  })
})

describe("the server", () => {
  test("keeps users and sessions in its file, and says 503 when the store fails, without a secret in its log", async () => {
    const directory = mkdtempSync(join(tmpdir(), "nightlatch-"))
    const DATABASE = join(directory, "example.db")
    try {
      const first = await startExample({ DATABASE })
      const visitor = createVisitor(first.origin)
      await visitor.post("/sign-up", { username: "keeper", password })
      expect(await first.stop()).toBe(0)

      const second = await startExample({ DATABASE })
      const returning = createVisitor(second.origin)
      returning.cookie = visitor.cookie
      expect(await textOf(returning.get("/profile"))).toContain("keeper")

      const db = new DatabaseSync(DATABASE)
      db.exec("ALTER TABLE session RENAME TO lost")
      db.close()
      const response = await returning.get("/profile")
      expect(response.status).toBe(503)
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await response.text()).toContain("Try again shortly.")
      expect((await returning.post("/sign-in", { username: "keeper", password })).status).toBe(503)
      expect(second.output()).toContain(`tables.session: "session" does not exist`)
      expect(second.output()).not.toContain(password)
      expect(second.output()).not.toContain(returning.cookie.replace("session=", ""))
      expect(await second.stop()).toBe(0)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test("in production the cookie is Secure and locked to the host", async () => {
    const production = await startExample({ NODE_ENV: "production" })
    const visitor = createVisitor(production.origin)
    const response = await visitor.post("/sign-up", { username: "producer", password })
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-session=[a-z2-7]{32}~; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ])
    expect(await production.stop()).toBe(0)
  })

  test("stops while a browser holds a connection open", async () => {
    const held = await startExample()
    const socket = connect(Number(new URL(held.origin).port), "localhost")
    socket.on("error", () => undefined)
    await new Promise((resolve) => socket.once("connect", resolve))
    expect(await held.stop()).toBe(0)
    socket.destroy()
  })

  test("takes the next port when 3000 is taken, but only if none was asked for", async () => {
    const blocker = createServer()
    await new Promise((resolve) => blocker.once("listening", resolve).once("error", resolve).listen(3000))
    const next = await startExample({ PORT: undefined })
    expect(next.origin).not.toBe("http://localhost:3000")
    await expect(startExample({ PORT: new URL(next.origin).port })).rejects.toThrow("EADDRINUSE")
    expect(await next.stop()).toBe(0)
    blocker.close()
  })
})

async function signUp(username: string): Promise<Visitor> {
  const visitor = createVisitor(example.origin)
  expect((await visitor.post("/sign-up", { username, password })).status).toBe(303)
  return visitor
}

async function signUpUnlessTaken(username: string): Promise<void> {
  await createVisitor(example.origin).post("/sign-up", { username, password })
}

async function signIn(username: string, userAgent?: string): Promise<Visitor> {
  const visitor = createVisitor(example.origin, userAgent)
  expect((await visitor.post("/sign-in", { username, password })).status).toBe(303)
  return visitor
}

async function attempt(username: string, tried = "wrong password") {
  const response = await createVisitor(example.origin).post("/sign-in", { username, password: tried })
  const headers = [...response.headers].filter(([name]) => name !== "date")
  return { status: response.status, headers, body: await response.text() }
}

async function isSignedIn(cookie: string): Promise<boolean> {
  const response = await createVisitor(example.origin).get("/profile", { Cookie: cookie })
  return response.status === 200
}

async function otherSessions(visitor: Visitor): Promise<string[]> {
  const page = await textOf(visitor.get("/devices"))
  return [...page.matchAll(/name="session" value="([0-9a-f]{64})"/g)].map(([, id = ""]) => id)
}

async function textOf(response: Promise<Response>): Promise<string> {
  return (await response).text()
}

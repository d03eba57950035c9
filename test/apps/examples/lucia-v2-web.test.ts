import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { promisify } from "node:util"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { root, temporaryFolder } from "../../package/tarball.ts"
import { startExample } from "./example-server.ts"
import type { ExampleServer } from "./example-server.ts"
import { createVisitor } from "./visitor.ts"
import type { Fields, Visitor } from "./visitor.ts"

const password = "correct horse battery"
// As lucia@2.7.6 made it of that password.
const oldHash =
  "s2:r4m0vwig01ub4oqo:517f8acbc20879ea4f1369aa3863bf707b83903fc0746b349a4d46684ae0c1a69aca4c8632c2d707f04d2499438eaebf8a0b117686a78aebb9cde055c58acd19"
const oldSessionId = "k3v9q0x1w8z7y6u5t4s3r2p1o0n9m8l7k6j5h4g3"
const day = 86_400_000

interface SessionRow {
  id: string
  user_id: string
  expires_at: number
}

let folder: { path: string; remove(): Promise<void> }
let db: DatabaseSync
let example: ExampleServer
let visitor: Visitor

beforeAll(async () => {
  folder = await temporaryFolder()
  const path = join(folder.path, "example.db")
  example = await startExample({ DATABASE: path }, "lucia-v2-web")
  db = new DatabaseSync(path, { timeout: 5000 })
})

beforeEach(() => {
  db.exec("DELETE FROM user")
  visitor = createVisitor(example.origin)
})

afterAll(async () => {
  db?.close()
  await example?.stop()
  await folder?.remove()
})

test("its types are right, with the namespace that the tutorial declares", async () => {
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  const run = promisify(execFile)(process.execPath, [tsc, "-p", "examples/lucia-v2-web"], { cwd: root })
  expect(
    await run.then(
      () => "",
      ({ stdout }: { stdout: string }) => stdout,
    ),
  ).toBe("")
})

describe("signing up", () => {
  test("answers as the tutorial does, and keeps of the session only a hash", async () => {
    const response = await visitor.post("/signup", { username: "Grace", password })
    expect(response.status).toBe(302)
    expect(response.headers.get("Location")).toBe("/")
    const [cookie, ...others] = response.headers.getSetCookie()
    expect(others).toEqual([])
    expect(cookie).toMatch(/^auth_session=[a-z0-9]{40}; Path=\/; Expires=[^;]+ GMT; HttpOnly; SameSite=Lax$/)
    expect(Date.parse(/Expires=([^;]+)/.exec(cookie!)![1]!)).toBeGreaterThan(Date.now() + 364 * day)

    const [row] = sessions()
    expect(row!.id).toBe(sha256(tokenOf(visitor)))
    expect(Math.abs(row!.expires_at - Date.now() - 15 * day)).toBeLessThan(60_000)
    expect(await (await visitor.get("/user")).json()).toEqual({ userId: row!.user_id, username: "Grace" })
  })

  test.each<Fields>([
    {},
    { username: "abc", password },
    { username: "x".repeat(32), password },
    { username: "grace" },
    { username: "grace", password: "short" },
    { username: "grace", password: "x".repeat(256) },
  ])("refuses %j", async (fields) => {
    const response = await visitor.post("/signup", fields)
    expect(response.status).toBe(400)
    const isNamed = String(fields.username ?? "").length === 5
    expect(await response.text()).toBe(isNamed ? "Invalid password" : "Invalid username")
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test("gives a name to one user only, however it is written", async () => {
    await signUp("Grace")
    for (const username of ["Grace", "grace", "GRACE"]) {
      const response = await visitor.post("/signup", { username, password })
      expect([response.status, await response.text()]).toEqual([400, "Username already taken"])
    }
    expect(db.prepare("SELECT username FROM user").all()).toEqual([{ username: "Grace" }])
    expect(db.prepare("SELECT id FROM user_key").all()).toEqual([{ id: "username:grace" }])
  })
})

describe("signing in", () => {
  test("says the same to an unknown user and a wrong password", async () => {
    await signUp("Grace")
    for (const username of ["grace", "nobody"]) {
      const response = await visitor.post("/login", { username, password: "wrong horse" })
      expect([response.status, await response.text()]).toEqual([400, "Incorrect username or password"])
      expect(response.headers.getSetCookie()).toEqual([])
    }
  })

  test("knows another spelling", async () => {
    await signUp("Grace")
    const response = await visitor.post("/login", { username: "GRACE", password })
    expect([response.status, response.headers.get("Location")]).toEqual([302, "/"])
    expect(await username(visitor)).toBe("Grace")
  })

  test("a browser gets the form again, with the error and nothing of what was typed", async () => {
    const response = await visitor.post("/login", { username: "<b>", password: "<i>" }, { Accept: "text/html" })
    expect(response.status).toBe(400)
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8")
    const page = await response.text()
    expect(page).toContain(`<p class="error" role="alert">Incorrect username or password</p>`)
    expect(page).toContain(`<form method="post" action="/login">`)
    expect(page).not.toMatch(/<b>|<i>/)
  })
})

describe("the session", () => {
  test("what a thief reads in the table signs nobody in", async () => {
    await signUp("Grace")
    const [row] = sessions()
    expect((await visitor.get("/user", { Cookie: `auth_session=${row!.id}` })).status).toBe(401)
    expect((await visitor.get("/user", { Authorization: `Bearer ${row!.id}` })).status).toBe(401)
    expect(sessions()).toEqual([row])
  })

  test("an active one is only read", async () => {
    const grace = await signUp("Grace")
    const before = sessions()
    const response = await grace.get("/user")
    expect(response.headers.getSetCookie()).toEqual([])
    expect(sessions()).toEqual(before)
  })

  test.each(["/", "/user"])("an idle one is renewed by %s, and its cookie is sent again", async (path) => {
    const grace = await signUp("Grace")
    const [{ id } = { id: "" }] = sessions()
    const before = grace.cookie
    endAt(Date.now() + day)
    const response = await grace.get(path)
    expect(response.status).toBe(200)
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(`^${before}; Path=/; Expires=`)])
    expect(grace.cookie).toBe(before)
    const [row] = sessions()
    expect(row!.id).toBe(id)
    expect(row!.expires_at).toBeGreaterThan(Date.now() + 14 * day)
  })

  test("a dead one has ended, and its cookie is taken away", async () => {
    const grace = await signUp("Grace")
    endAt(Date.now() - 1000)
    const response = await grace.get("/")
    expect([response.status, response.headers.get("Location")]).toEqual([302, "/login"])
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^auth_session=; .*Expires=Thu, 01 Jan 1970/),
    ])
    expect((await grace.get("/user")).status).toBe(401)
  })

  test("a user and a session that Lucia v2 made are good as they are, and the row becomes a hash", async () => {
    const expiresAt = Date.now() + 15 * day
    insertOldUser("grace", "Grace")
    insertOldSession(oldSessionId, "grace", expiresAt)
    visitor.cookie = `auth_session=${oldSessionId}`
    for (const path of ["/user", "/"]) expect((await visitor.get(path)).status).toBe(200)
    expect(sessions()).toEqual([{ id: sha256(oldSessionId), user_id: "grace", expires_at: expiresAt }])

    const other = createVisitor(example.origin)
    expect((await other.post("/login", { username: "grace", password: "wrong horse" })).status).toBe(400)
    expect((await other.post("/login", { username: "grace", password })).status).toBe(302)
    expect(await username(other)).toBe("Grace")
    await visitor.post("/logout", {})
    expect(sessions().map(({ id }) => id)).toEqual([sha256(tokenOf(other))])
  })

  test("an idle session that Lucia v2 made is renewed as a hash, and a dead one has ended", async () => {
    insertOldUser("grace", "Grace")
    const [idle, dead] = ["a".repeat(40), "b".repeat(40)] as const
    insertOldSession(idle, "grace", Date.now() + day)
    insertOldSession(dead, "grace", Date.now() - 1000)
    expect((await visitor.get("/user", { Cookie: `auth_session=${idle}` })).status).toBe(200)
    expect((await visitor.get("/user", { Cookie: `auth_session=${dead}` })).status).toBe(401)
    const row = sessions().find(({ id }) => id === sha256(idle))
    expect(row!.expires_at).toBeGreaterThan(Date.now() + 14 * day)
    const ids = sessions().map(({ id }) => id)
    expect(ids).not.toContain(idle)
    expect(ids).not.toContain(sha256(dead))
  })
})

describe("a client without cookies", () => {
  test("gets the session's id to keep, sends it as a Bearer token, and signs out by it", async () => {
    await signUp("Grace")
    const response = await fetch(`${example.origin}/login`, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams({ username: "grace", password }),
    })
    expect(response.status).toBe(200)
    expect(response.headers.getSetCookie()).toEqual([])
    const { sessionId } = (await response.json()) as { sessionId: string }
    expect(sessionId).toMatch(/^[a-z0-9]{40}$/)
    expect(sessions().map(({ id }) => id)).toContain(sha256(sessionId))

    const headers = { Authorization: `Bearer ${sessionId}` }
    expect(await (await fetch(`${example.origin}/user`, { headers })).json()).toMatchObject({ username: "Grace" })
    expect((await fetch(`${example.origin}/`, { headers, redirect: "manual" })).status).toBe(302)
    expect((await fetch(`${example.origin}/logout`, { method: "POST", headers, redirect: "manual" })).status).toBe(302)
    expect((await fetch(`${example.origin}/user`, { headers })).status).toBe(401)
    expect(sessions()).toHaveLength(1)
  })

  test.each(["", "Bearer", "Bearer ", "Bearer nonsense", `Basic ${oldSessionId}`, `Bearer ${oldSessionId} x`])(
    "is nobody with %j",
    async (Authorization) => {
      insertOldUser("grace", "Grace")
      insertOldSession(oldSessionId, "grace", Date.now() + 15 * day)
      const response = await fetch(`${example.origin}/user`, { headers: { Authorization } })
      expect([response.status, await response.text()]).toEqual([401, "Not authenticated"])
      expect(response.headers.getSetCookie()).toEqual([])
    },
  )

  test("a cookie counts more than a token, and each is its own", async () => {
    const grace = await signUp("Grace")
    const hedy = await signUp("Hedy")
    const headers = { Authorization: `Bearer ${tokenOf(hedy)}` }
    expect(await (await grace.get("/user", headers)).json()).toMatchObject({ username: "Grace" })
    await grace.post("/logout", {}, headers)
    expect(await username(hedy)).toBe("Hedy")
    expect((await grace.get("/user")).status).toBe(401)
  })
})

describe("signing out", () => {
  test("ends the session, and takes the cookie away", async () => {
    const grace = await signUp("Grace")
    const { cookie } = grace
    const response = await grace.post("/logout", {})
    expect([response.status, response.headers.get("Location")]).toEqual([302, "/login"])
    expect(response.headers.getSetCookie()).toEqual([
      "auth_session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
    ])
    expect(sessions()).toEqual([])
    expect((await visitor.get("/user", { Cookie: cookie })).status).toBe(401)
  })

  test("a signed-out visitor gets a message", async () => {
    const response = await visitor.post("/logout", {})
    expect([response.status, await response.text()]).toEqual([401, "Not authenticated"])
  })
})

describe("requests from elsewhere", () => {
  test.each<Record<string, string>>([
    { Origin: "https://evil.example" },
    { Origin: "null" },
    { Origin: "" },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
  ])("with %j change nothing", async (headers) => {
    const grace = await signUp("Grace")
    const before = sessions()
    const statuses = []
    for (const path of ["/signup", "/login", "/logout"]) {
      const response = await grace.post(path, { username: "grace", password }, headers)
      expect(response.headers.getSetCookie()).toEqual([])
      statuses.push(response.status)
    }
    expect(statuses).toEqual([403, 403, 401])
    expect(sessions()).toEqual(before)
  })

  test("a cookie of another's making, which no decoder reads, harms nobody", async () => {
    const grace = await signUp("Grace")
    expect((await visitor.get("/user", { Cookie: `other=%E0%A4%A; ${grace.cookie}` })).status).toBe(200)
  })
})

describe("the server", () => {
  test("forbids scripts, frames, sniffing and shared caches", async () => {
    const grace = await signUp("Grace")
    for (const path of ["/", "/user", "/login", "/nowhere"]) {
      const { headers } = await grace.get(path)
      expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'; style-src 'self'")
      expect(headers.get("Referrer-Policy")).toBe("same-origin")
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff")
      expect(headers.get("Cache-Control")).toBe("private, no-store")
    }
  })

  test("answers what is not a form, and what is too much", async () => {
    const post = (body: string, type: string) =>
      fetch(`${example.origin}/login`, { method: "POST", headers: { "Content-Type": type }, body })
    expect((await post("{}", "application/json")).status).toBe(400)
    expect((await post("nonsense", "multipart/form-data; boundary=x")).status).toBe(400)
    expect((await post("x".repeat(20_000), "text/plain")).status).toBe(413)
    expect((await visitor.get("/nowhere")).status).toBe(404)
    expect((await visitor.get("/logout")).status).toBe(404)
  })

  test("a failing database is an error, and signs nobody out", async () => {
    const grace = await signUp("Grace")
    db.exec("ALTER TABLE session RENAME TO lost")
    try {
      for (const path of ["/", "/user"]) {
        const response = await grace.get(path)
        expect([response.status, response.headers.getSetCookie()]).toEqual([500, []])
      }
      const response = await visitor.post("/login", { username: "grace", password })
      expect([response.status, await response.text()]).toEqual([500, "An unknown error occurred"])
    } finally {
      db.exec("ALTER TABLE lost RENAME TO session")
    }
    expect(await username(grace)).toBe("Grace")
    expect(example.output()).toContain(`tables.session: "session" does not exist`)
    expect(example.output()).not.toContain(password)
    expect(example.output()).not.toContain(tokenOf(grace))
  })

  test("in production the cookie is Secure, and sessions outlive the server", async () => {
    const grace = await signUp("Grace")
    const second = await startExample({ DATABASE: db.location()!, NODE_ENV: "production" }, "lucia-v2-web")
    const returning = createVisitor(second.origin)
    returning.cookie = grace.cookie
    expect(await username(returning)).toBe("Grace")
    const signIn = await returning.post("/login", { username: "grace", password })
    expect(signIn.headers.getSetCookie()).toEqual([expect.stringMatching(/; HttpOnly; Secure; SameSite=Lax$/)])
    expect(await second.stop()).toBe(0)
  })
})

async function signUp(name: string): Promise<Visitor> {
  const newcomer = createVisitor(example.origin)
  expect((await newcomer.post("/signup", { username: name, password })).status).toBe(302)
  return newcomer
}

async function username(visitor: Visitor): Promise<string> {
  const response = await visitor.get("/user")
  expect(response.status).toBe(200)
  const user = (await response.json()) as { username: string }
  return user.username
}

function tokenOf({ cookie }: Visitor): string {
  return cookie.replace("auth_session=", "")
}

function sessions(): SessionRow[] {
  const rows = db.prepare("SELECT id, user_id, expires_at FROM session ORDER BY created_at, id").all()
  return rows.map(({ id, user_id, expires_at }) => ({
    id: String(id),
    user_id: String(user_id),
    expires_at: Number(expires_at),
  }))
}

function endAt(time: number): void {
  db.prepare("UPDATE session SET expires_at = ?").run(time)
}

function insertOldUser(id: string, name: string): void {
  db.prepare("INSERT INTO user (id, username) VALUES (?, ?)").run(id, name)
  db.prepare("INSERT INTO user_key (id, user_id, hashed_password) VALUES (?, ?, ?)").run(
    `username:${name.toLowerCase()}`,
    id,
    oldHash,
  )
}

function insertOldSession(id: string, userId: string, expiresAt: number): void {
  db.prepare("INSERT INTO session (id, user_id, created_at, expires_at) VALUES (?, ?, ?, ?)").run(
    id,
    userId,
    expiresAt - 15 * day,
    expiresAt,
  )
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

import { createHash, randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, beforeAll, expect, test } from "vitest"

import { root } from "../../package/tarball.ts"
import { buildApp } from "./next-app.ts"
import type { BuiltApp } from "./next-app.ts"
import type { RunningApp } from "../running-app.ts"

const old = "abcdefghijklmnopqrstuvwxyz234567abcdefgh"
const second = "z".repeat(40)
const day = 86_400_000
const hex = (token: string) => createHash("sha256").update(token).digest("hex")

let built: BuiltApp
let app: RunningApp
let db: DatabaseSync

beforeAll(async () => {
  const auth = await readFile(join(root, "examples/next-app/lib/auth.ts"), "utf8")
  const accepting = auth
    .replace("export const auth = createAuth({", "const ownAuth = createAuth({")
    .replace("export const users", "export const auth = acceptLuciaTokens(ownAuth, { adapter })\nexport const users")
    .replace(
      "import { createNextAuth }",
      'import { acceptLuciaTokens } from "nightlatch/lucia"\nimport { createNextAuth }',
    )
  built = await buildApp("examples/next-app", { files: { "lib/auth.ts": accepting } })
  const DATABASE = join(built.folder, "lucia.db")
  app = await built.start({ DATABASE, SESSION_SECRET: randomBytes(32).toString("base64") })
  // The application makes its tables when it is first asked.
  await fetch(`${app.origin}/api/me`)
  db = new DatabaseSync(DATABASE)
  db.exec("INSERT INTO user (id, username) VALUES ('ada', 'ada')")
  for (const id of [old, hex(second)])
    db.prepare("INSERT INTO session VALUES (?, 'ada', ?, ?, 'Lucia')").run(id, Date.now(), Date.now() + 20 * day)
}, 600_000)

afterAll(async () => {
  db?.close()
  await app?.stop()
  await built?.remove()
})

function visit(path: string, token: string) {
  return fetch(`${app.origin}${path}`, { headers: { Cookie: `__Host-session=${token}` }, redirect: "manual" })
}

const sessionCookie = (response: Response) =>
  response.headers.getSetCookie().find((cookie) => cookie.startsWith("__Host-session="))

test("a page of Server Components finds the visitor by Lucia's cookie, which it cannot replace, each time", async () => {
  for (const token of [old, second, old, second]) {
    const response = await visit("/profile", token)
    expect(response.status).toBe(200)
    expect(await response.text()).toContain("ada")
    expect(sessionCookie(response)).toBeUndefined()
  }
  const ids = db
    .prepare("SELECT id FROM session")
    .all()
    .map(({ id }) => String(id))
  expect(ids.map((id) => id.length)).toEqual([64, 64])
  expect(ids).not.toContain(hex(second))
})

test("a Route Handler replaces the cookie, and pages go on with the new one", async () => {
  const response = await visit("/api/me", old)
  expect(response.status).toBe(200)
  const [, token = ""] = /^__Host-session=([a-z2-7]{32});/.exec(sessionCookie(response) ?? "") ?? []
  expect((await visit("/profile", token)).status).toBe(200)
  expect(sessionCookie(await visit("/api/me", token))).toBeUndefined()
})

test("a session that has ended sends both of its cookies to sign in", async () => {
  const [, token = ""] = /=([^;]+)/.exec(sessionCookie(await visit("/api/me", old)) ?? "") ?? []
  db.prepare("DELETE FROM session WHERE id = ?").run(hex(token))
  for (const dead of [old, token]) expect((await visit("/profile", dead)).headers.get("Location")).toBe("/sign-in")
  expect((await visit("/profile", second)).status).toBe(200)
})

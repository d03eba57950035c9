import { describe, expect, test } from "vitest"
import { authFile, migrate, migrateUse } from "./migrated-text.ts"

/** Code before and after. */
const understood: Record<string, [before: string, after: string]> = {
  "a new session's cookie holds the token": [
    `const session = await lucia.createSession(userId, {})
const cookie = lucia.createSessionCookie(session.id)`,
    `const { token } = await auth.createSession(userId)
const cookie = auth.createSessionCookie(token)`,
  ],
  "a session that is created for its cookie alone": [
    `const cookie = lucia.createSessionCookie((await lucia.createSession(userId, {})).id)`,
    `const cookie = auth.createSessionCookie((await auth.createSession(userId)).token)`,
  ],
  "the session is kept where it is used": [
    `const session = await lucia.createSession(userId, {})
log(session.expiresAt, lucia.createSessionCookie(session.id).serialize())`,
    `const { session, token } = await auth.createSession(userId)
log(session.expiresAt, auth.createSessionCookie(token).serialize())`,
  ],
  "a session of another name keeps it": [
    `const created = await lucia.createSession(userId, { ip })
send(created.userId, lucia.createSessionCookie(created.id))`,
    `const { session: created, token } = await auth.createSession(userId, { ip })
send(created.userId, auth.createSessionCookie(token))`,
  ],
  "a name that is taken is not used again": [
    `async function reset(token: { userId: string }) {
  const session = await lucia.createSession(token.userId, {})
  return lucia.createSessionCookie(session.id)
}`,
    `async function reset(token: { userId: string }) {
  const { token: sessionToken } = await auth.createSession(token.userId)
  return auth.createSessionCookie(sessionToken)
}`,
  ],
  "each branch has a token of its own": [
    `if (existing) {
  const session = await lucia.createSession(existing.id, {})
  send(lucia.createSessionCookie(session.id))
} else {
  const session = await lucia.createSession(userId, {})
  send(lucia.createSessionCookie(session.id))
}`,
    `if (existing) {
  const { token } = await auth.createSession(existing.id)
  send(auth.createSessionCookie(token))
} else {
  const { token } = await auth.createSession(userId)
  send(auth.createSessionCookie(token))
}`,
  ],
  "an extended or replaced session's cookie holds what the request sent": [
    `const sessionId = lucia.readSessionCookie(header ?? "")
const { session, user } = await lucia.validateSession(sessionId)
if (session && session.fresh) send(lucia.createSessionCookie(session.id))
if (!session) send(lucia.createBlankSessionCookie())`,
    `const sessionId = auth.readSessionCookie(header ?? "")
const { session, token, user } = await auth.validateSession(sessionId)
if (session && (session.fresh || token)) send(auth.createSessionCookie(token ?? sessionId))
if (!session) send(auth.createBlankSessionCookie())`,
  ],
  "twice too, by a name that is free": [
    `const token = cookies().get(lucia.sessionCookieName)?.value
const { user, session } = await lucia.validateSession(token)
if (session?.fresh) send(lucia.createSessionCookie(session.id))
else if (session) log(lucia.createSessionCookie(session.id))`,
    `const token = cookies().get(auth.sessionCookieName)?.value
const { user, session, token: sessionToken } = await auth.validateSession(token)
if (session?.fresh || sessionToken) send(auth.createSessionCookie(sessionToken ?? token))
else if (session) log(auth.createSessionCookie(sessionToken ?? token))`,
  ],
  "or what took its place": [
    `const cookie = cookies().get(lucia.sessionCookieName)?.value
const result = await lucia.validateSession(cookie)
if (result.session?.fresh) send(lucia.createSessionCookie(result.session.id))`,
    `const cookie = cookies().get(auth.sessionCookieName)?.value
const result = await auth.validateSession(cookie)
if (result.session?.fresh || result.token) send(auth.createSessionCookie(result.token ?? cookie))`,
  ],
  "cookies() of Next.js 15 stays awaited": [
    `const sessionId = (await cookies()).get(lucia.sessionCookieName)?.value ?? null`,
    `const sessionId = (await cookies()).get(auth.sessionCookieName)?.value ?? null`,
  ],
  "a session is ended by its id": [
    `async function end(sessionId: string) {
  const { session } = await lucia.validateSession(sessionId)
  if (session) await lucia.invalidateSession(session.id)
}`,
    `async function end(sessionId: string) {
  const { session } = await auth.validateSession(sessionId)
  if (session) await auth.invalidateSession(session.id)
}`,
  ],
  "a session that the framework keeps is too": [
    `await lucia.invalidateSession(res.locals.session.id)`,
    `await auth.invalidateSession(res.locals.session.id)`,
  ],
  "what is the same keeps its arguments": [
    `for (const { userId } of await lucia.getUserSessions(id)) await lucia.invalidateUserSessions(userId)
await lucia.deleteExpiredSessions()
const token = lucia.readBearerToken(header ?? "")
type Own = typeof lucia`,
    `for (const { userId } of await auth.getUserSessions(id)) await auth.invalidateUserSessions(userId)
await auth.deleteExpiredSessions()
const token = auth.readBearerToken(header ?? "")
type Own = typeof auth`,
  ],
}

test.each(Object.entries(understood))("%s", async (_, [before, after]) => {
  expect(await migrateUse(before)).toEqual({ code: after, left: [] })
})

/** Code of which a part stays as it is, the parts that stay, and why. */
const left: Record<string, [code: string, stays: string[], reason: string]> = {
  "an id that the client keeps": [
    `const session = await lucia.createSession(userId, {})
response.json({ sessionId: session.id })`,
    [`const session = await lucia.createSession(userId, {})`, `session.id`],
    "use.ts:2 lucia.createSession: its id is used in line 3",
  ],
  "a session that is returned": [
    `const start = () => lucia.createSession(userId, {})`,
    [`lucia.createSession(userId, {})`],
    "use.ts:2 lucia.createSession: createSession() gives { session, token } now",
  ],
  "a session of which only the id is taken": [
    `const { id } = await lucia.createSession(userId, {})
send(lucia.createSessionCookie(id))`,
    [`const { id } = await lucia.createSession(userId, {})`, `lucia.createSessionCookie(id)`],
    "use.ts:2 lucia.createSession: createSession() gives",
  ],
  "an id that was chosen": [
    `const session = await lucia.createSession(userId, {}, { sessionId: "mine" })`,
    [`lucia.createSession(userId, {}, { sessionId: "mine" })`],
    "a session's id cannot be chosen any more",
  ],
  "a cookie for a session from elsewhere": [
    `import type { Session } from "lucia"
const cookieOf = (session: Session) => lucia.createSessionCookie(session.id)`,
    [`lucia.createSessionCookie(session.id)`],
    "use.ts:3 lucia.createSessionCookie: the cookie holds a token now, and this session's is not known here",
  ],
  "a cookie for whatever": [
    `const cookieOf = (sessionId: string) => lucia.createSessionCookie(sessionId)`,
    [`lucia.createSessionCookie(sessionId)`],
    "the cookie holds a token now: give it what createSession() or the request gave",
  ],
  "a session that is ended by what the cookie holds": [
    `const sessionId = lucia.readSessionCookie(header)
if (sessionId) await lucia.invalidateSession(sessionId)`,
    [`lucia.invalidateSession(sessionId)`],
    "use.ts:3 lucia.invalidateSession: this takes session.id, and not what the cookie holds",
  ],
  "a session that is looked up by its id": [
    `const [first] = await lucia.getUserSessions(userId)
await lucia.validateSession(first.id)`,
    [`lucia.validateSession(first.id)`],
    "a session's id is public now, and is no token",
  ],
  "a variable that changes": [
    `let sessionId = read()
sessionId = other()
const result = await lucia.validateSession(sessionId)
if (result.session) send(lucia.createSessionCookie(result.session.id))`,
    [`lucia.createSessionCookie(result.session.id)`],
    "use.ts:5 lucia.createSessionCookie: the cookie holds a token now",
  ],
  "an instance that is handed on": [
    `wrap(lucia)
const methods = { lucia, validate: lucia.validateSession }`,
    [`wrap(lucia)`, `{ lucia, validate: lucia.validateSession }`],
    "what takes this must be made for an auth of createAuth()",
  ],
}

describe("stays as it is, under a name that there is no more, and is listed:", () => {
  test.each(Object.entries(left))("%s", async (_, [before, stays, reason]) => {
    const { code, left } = await migrateUse(before)
    for (const part of stays) expect(code).toContain(part)
    expect(left.join("\n")).toContain(reason)
  })
})

test("an id that is read besides is listed, because it is another text than before", async () => {
  const { code, left } = await migrateUse(`const { session } = await lucia.validateSession(header)
if (session) audit(session.id)
if (session?.id === other) await lucia.invalidateSession(session.id)`)
  expect(code).toContain("audit(session.id)")
  expect(left).toEqual([expect.stringContaining("use.ts:3 session.id: public now, and signs nobody in")])
})

test("a file that says not where lucia comes from is listed, and stays as it is", async () => {
  const code = `import { lucia } from "$lib/auth"\nsend(lucia.createBlankSessionCookie())\n`
  const { files, leftovers } = await migrate({ "auth.ts": authFile, "use.ts": code })
  expect(files).not.toHaveProperty("use.ts")
  expect(leftovers).toEqual([expect.stringContaining("use.ts:2 nothing in this file was changed where lucia is used")])
})

test("another name of the instance stays", async () => {
  const code = `import { lucia as own } from "./auth"\nsend(own.createBlankSessionCookie())\nexport { own }\n`
  const { files, leftovers } = await migrate({ "auth.ts": authFile, "use.ts": code })
  expect(files["use.ts"]).toBe(code.replace("lucia as", "auth as"))
  expect(leftovers).toEqual([])
})

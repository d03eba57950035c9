// An application of Lucia v3's time, as its tutorials have it: nothing in here knows which library answers to `lucia`.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import { Lucia, Scrypt, TimeSpan, generateIdFromEntropySize, verifyRequestOrigin } from "lucia"
import { adapter, createUser, findUser } from "./drill-server-database.ts"

/** What is posted. */
interface Form {
  id: string
  username: string
  password: string
  device: string
}

const lucia = new Lucia(adapter, {
  sessionExpiresIn: new TimeSpan(20, "d"),
  getUserAttributes: ({ username }) => ({ username }),
  getSessionAttributes: ({ device }) => ({ device }),
  // Lucia has no such option, and does not look at it.
  ...{ storedIds: process.env.DRILL_STORED_IDS },
})
const passwords = new Scrypt()

async function validateRequest(req, res) {
  const cookie = lucia.readSessionCookie(req.headers.cookie ?? "")
  const sessionId = cookie || lucia.readBearerToken(req.headers.authorization ?? "")
  if (!sessionId) return { user: null, session: null }
  const result = await lucia.validateSession(sessionId)
  if (cookie && result.session?.fresh)
    res.appendHeader("Set-Cookie", lucia.createSessionCookie(result.session.id).serialize())
  if (cookie && !result.session) res.appendHeader("Set-Cookie", lucia.createBlankSessionCookie().serialize())
  return result
}

async function signUp(req, res) {
  const { username, password, device } = (await json(req)) as Form
  const id = generateIdFromEntropySize(10)
  await createUser({ id, username, password_hash: await passwords.hash(password) })
  await signInAs(id, device, res)
}

async function signIn(req, res) {
  const { username, password, device } = (await json(req)) as Form
  const user = await findUser(username)
  if (!user || !(await passwords.verify(user.password_hash, password)))
    return answer(res, 400, { error: "Incorrect username or password" })
  await signInAs(user.id, device, res)
}

async function signInAs(userId, device, res) {
  const session = await lucia.createSession(userId, { device })
  res.appendHeader("Set-Cookie", lucia.createSessionCookie(session.id).serialize())
  answer(res, 200, {})
}

async function signOut(req, res, session) {
  await lucia.invalidateSession(session.id)
  res.setHeader("Set-Cookie", lucia.createBlankSessionCookie().serialize())
  answer(res, 200, {})
}

const pages = {
  "GET /": async (req, res, session, user) => answer(res, 200, { user, device: session.device, fresh: session.fresh }),
  "GET /sessions": async (req, res, session) => answer(res, 200, await lucia.getUserSessions(session.userId)),
  "POST /sessions/end": async (req, res, session) => {
    const { id } = (await json(req)) as Form
    const own = await lucia.getUserSessions(session.userId)
    if (own.some((one) => one.id === id)) await lucia.invalidateSession(id)
    answer(res, 200, {})
  },
  "POST /signout": signOut,
  "POST /signout/everywhere": async (req, res, session) => {
    await lucia.invalidateUserSessions(session.userId)
    await signOut(req, res, session)
  },
}

const server = createServer(async (req, res) => {
  const { method, url } = req
  try {
    if (method === "POST" && !verifyRequestOrigin(req.headers.origin ?? "", [req.headers.host ?? ""]))
      return answer(res, 403, { error: "Another site's form" })
    if (method === "POST" && url === "/signup") return await signUp(req, res)
    if (method === "POST" && url === "/signin") return await signIn(req, res)
    if (method === "POST" && url === "/cron") return answer(res, 200, { deleted: await lucia.deleteExpiredSessions() })
    const { session, user } = await validateRequest(req, res)
    if (!session) return answer(res, 401, { error: "Signed out" })
    await pages[`${method} ${url}`](req, res, session, user)
  } catch (error) {
    console.error(method, url, error)
    answer(res, 500, { error: String(error) })
  }
})

function answer(res, status, body) {
  res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body))
}

server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }))

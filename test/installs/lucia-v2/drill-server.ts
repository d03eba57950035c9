// An application of Lucia v2's time, as its guides have it: nothing in here knows which library answers to `lucia`.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import { LuciaError, lucia } from "lucia"
import { node } from "lucia/middleware"
import { adapter, userIds } from "./drill-server-database.ts"

/** What is posted. */
interface Form {
  id: string
  username: string
  password: string
  device: string
}

const auth = lucia({
  adapter,
  env: "DEV",
  middleware: node(),
  getUserAttributes: ({ username }) => ({ username }),
  getSessionAttributes: ({ device }) => ({ device }),
  // Lucia has no such option, and does not look at it.
  ...{ storedIds: process.env.DRILL_STORED_IDS },
})

async function signUp(req, res, authRequest) {
  const { username, password, device } = (await json(req)) as Form
  const user = await auth.createUser({
    key: { providerId: "username", providerUserId: username.toLowerCase(), password },
    attributes: { username },
  })
  await signInAs(user.userId, device, res, authRequest)
}

async function signIn(req, res, authRequest) {
  const { username, password, device } = (await json(req)) as Form
  try {
    const key = await auth.useKey("username", username.toLowerCase(), password)
    await signInAs(key.userId, device, res, authRequest)
  } catch (error) {
    if (!(error instanceof LuciaError)) throw error
    answer(res, 400, { error: error.message })
  }
}

async function signInAs(userId, device, res, authRequest) {
  const session = await auth.createSession({ userId, attributes: { device } })
  authRequest.setSession(session)
  answer(res, 200, {})
}

async function signOut(req, res, authRequest, session) {
  await auth.invalidateSession(session.sessionId)
  authRequest.setSession(null)
  answer(res, 200, {})
}

const pages = {
  "GET /": (req, res, authRequest, { user, device, fresh }) => answer(res, 200, { user, device, fresh }),
  "GET /sessions": async (req, res, authRequest, session) => {
    const own = await auth.getAllUserSessions(session.user.userId)
    const listed = own.map(({ sessionId: id, device }) => ({ id, device }))
    answer(res, 200, listed)
  },
  "POST /sessions/end": async (req, res, authRequest, session) => {
    const { id } = (await json(req)) as Form
    const own = await auth.getAllUserSessions(session.user.userId)
    if (own.some(({ sessionId }) => sessionId === id)) await auth.invalidateSession(id)
    answer(res, 200, {})
  },
  "POST /signout": signOut,
  "POST /signout/everywhere": async (req, res, authRequest, session) => {
    await auth.invalidateAllUserSessions(session.user.userId)
    authRequest.setSession(null)
    answer(res, 200, {})
  },
}

const server = createServer(async (req, res) => {
  const { method, url } = req
  try {
    const authRequest = auth.handleRequest(req, res)
    if (method === "POST" && url === "/signup") return await signUp(req, res, authRequest)
    if (method === "POST" && url === "/signin") return await signIn(req, res, authRequest)
    if (method === "POST" && url === "/cron") return await deleteDead(res)
    const session = (await authRequest.validate()) ?? (await authRequest.validateBearerToken())
    if (!session) return answer(res, 401, { error: "Signed out" })
    await pages[`${method} ${url}`](req, res, authRequest, session)
  } catch (error) {
    console.error(method, url, error)
    answer(res, 500, { error: String(error) })
  }
})

async function deleteDead(res) {
  for (const userId of await userIds()) await auth.deleteDeadUserSessions(userId)
  // Lucia does not wait until they are deleted.
  setTimeout(() => answer(res, 200, {}), 100)
}

function answer(res, status, body) {
  res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body))
}

server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }))

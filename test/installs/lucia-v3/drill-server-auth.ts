// The same application after it has moved on to `createAuth`: over the adapter of Lucia v3 that it had, or, where
// DRILL_TABLES names them, over separate tables, where users have keys.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import Database from "better-sqlite3"
import pg from "pg"
import { betterSqlite3Adapter } from "../../../adapters/better-sqlite3.ts"
import { pgAdapter } from "../../../adapters/pg.ts"
import type { SessionAdapter } from "../../../src/index.ts"
import { createAuth } from "../../../src/index.ts"
import { Scrypt, acceptLuciaTokens, fromLuciaAdapter } from "../../../src/lucia.ts"
import { createNodeAuth } from "../../../src/node.ts"
import { argon2id, luciaScrypt, passwordHasher } from "../../../src/password.ts"
import { createUsers } from "../../../src/users.ts"

/** A row of the users. */
interface DrillUser {
  id: string
  username: string
}

/** What a session has beside its times. */
interface DrillSession {
  device?: string | null
}

/** Where people and their sessions are, and how they sign in. */
interface People {
  adapter: SessionAdapter<DrillUser, DrillSession>
  signInWith(username: string, password: string): Promise<{ token: string } | null>
}

/** What is posted. */
interface Form {
  id: string
  username: string
  password: string
  device: string
}

const { file, url, schema } = JSON.parse(process.env.DRILL_DATABASE ?? "")
const { adapter, signInWith }: People = process.env.DRILL_TABLES ? overOwnTables() : await overLucia()
const auth = acceptLuciaTokens(
  createAuth({
    adapter,
    session: { idleTimeout: "20d", absoluteTimeout: false },
    cookie: { name: "auth_session" },
    getUserAttributes: ({ username }: DrillUser) => ({ username }),
    getSessionAttributes: ({ device }: DrillSession) => ({ device }),
  }),
  { adapter },
)

async function overLucia() {
  const { adapter, findUser } = await import("./drill-server-database.ts")
  const signInWith = async (username, password) => {
    const user = await findUser(username)
    if (!user || !(await new Scrypt().verify(user.password_hash, password))) return null
    return auth.createSession(user.id, { device: null })
  }
  return { adapter: fromLuciaAdapter<DrillUser, DrillSession>(adapter), signInWith }
}

function overOwnTables() {
  const tables = JSON.parse(process.env.DRILL_TABLES ?? "")
  const adapter = file
    ? betterSqlite3Adapter<DrillUser, DrillSession>(new Database(file), { tables })
    : pgAdapter<DrillUser, DrillSession>(new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` }), {
        tables,
      })
  const passwords = passwordHasher({ preferred: argon2id(), accepted: [luciaScrypt()] })
  const users = createUsers({ adapter, passwordHasher: passwords })
  return {
    adapter,
    signInWith: (username, password) =>
      users.signInWithPassword(auth, { providerId: "username", providerUserId: username, password }),
  }
}

const pages = {
  "GET /": (req, res, authRequest, { user, session }) => answer(res, 200, { user, device: session.device }),
  "GET /sessions": async (req, res, authRequest, { user }) => answer(res, 200, await auth.getUserSessions(user.id)),
  "POST /sessions/end": async (req, res, authRequest, { user }) => {
    const { id } = (await json(req)) as Form
    await auth.invalidateSession(id, { userId: user.id })
    answer(res, 200, {})
  },
  "POST /rotate": async (req, res, authRequest) => {
    await authRequest.rotate()
    answer(res, 200, {})
  },
  "POST /signout": async (req, res, authRequest) => {
    await authRequest.signOut()
    answer(res, 200, {})
  },
  "POST /signout/everywhere": async (req, res, authRequest, { user }) => {
    await auth.invalidateUserSessions(user.id)
    await authRequest.signOut()
    answer(res, 200, {})
  },
}

const { handler } = createNodeAuth(auth)
const server = createServer(
  handler(async (req, res, authRequest) => {
    const { method, url } = req
    if (method === "POST" && url === "/signin") {
      const { username, password } = (await json(req)) as Form
      const signedIn = await signInWith(username, password)
      if (!signedIn) return answer(res, 400, { error: "Incorrect username or password" })
      await authRequest.setSession(signedIn.token)
      return answer(res, 200, {})
    }
    const visitor = (await authRequest.validate()) ?? (await authRequest.validateBearerToken())
    if (!visitor) return answer(res, 401, { error: "Signed out" })
    await pages[`${method} ${url}`](req, res, authRequest, visitor)
  }),
)

function answer(res, status, body) {
  res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body))
}

server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }))

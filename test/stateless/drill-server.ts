import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import pg from "pg"
import { pgAdapter } from "../../adapters/pg.ts"
import { sqlRevocations } from "../../adapters/sql.ts"
import { createNodeAuth } from "../../src/node.ts"
import { scrypt } from "../../src/password.ts"
import { cachedRevocations, createStatelessAuth } from "../../src/stateless.ts"
import { createUsers } from "../../src/users.ts"

/** A server in a separate process, with users and revocations in PostgreSQL and sessions in cookies. */
const [connectionString = "", options = "", secret = "", maxAge = ""] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString, options, max: 3 })
const revocations = sqlRevocations({
  dialect: "postgres",
  executor: {
    query: async (sql, params) => (await pool.query(sql, params)).rows,
    execute: async (sql, params) => (await pool.query(sql, params)).rowCount ?? 0,
  },
})
const auth = createStatelessAuth({
  secrets: [secret],
  revocations: maxAge === "0" ? revocations : cachedRevocations(revocations, { maxAge: "1s" }),
})
const users = createUsers({ adapter: pgAdapter<{ id: string; username: string }>(pool), passwordHasher: scrypt() })

const listener = createNodeAuth(auth).handler(async (req, res, { validate, signIn, signOut }) => {
  const url = new URL(req.url ?? "/", "http://localhost")
  const password = url.searchParams.get("password") ?? ""
  const signedIn = await validate()
  if (url.pathname === "/in") {
    const key = await users.verifyPassword({ providerId: "username", providerUserId: "ada", password })
    if (key) await signIn(String(key.userId))
  }
  if (url.pathname === "/out") await signOut()
  if (url.pathname === "/everywhere" && signedIn) await auth.invalidateUserSessions(signedIn.user.id)
  if (url.pathname === "/password" && signedIn) {
    await users.updateUserPassword({ userId: signedIn.user.id, password })
    await auth.invalidateUserSessions(signedIn.user.id)
  }
  res.end(JSON.stringify({ id: (await validate())?.user.id ?? null }))
})

const server = createServer((req, res) => void listener(req, res))
// A server that listens on a port has an address object.
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port))
process.once("disconnect", () => process.exit())

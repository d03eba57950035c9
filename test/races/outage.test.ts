import type { Socket } from "node:net"
import { connect, createServer } from "node:net"
import pg from "pg"
import { afterAll, describe, expect, test } from "vitest"
import { sqlAdapter } from "../../adapters/sql.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { AuthError, isAuthError } from "../../src/core/errors.ts"
import type { AuthEvent } from "../../src/core/events.ts"
import { createUsers } from "../../src/users/create-users.ts"
import { pgPoolExecutor } from "../adapters/sql-stores.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import type { User } from "./race-store.ts"
import type { SharedStore } from "./races.ts"
import { createPostgres } from "./races.ts"
import { attemptOf } from "../users/attempts.ts"

const password = "correct horse"
const store = await createPostgres()

describe.skipIf(!store)("PostgreSQL behind a network that fails", () => {
  test("[F1][ADP-6] an outage under load is store_failed, never signed out, and over when the server is back", async () => {
    const { auth, proxy, events } = await openApplication("ada")
    const { token } = await auth.createSession("ada")
    expect(await visits(auth, token, 20)).toEqual({ signedIn: 20, failed: 0, other: 0 })

    const underLoad = visits(auth, token, 200)
    await proxy.cut()
    const during = await underLoad
    expect(during).toMatchObject({ signedIn: 200 - during.failed, other: 0 })
    expect(await visits(auth, token, 20)).toEqual({ signedIn: 0, failed: 20, other: 0 })

    await proxy.restore()
    expect(await visits(auth, token, 20)).toEqual({ signedIn: 20, failed: 0, other: 0 })
    expect(events.map(({ type }) => type)).not.toContain("session_rejected")
  })

  test("[F1][ADP-6] every other call in an outage fails the same way, with the driver's error as its cause", async () => {
    const { auth, users, proxy } = await openApplication("grace")
    const { token, session } = await auth.createSession("grace")
    await users.verifyPassword(attemptOf("grace", password))
    await proxy.cut()
    const calls = [
      () => auth.createSession("grace"),
      () => auth.rotateSession(token),
      () => auth.getUserSessions("grace"),
      () => auth.invalidateSession(session.id),
      () => auth.invalidateUserSessions("grace"),
      () => auth.deleteExpiredSessions(),
      () => users.verifyPassword(attemptOf("grace", password)),
      () => users.signInWithPassword(auth, attemptOf("grace", password)),
      () => users.updateUserPassword({ userId: "user-1", password: "another horse" }),
      () => users.createUser({ key: null, attributes: { username: "x" } }),
      () => users.deleteUser("grace"),
    ]
    for (const call of calls) {
      const error: unknown = await call().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(AuthError)
      expect(error).toMatchObject({ code: "store_failed", cause: expect.any(Error) })
    }
    await proxy.restore()
    expect((await auth.validateSession(token)).session?.id).toBe(session.id)
    expect(await users.signInWithPassword(auth, attemptOf("grace", password))).not.toBeNull()
  })

  test("[F3][P11] connections that the server ends while users sign up and in leave nothing half done", async () => {
    const { auth, users, run, pool, endConnections } = await openApplication("alan")
    const { token } = await auth.createSession("alan")
    const names = Array.from({ length: 300 }, (_, n) => `crowd-${n}`)
    const signingUp = names.map(async (id) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 400))
      const key = { providerId: "username", providerUserId: id, password }
      return outcomeOf(() => users.createUser({ id, key, attributes: { username: id } }))
    })
    const visiting = visits(auth, token, 300, 400)
    let ended = 0
    for (let round = 0; round < 8; round++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      ended += await endConnections()
    }
    expect(ended).toBeGreaterThan(0)

    const outcomes = await Promise.all(signingUp)
    expect((await visiting).other).toBe(0)
    expect(outcomes.filter((outcome) => outcome === "other")).toEqual([])
    // What was answered with success is there; what failed is there as a whole, or not at all.
    const stored = new Set<unknown>((await run(`SELECT id FROM "user" WHERE id LIKE 'crowd-%'`)).map(({ id }) => id))
    const keyed = new Set(
      (await run(`SELECT user_id FROM user_key WHERE id LIKE 'username:crowd-%'`)).map((row) => row.user_id),
    )
    expect(keyed).toEqual(stored)
    for (const [n, outcome] of outcomes.entries()) if (outcome === "done") expect(stored).toContain(names[n])
    // The server ends a connection when it gets round to it, and until the pool has noticed, a call may be given it.
    await endConnections()
    await expect.poll(() => pool.totalCount).toBe(0)
    expect(await visits(auth, token, 20)).toEqual({ signedIn: 20, failed: 0, other: 0 })
  })

  test("[F4] a sign-up whose answer is lost, tried again, is key_taken and one account", async () => {
    const { users, proxy, run } = await openApplication("edsger")
    const key = { providerId: "username", providerUserId: "barbara", password }
    const signUp = () => users.createUser({ key, attributes: { username: "barbara" } })
    proxy.loseAnswerTo("COMMIT")
    await expect(signUp()).rejects.toMatchObject({ code: "store_failed" })
    expect(await signUp()).toEqual({ user: null, reason: "key_taken" })
    expect(await run(`SELECT id FROM "user" WHERE username = 'barbara'`)).toHaveLength(1)
    expect(await users.verifyPassword(attemptOf("barbara", password))).not.toBeNull()
  })
})

type Application = Awaited<ReturnType<typeof openApplication>>

/** An application with one user, whose pool has its name and reaches the server through a proxy. */
async function openApplication(name: string) {
  const { address, run } = store as SharedStore
  if (address.dialect !== "postgres") throw new Error("createPostgres() made another store")
  const { connectionString = "", options } = address.connection
  const url = new URL(connectionString)
  const proxy = await startProxy(url.hostname, Number(url.port || 5432))
  url.host = `127.0.0.1:${proxy.port}`
  // Other runs of these tests may be on the same server.
  const applicationName = `${name}-${crypto.randomUUID()}`
  const pool = new pg.Pool({ connectionString: url.href, options, application_name: applicationName, max: 10 })
  pool.on("error", () => undefined)
  pool.on("connect", (client) => client.on("error", () => undefined))
  afterAll(async () => {
    await pool.end()
    await proxy.cut()
  })

  const events: AuthEvent[] = []
  const adapter = sqlAdapter<User>({ dialect: "postgres", executor: pgPoolExecutor(pool) })
  const users = createUsers({ adapter, passwordHasher: countingHasher() })
  const auth = createAuth({ adapter, onEvent: (event) => void events.push(event) })
  const key = { providerId: "username", providerUserId: name, password }
  await users.createUser({ id: name, key, attributes: { username: name } })
  const endConnections = async () =>
    (await run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${applicationName}'`))
      .length
  return { auth, users, proxy, events, run, pool, endConnections }
}

async function visits(auth: Application["auth"], token: string, count: number, spread = 20) {
  const outcomes = Array.from({ length: count }, async () => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * spread))
    return outcomeOf(async () => {
      if ((await auth.validateSession(token)).session === null) throw new Error("signed out by an outage")
    })
  })
  const counts = { signedIn: 0, failed: 0, other: 0 }
  const names = { done: "signedIn", failed: "failed", other: "other" } as const
  for (const outcome of await Promise.all(outcomes)) counts[names[outcome]]++
  return counts
}

async function outcomeOf(call: () => Promise<unknown>): Promise<"done" | "failed" | "other"> {
  try {
    await call()
    return "done"
  } catch (error) {
    return isAuthError(error) && error.code === "store_failed" ? "failed" : "other"
  }
}

/** Passes bytes on to a server until it is cut. */
async function startProxy(host: string, serverPort: number) {
  const open = new Set<Socket>()
  let lost: string | undefined

  const server = createServer((client) => {
    const upstream = connect(serverPort, host)
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on("error", () => undefined)
      socket.on("close", () => {
        open.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on("data", (bytes) => {
      upstream.write(bytes)
      if (lost === undefined || !bytes.includes(lost)) return
      lost = undefined
      // The server has it, and its answer goes nowhere.
      upstream.unpipe(client)
      upstream.once("data", () => client.destroy()).resume()
    })
    upstream.pipe(client)
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  await listen(0)
  const address = server.address()
  const port = typeof address === "object" && address ? address.port : 0

  return {
    port,
    restore: () => listen(port),
    async cut() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of open) socket.destroy()
      await closed
    },
    loseAnswerTo(statement: string) {
      lost = statement
    },
  }
}

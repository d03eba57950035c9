import { fork } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { request } from "node:http"
import { text } from "node:stream/consumers"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { revocationSchema } from "../../adapters/sql.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { createUsers } from "../../src/users.ts"
import { scrypt } from "../../src/password.ts"
import { droppedTables, testTables } from "../adapters/sql-stores.ts"
import { postgresServer } from "../servers.ts"

const database = await postgresServer()
const secret = "a secret of the drill, which is long enough"
// What cachedRevocations() promises in drill-server.ts, and what a busy machine adds.
const bound = 1000 + 500

describe.skipIf(!database).each([
  { name: "asked at every validation", maxAge: "0", wait: 0 },
  { name: "cached for a second", maxAge: "1s", wait: bound },
])("[STL-6] over three processes, with revocations $name,", ({ maxAge, wait }) => {
  const { pool, close } = database!
  let servers: { process: ChildProcess; port: number }[] = []

  beforeAll(async () => {
    await pool.query("DROP TABLE IF EXISTS session_revocation")
    for (const statement of [
      ...droppedTables("postgres"),
      ...testTables("postgres", "text"),
      ...revocationSchema("postgres"),
    ])
      await pool.query(statement)
    const users = createUsers({ adapter: pgAdapter<{ id: string; username: string }>(pool), passwordHasher: scrypt() })
    const key = { providerId: "username", providerUserId: "ada", password: "the first password" }
    await users.createUser({ id: "ada", key, attributes: { username: "ada" } })
    servers = await Promise.all([0, 1, 2].map(start))
  })

  afterAll(async () => {
    for (const { process } of servers) process.kill()
    if (maxAge !== "0") await close()
  })

  test("a sign-out on one is heard by all", async () => {
    const cookie = await signedIn(0, "the first password")
    const other = await signedIn(1, "the first password")
    expect(await everywhere(cookie)).toEqual(["ada", "ada", "ada"])
    await send(1, "/out", cookie)
    expect(await afterwards(cookie)).toEqual([null, null, null])
    expect(await everywhere(other)).toEqual(["ada", "ada", "ada"])
  })

  test("a sign-out everywhere ends all that there was, and a new sign-in lives", async () => {
    const cookies = [await signedIn(0, "the first password"), await signedIn(1, "the first password")]
    for (const cookie of cookies) expect(await everywhere(cookie)).toEqual(["ada", "ada", "ada"])
    await send(2, "/everywhere", cookies[0])
    const again = await signedIn(0, "the first password")
    for (const cookie of cookies) expect(await afterwards(cookie)).toEqual([null, null, null])
    expect(await everywhere(again)).toEqual(["ada", "ada", "ada"])
  })

  test("a new password ends who came by the old one", async () => {
    const cookies = [await signedIn(0, "the first password"), await signedIn(1, "the first password")]
    for (const cookie of cookies) expect(await everywhere(cookie)).toEqual(["ada", "ada", "ada"])
    await send(2, "/password?password=the+second+password", cookies[0])
    for (const cookie of cookies) expect(await afterwards(cookie)).toEqual([null, null, null])
    expect(await signedIn(0, "the first password")).toBe("")
    expect(await everywhere(await signedIn(1, "the second password"))).toEqual(["ada", "ada", "ada"])
  })

  async function start() {
    const settings = [String(pool.options.connectionString), String(pool.options.options), secret, maxAge]
    const process = fork(new URL("drill-server.ts", import.meta.url), settings)
    const [port] = (await once(process, "message")) as [number]
    return { process, port }
  }

  /** The cookie; empty where the password is wrong. */
  async function signedIn(server: number, password: string): Promise<string> {
    const { cookies } = await send(server, `/in?password=${encodeURIComponent(password)}`)
    return cookies[0]?.split(";")[0] ?? ""
  }

  /** Whom each of the servers takes the visitor for. */
  async function everywhere(cookie: string): Promise<unknown[]> {
    const answers = await Promise.all([0, 1, 2].map((server) => send(server, "/", cookie)))
    return answers.map(({ body }) => (JSON.parse(body) as { id: unknown }).id)
  }

  async function afterwards(cookie: string): Promise<unknown[]> {
    await new Promise((resolve) => setTimeout(resolve, wait))
    return everywhere(cookie)
  }

  async function send(server: number, path: string, cookie = "") {
    const port = servers[server]?.port
    const headers = { Origin: `https://127.0.0.1:${port}`, ...(cookie && { Cookie: cookie }) }
    const sent = request({ port, host: "127.0.0.1", method: "POST", path, headers, agent: false }).end()
    const [response] = await once(sent, "response")
    return { cookies: (response.headers["set-cookie"] ?? []) as string[], body: await text(response) }
  }
})

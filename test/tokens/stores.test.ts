import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

import { Redis } from "ioredis"
import { afterAll, beforeEach, describe, expect, test } from "vitest"

import { ioredisAdapter } from "../../adapters/ioredis.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { schema } from "../../adapters/sql.ts"
import { libraryTokens } from "../../src/proof/library-tokens.ts"
import { manualClock } from "../../src/testing.ts"
import { createTokens } from "../../src/tokens.ts"
import type { TokenAdapter } from "../../src/tokens.ts"
import { featureStores } from "../adapters/feature-stores.ts"
import { ownPrefix } from "../adapters/redis-stores.ts"
import { redisServer } from "../redis-servers.ts"
import { purposes, race, wrongCode } from "./tokens-fixture.ts"

const addresses = { from: "ada@example.com", to: "ada@example.org" }

const keysOfRedis = ownPrefix()
const redis = await redisServer(keysOfRedis)
const client = redis && new Redis(redis.url)
afterAll(async () => {
  await client?.quit()
  await redis?.close()
})

if (client)
  describe("one-time tokens over ioredisAdapter()", () => usesUp(ioredisAdapter(client, { prefix: keysOfRedis })))

for (const { name, adapter, reset } of await featureStores()) {
  describe(`one-time tokens over ${name}`, () => {
    beforeEach(reset)
    usesUp(adapter)

    test("tokens without a user, of the library, and clean-up", async () => {
      const now = manualClock()
      const tokens = createTokens({ adapter, purposes, now })
      const data = { address: "ada@example.com" }
      const token = await tokens.createToken({ purpose: "sign_up", data })
      const library = tokens[libraryTokens]
      const codes = await library.create(":recovery", { userId: "bob", data: "", expiresIn: null, count: 10, keep: 10 })
      expect(await library.use(":passkey", "handle", "1h")).toBe(true)
      expect(await library.use(":passkey", "handle", "1h")).toBe(false)
      expect(await tokens.consumeToken(token, "sign_up")).toEqual({ userId: null, data, proof: null })
      await tokens.createToken({ purpose: "confirm", userId: "bob" })
      await tokens.invalidateTokens("bob")
      expect(await adapter.countTokens("bob", "confirm")).toBe(0)
      expect(await library.count(":recovery", "bob")).toBe(10)
      now.advance(2 * 86_400_000)
      expect(await tokens.cleanUp()).toBe(1)
      expect(await library.take(":recovery", codes[0])).not.toBeNull()
      await tokens.resetUser("bob")
      expect(await library.count(":recovery", "bob")).toBe(0)
    })
  })
}

describe("what a file of SQLite holds", () => {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const db = new DatabaseSync(join(folder, "tokens.db"))
  afterAll(() => {
    db.close()
    rmSync(folder, { recursive: true })
  })

  test("[OTT-1][STO-1] is no token, code or handle, no address of their data, and nothing that can be used as one", async () => {
    db.exec("PRAGMA journal_mode = WAL")
    db.exec("CREATE TABLE user (id TEXT PRIMARY KEY NOT NULL)")
    for (const statement of schema("sqlite", { include: ["tokens"] })) db.exec(statement)
    db.exec("INSERT INTO user (id) VALUES ('user-1')")
    const tokens = createTokens({ adapter: nodeSqliteAdapter<{ id: string }>(db), purposes })
    const library = tokens[libraryTokens]
    const token = await tokens.createToken({ purpose: "change_email", userId: "user-1", data: addresses })
    const { code, handle } = await tokens.createCode({ purpose: "change_email", userId: "user-1", data: addresses })
    const account = { userId: "user-1", data: addresses.from, expiresIn: "90d" } as const
    const [browser = ""] = await library.create(":known_browser", account)
    await library.use(":passkey", "a handle of a passkey", "1h")

    const bytes = Buffer.concat(readdirSync(folder).map((file) => readFileSync(join(folder, file))))
    // The search finds what is there.
    for (const known of ["change_email", "change_email:code", ":known_browser"])
      expect(bytes.includes(known)).toBe(true)
    for (const secret of [token, code, handle, browser, "a handle of a passkey", ...Object.values(addresses)])
      for (const spelling of spellings(secret)) expect(bytes.includes(spelling)).toBe(false)

    const stored = db
      .prepare("SELECT id, data FROM auth_token")
      .all()
      .flatMap((row) => Object.values(row).map(String))
    expect(stored).toHaveLength(8)
    for (const value of stored.flatMap((text) => [text, text.slice(0, 32), text.toLowerCase()])) {
      expect(await tokens.consumeToken(value, "change_email")).toBeNull()
      expect(await tokens.consumeCode({ handle: value, code, purpose: "change_email" })).toBeNull()
      expect(await library.peek(":known_browser", value)).toBeNull()
    }
    expect(await tokens.consumeToken(token, "change_email")).not.toBeNull()
    expect(await tokens.consumeCode({ handle, code, purpose: "change_email" })).not.toBeNull()
  })
})

/** What holds over every store. */
function usesUp(adapter: TokenAdapter): void {
  const now = manualClock()
  const tokens = createTokens({ adapter, purposes, now })

  test("[OTT-2] of 50 callers one gets a token, with its data", async () => {
    const token = await tokens.createToken({ purpose: "change_email", userId: "alice", data: addresses })
    const used = await race(50, () => tokens.consumeToken(token, "change_email"))
    expect(used).toEqual([{ userId: "alice", data: addresses, proof: null }])
  })

  test("[OTT-2] of 50 callers one gets a code", async () => {
    const code = await tokens.createCode({ purpose: "change_email", userId: "alice", data: addresses, attempts: 10 })
    const used = await race(50, () => tokens.consumeCode({ ...code, purpose: "change_email" }))
    expect(used).toEqual([{ userId: "alice", data: addresses, proof: null }])
  })

  test("[OTT-1] 50 guesses at the same time leave the right code dead", async () => {
    const { code, handle } = await tokens.createCode({ purpose: "confirm", userId: "alice" })
    const guess = (typed: string) => tokens.consumeCode({ handle, code: typed, purpose: "confirm" })
    expect(await race(50, () => guess(wrongCode(code)))).toEqual([])
    expect(await guess(code)).toBeNull()
  })

  test("[OTT-5] the newest three are live, and codes end none of them", async () => {
    const made: string[] = []
    for (let n = 0; n < 5; n++) {
      now.advance(1)
      made.push(await tokens.createToken({ purpose: "reset_password", userId: "alice" }))
      await tokens.createCode({ purpose: "reset_password", userId: "alice" })
    }
    const live = await Promise.all(made.map((token) => tokens.peekToken(token, "reset_password")))
    expect(live.map((found) => found !== null)).toEqual([false, false, true, true, true])
  })
}

function spellings(secret: string): (string | Buffer)[] {
  const bytes = Buffer.from(secret)
  const base64 = bytes.toString("base64").replace(/=+$/, "")
  return [bytes, secret.toUpperCase(), bytes.toString("hex"), base64, bytes.toString("base64url")]
}

import { DatabaseSync } from "node:sqlite"
import { createContext, runInContext } from "node:vm"
import Sqlite from "better-sqlite3"
import { build } from "esbuild"
import { beforeAll, describe, expect, test } from "vitest"

import { AuthError, isAuthError } from "../../src/index.ts"
import type * as core from "../../src/index.ts"
import type { betterSqlite3Adapter } from "../../adapters/better-sqlite3.ts"
import type { memoryAdapter } from "../../adapters/memory.ts"
import type { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import type { redisAdapter } from "../../adapters/redis.ts"
import type { schema } from "../../adapters/sql.ts"
import type { createStatelessAuth } from "../../src/stateless.ts"
import type { createUsers } from "../../src/users.ts"
import { root } from "./tarball.ts"

/** The package as a realm of its own has it, in which test runners such as Jest run what they test. */
interface Elsewhere extends Pick<typeof core, "AuthError" | "createAuth" | "isAuthError"> {
  betterSqlite3Adapter: typeof betterSqlite3Adapter
  createStatelessAuth: typeof createStatelessAuth
  createUsers: typeof createUsers
  memoryAdapter: typeof memoryAdapter
  nodeSqliteAdapter: typeof nodeSqliteAdapter
  redisAdapter: typeof redisAdapter
  schema: typeof schema
  /** The realm's own classes. */
  classes: {
    Date: DateConstructor
    Error: ErrorConstructor
    Promise: PromiseConstructor
    Uint8Array: Uint8ArrayConstructor
  }
}

interface UserRow {
  id: string
  username: string
}

const passwordHasher = {
  hash: async (password: string) => `hash of ${password}`,
  verify: async (hash: string, password: string) => hash === `hash of ${password}`,
  needsRehash: () => false,
}

let elsewhere: Elsewhere

beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        export { AuthError, createAuth, isAuthError } from "./src/index.ts"
        export { createUsers } from "./src/users.ts"
        export { createStatelessAuth } from "./src/stateless.ts"
        export { betterSqlite3Adapter } from "./adapters/better-sqlite3.ts"
        export { memoryAdapter } from "./adapters/memory.ts"
        export { nodeSqliteAdapter } from "./adapters/node-sqlite.ts"
        export { redisAdapter } from "./adapters/redis.ts"
        export { schema } from "./adapters/sql.ts"
        export const classes = { Date, Error, Promise, Uint8Array }`,
      resolveDir: root,
    },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "elsewhere",
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["node:*", "@node-rs/argon2"],
  })
  // What Node gives a realm that a test runner makes: its own globals, which are of Node's realm.
  const { crypto, performance, process, structuredClone, queueMicrotask, setTimeout, TextDecoder, TextEncoder, URL } =
    globalThis
  const realm = createContext({
    crypto,
    performance,
    process,
    structuredClone,
    queueMicrotask,
    setTimeout,
    TextDecoder,
    TextEncoder,
    URL,
  })
  elsewhere = runInContext(`${outputFiles[0]?.text}; elsewhere`, realm) as Elsewhere
  expect(new elsewhere.classes.Error()).not.toBeInstanceOf(Error)
})

describe("in its own realm", () => {
  test.each(["node:sqlite", "better-sqlite3"])("a taken key of %s is an answer, not an outage", async (driver) => {
    const { createUser } = elsewhere.createUsers({ adapter: openSqlite(driver), passwordHasher })
    const ada = {
      key: { providerId: "username", providerUserId: "ada", password: "correct horse battery" },
      attributes: { username: "ada" },
    }
    expect(await createUser(ada)).toMatchObject({ user: { username: "ada" } })
    expect(await createUser(ada)).toMatchObject({ user: null, reason: "key_taken" })
    const other = { ...ada, key: { ...ada.key, providerUserId: "grace" } }
    expect(await createUser(other)).toMatchObject({ user: null, reason: "attribute_taken" })
  })

  test.each(["node:sqlite", "better-sqlite3"])("%s keeps a session, and bytes among its attributes", async (driver) => {
    const adapter = openSqlite(driver)
    await adapter.insertUser({ id: "ada", attributes: { username: "ada" } }, null)
    const { createSession, validateSession } = elsewhere.createAuth({
      adapter,
      getSessionAttributes: ({ device }: { device?: Uint8Array }) => ({ device }),
    })
    // Of this realm, as Node's own functions make them.
    const { token } = await createSession("ada", { device: Uint8Array.of(1, 2, 3) })
    const { session } = await validateSession(token)
    expect(Array.from(session?.device ?? [])).toEqual([1, 2, 3])
    await expect(createSession("grace")).rejects.toMatchObject({ code: "user_missing" })
  })

  test("a date of another realm is a date", async () => {
    const commands = { hGetAll: async () => ({}), eval: async () => 1, evalSha: async () => 1, scan: fail }
    const { insertSession } = elsewhere.redisAdapter(commands)
    const at = new Date()
    await insertSession({ id: "0".repeat(64), userId: "ada", createdAt: at, expiresAt: at, attributes: { at } })
  })

  test("a script that Redis has forgotten is sent again", async () => {
    const sent: string[] = []
    const commands = {
      hGetAll: async () => ({}),
      eval: async () => sent.push("eval"),
      evalSha: async () => Promise.reject(new Error("NOSCRIPT No matching script.")),
      scan: fail,
    }
    const { deleteUserSessions } = elsewhere.redisAdapter(commands)
    await deleteUserSessions("ada").catch(() => undefined)
    expect(sent).toContain("eval")
  })

  test("a secret in a Buffer is a secret, and Node's functions seal with it", async () => {
    const secrets = [Buffer.from("a secret of thirty-two bytes at the least")]
    const { createSession, validateSession } = elsewhere.createStatelessAuth({ secrets })
    const { token } = await createSession("ada")
    expect(await validateSession(token)).toMatchObject({ user: { id: "ada" } })
  })

  test("isAuthError() knows errors of the other realm, in both directions, and goes by no name", () => {
    const [ours, theirs] = [new AuthError("unsupported", ""), new elsewhere.AuthError("unsupported", "")]
    for (const isKnown of [isAuthError, elsewhere.isAuthError]) {
      expect(isKnown(ours)).toBe(true)
      expect(isKnown(theirs)).toBe(true)
      for (const other of [
        Object.assign(new Error("no"), { name: "AuthError", code: "unsupported" }),
        null,
        undefined,
        "",
        1,
      ])
        expect(isKnown(other)).toBe(false)
    }
    expect(Object.keys(ours)).toEqual(["name", "code"])
  })

  test("what an adapter of another realm throws keeps its code", async () => {
    const adapter = elsewhere.memoryAdapter<UserRow>()
    const { createAuth } = await import("../../src/index.ts")
    await expect(createAuth({ adapter }).createSession("nobody")).rejects.toMatchObject({ code: "user_missing" })
  })
})

function openSqlite(driver: string) {
  const db = driver === "node:sqlite" ? new DatabaseSync(":memory:") : new Sqlite(":memory:")
  db.exec("CREATE TABLE user (id TEXT PRIMARY KEY, username TEXT UNIQUE)")
  for (const statement of elsewhere.schema("sqlite", { sessionColumns: { device: "BLOB" } })) db.exec(statement)
  return db instanceof DatabaseSync
    ? elsewhere.nodeSqliteAdapter<UserRow, { device?: Uint8Array }>(db)
    : elsewhere.betterSqlite3Adapter<UserRow, { device?: Uint8Array }>(db)
}

function fail(): never {
  throw new Error("not asked for")
}

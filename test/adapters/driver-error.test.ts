import { inspect } from "node:util"
import vm from "node:vm"
import pg from "pg"
import postgres from "postgres"
import { afterAll, describe, expect, test } from "vitest"
import { pgAdapter } from "../../adapters/pg.ts"
import { postgresAdapter } from "../../adapters/postgres.ts"
import { causedBy, withoutValues } from "../../adapters/retry/driver-error.ts"
import { explained } from "../../adapters/sql/mistakes.ts"
import { postgresDatabase } from "../servers.ts"
import { droppedTables, testTables } from "./sql-stores.ts"

const secret = "CANARY-of-a-password-hash"
const shown = (error: unknown) => inspect(error, { depth: 12, showHidden: true })

test.each([
  "Received integer which cannot be safely represented as a JavaScript number",
  "Value is too large to be represented as a JavaScript number: 9007199254740993",
  "The value is too large to be safely represented as a number",
])("an integer that a driver of SQLite does not read is told: %s", (message) => {
  expect(explained(new RangeError(message), "sqlite")).toMatchObject({
    code: "invalid_option",
    message: expect.stringContaining("an integer beyond 2^53"),
  })
})

describe("[LOG-1] withoutValues()", () => {
  const inner = () => Object.assign(new Error("check failed"), { where: secret, detail: secret, parameters: [secret] })
  const errors: Record<string, () => unknown> = {
    "an error": inner,
    "a cause": () => new Error("The ORM failed", { cause: inner() }),
    "causes in causes": () => new Error("1", { cause: new Error("2", { cause: new Error("3", { cause: inner() }) }) }),
    "an AggregateError": () => new AggregateError([new Error("first"), inner()], "all failed"),
    "a wrapper with the values of its own": () =>
      Object.assign(new Error("x", { cause: inner() }), { bindings: [secret] }),
    "an error under another name": () => Object.assign(new Error("x"), { original: inner() }),
    "what Prisma adds": () => Object.assign(new Error("x"), { meta: { driverAdapterError: inner(), query: secret } }),
    "a cause that is no Error": () => new Error("x", { cause: { message: "y", params: [secret] } }),
    "what Drizzle writes": () => new Error(`Failed query: select $1\nparams: ${secret},\n2`),
    "an error of another realm": () =>
      vm.runInNewContext("Object.assign(new Error('x'), { where: secret, cause: { message: 'y', sql: secret } })", {
        secret,
      }),
    "properties that cannot be deleted": () =>
      Object.defineProperty(inner(), "query", { value: secret, enumerable: true }),
    "a frozen error": () => Object.freeze(Object.assign(new Error(`x\nparams: ${secret}`), { sql: secret })),
    "a frozen error inside another, in a frozen list": () =>
      Object.assign(new Error("x"), { errors: Object.freeze([Object.freeze(inner())]), cause: Object.freeze(inner()) }),
    "a message that cannot be written": () =>
      Object.defineProperty(new Error(""), "message", { value: `x\nparams: ${secret}` }),
    "a frozen error that refers to itself": () => {
      const error: Error = inner()
      error.cause = error
      return Object.freeze(error)
    },
    "an error that refers to itself": () => {
      const error = inner()
      return Object.assign(error, { cause: error })
    },
  }
  test.each(Object.entries(errors))("takes the values out of %s", (_, make) => {
    expect(shown(make())).toContain(secret)
    expect(shown(withoutValues(make()))).not.toContain(secret)
  })

  test("hides ids of sessions and hashes of passwords in messages, and leaves the rest", () => {
    const hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"
    const error = new Error(`Duplicate entry '${"ab".repeat(32)}' and '${hash}' for key 'session.PRIMARY'`)
    const text = shown(withoutValues(error))
    expect(text).toContain("Duplicate entry '[hidden]' and '[hidden]' for key 'session.PRIMARY'")
    expect(text).not.toMatch(/abab|argon2id/)
  })

  test("keeps what says what went wrong", () => {
    const error = Object.assign(new Error("no"), { code: "23503", constraint: "post_user_id", table: "post" })
    expect(withoutValues(error)).toMatchObject({
      code: "23503",
      constraint: "post_user_id",
      table: "post",
      message: "no",
    })
  })
})

test("an error of another realm is known by its code", () => {
  const error: unknown = vm.runInNewContext(
    "new Error('wrapped', { cause: Object.assign(new Error('taken'), { code: '23505' }) })",
  )
  expect(causedBy(error, ({ code }) => code === "23505")).toBe(true)
})

const database = await postgresDatabase()
afterAll(() => database?.close())

test.skipIf(!database).each(["pg", "postgres.js"])(
  "[LOG-1] over %s no error holds a hash, though the server logs parameters on errors",
  async (driver) => {
    for (const statement of [...droppedTables("postgres"), ...testTables("postgres", "text")])
      await database?.pool.query(statement)
    await database?.pool.query("ALTER TABLE user_key ADD CHECK (length(hashed_password) < 5)")
    const { connectionString = "" } = database?.pool.options ?? {}
    const logging = { log_parameter_max_length_on_error: -1 }
    const pool = new pg.Pool({ connectionString, options: "-c log_parameter_max_length_on_error=-1" })
    const sql = postgres(connectionString, { connection: logging, onnotice: () => undefined })
    const adapter = driver === "pg" ? pgAdapter(pool) : postgresAdapter(sql)
    const key = { providerId: "username", providerUserId: "ada", passwordHash: secret }
    const failure: unknown = await adapter
      .insertUser({ id: "ada", attributes: { username: "ada" } }, key)
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Error)
    expect(shown(failure)).not.toContain(secret)
    await pool.end()
    await sql.end()
  },
)

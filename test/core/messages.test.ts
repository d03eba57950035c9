import { describe, expect, test } from "vitest"

import { betterSqlite3Adapter } from "../../adapters/better-sqlite3.ts"
import { d1Adapter } from "../../adapters/d1.ts"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import { ioredisRevocations } from "../../adapters/ioredis.ts"
import { kyselyAdapter } from "../../adapters/kysely.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { prismaAdapter } from "../../adapters/prisma.ts"
import { redisAdapter } from "../../adapters/redis.ts"
import { schema, sqlAdapter } from "../../adapters/sql.ts"
import { unstorageAdapter } from "../../adapters/unstorage.ts"
import { createAudit } from "../../src/audit.ts"
import { isAuthError } from "../../src/core/errors.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { fromLuciaAdapter, generateId, TimeSpan } from "../../src/lucia.ts"
import { checkMember, refusalOf } from "../../src/request/access.ts"
import { createPagesAuth } from "../../src/next/pages.ts"
import { createAuthProxy } from "../../src/next/proxy.ts"
import { argon2id, bcrypt, checkPassword, passwordHasher, pbkdf2, scrypt } from "../../src/password.ts"
import { createSnapshots, createStatelessAuth } from "../../src/stateless.ts"
import { createKnownBrowsers, createThrottle, fromRight } from "../../src/throttle.ts"
import { createTokens, purpose } from "../../src/tokens.ts"
import { createUsers } from "../../src/users.ts"
import { createWebAuth } from "../../src/web.ts"

const adapter = memoryAdapter<{ id: string }>()
const secrets = ["a secret of thirty-two bytes at the least"]
const auth = createAuth({ adapter })
const users = createUsers({ adapter, passwordHasher: scrypt() })
const stateless = createStatelessAuth({ secrets })
const executor = { query: async () => [], execute: async () => 0 }
const any = (value: unknown) => value as never
const purposes = { confirm: purpose({ expiresIn: "5m" }), sign_up: purpose({ expiresIn: "5m", user: false }) }
const tokens = createTokens({ adapter, purposes })
const limits = { account: { limit: 10, window: "10m" } } as const
const audit = createAudit({ adapter })
const throttle = createThrottle({ adapter, name: "sign-in", limits })

/** What throws `invalid_option`, `missing_port` or `unsupported`, by the path that the message starts with. */
const mistakes: [path: string, run: () => unknown][] = [
  ["adapter", () => createAuth(any({}))],
  ["adapter", () => createUsers(any({ passwordHasher: scrypt() }))],
  ["createAuth()", () => createAuth(any({ adapter, flavour: 1 }))],
  ["session", () => createAuth({ adapter, session: any({ idle: "1h" }) })],
  ["session.idleTimeout", () => createAuth({ adapter, session: { idleTimeout: any("30 days") } })],
  ["session.absoluteTimeout", () => createAuth({ adapter, session: { absoluteTimeout: any(null) } })],
  ["cookie.name", () => createAuth({ adapter, cookie: { name: "a b" } })],
  ["cookie.name", () => createAuth({ adapter, cookie: { name: "__Host-id", path: "/x" } })],
  ["cookie.name", () => createAuth({ adapter, cookie: { name: "__Secure-id", secure: false } })],
  ["cookie.path", () => createAuth({ adapter, cookie: { path: "app" } })],
  ["cookie.domain", () => createAuth({ adapter, cookie: { domain: "localhost" } })],
  ["cookie.sameSite", () => createAuth({ adapter, cookie: { sameSite: any("Lax") } })],
  ["cookie.sameSite", () => createAuth({ adapter, cookie: { sameSite: "none", secure: false } })],
  ["cookie.partitioned", () => createAuth({ adapter, cookie: { partitioned: true, secure: false } })],
  ["cookie.replaces", () => createAuth({ adapter, cookie: { replaces: [{}] } })],
  ["trustedOrigins", () => createAuth({ adapter, trustedOrigins: ["example.com"] })],
  ["trustedOrigins", () => createAuth({ adapter, trustedOrigins: ["*"] })],
  ["token", () => auth.createSessionCookie("a b")],
  ["userId", () => auth.invalidateSession("id", { userId: any(undefined) })],
  ["userId", () => stateless.invalidateSession("id", { userId: any(null) })],
  ["userId", () => stateless.createSession(any(Number.NaN))],
  ["revocations", () => stateless.invalidateUserSessions("id")],
  ["secrets", () => createStatelessAuth({ secrets: [] })],
  ["secrets[0]", () => createStatelessAuth({ secrets: [undefined] })],
  ["secrets[1]", () => createStatelessAuth({ secrets: [...secrets, "short"] })],
  ["secrets[0]", () => createStatelessAuth({ secrets: ["x".repeat(40)] })],
  ["attributes", () => createStatelessAuth({ secrets, attributes: any({}) })],
  ["attributes or claims", () => stateless.createSession("ada", { made: new Date() })],
  ["maxAge", () => createSnapshots({ secrets, claims: () => ({}), maxAge: "1h" })],
  ["claims", () => createSnapshots(any({ secrets }))],
  ["handler()", () => createWebAuth(auth).handler(() => new Response(), any({ allowCrossOrigins: true }))],
  ["signInPath", () => createPagesAuth(auth, { signInPath: "//evil.example" })],
  ["publicPaths", () => createAuthProxy({ publicPaths: ["about"], signInPath: "/sign-in" })],
  ["signInPath", () => createAuthProxy({ publicPaths: [], signInPath: "https://evil.example" })],
  ["providerId", () => users.getKey({ providerId: "a:b", providerUserId: "ada" })],
  ["providerId", () => users.verifyPassword({ providerId: "github", providerUserId: "ada", password: "x" })],
  ["passwordPolicy.minLength", () => checkPassword("", { minLength: 7 })],
  ["passwordPolicy.blocklist", () => checkPassword("", { blocklist: any("list") })],
  ["passwordHasher", () => createUsers(any({ adapter, passwordHasher: argon2id }))],
  ["passwordHasher", () => passwordHasher({ preferred: any({}) })],
  ["password", () => scrypt().hash("x".repeat(2000))],
  ["scrypt", () => scrypt({ cost: 2 })],
  ["pbkdf2-sha512", () => pbkdf2({ iterations: 1 })],
  ["argon2id$v=19", () => argon2id({ memoryCost: Number.NaN })],
  ["cost", () => bcrypt({ compare: () => true }, { cost: 3 })],
  ["module", () => bcrypt(any({}))],
  ["module", () => bcrypt({ compare: () => true }).hash("password")],
  ["length", () => generateId(-1)],
  ["unit", () => new TimeSpan(1, any("y"))],
  ["adapter", () => fromLuciaAdapter(any({}))],
  ["createTokens()", () => createTokens(any({ adapter, purposes, flavour: 1 }))],
  ["purposes", () => createTokens({ adapter, purposes: { "a-b": purposes.confirm } })],
  ["purposes.confirm", () => createTokens({ adapter, purposes: { confirm: any({ expiresIn: "1h" }) } })],
  ["purpose()", () => purpose(any({ expiresIn: "1h", flavour: 1 }))],
  ["expiresIn", () => purpose({ expiresIn: any("1 hour") })],
  ["proves", () => purpose(any({ expiresIn: "1h", proves: "password" }))],
  ["createToken()", () => tokens.createToken(any({ purpose: "confirm", userId: "ada", flavour: 1 }))],
  ["purpose", () => tokens.createToken(any({ purpose: "reset", userId: "ada" }))],
  ["userId", () => tokens.createToken(any({ purpose: "confirm" }))],
  ["data", () => tokens.createToken({ purpose: "sign_up", data: any(new Date()) })],
  ["createCode()", () => tokens.createCode(any({ purpose: "confirm", userId: "ada", flavour: 1 }))],
  ["digits", () => tokens.createCode({ purpose: "confirm", userId: "ada", digits: 5 })],
  ["attempts", () => tokens.createCode({ purpose: "confirm", userId: "ada", attempts: 11 })],
  ["cleanUp()", () => tokens.cleanUp(any({ flavour: 1 }))],
  ["limit", () => tokens.cleanUp({ limit: 0 })],
  ["createThrottle()", () => createThrottle(any({ adapter, name: "a", limits, flavour: 1 }))],
  ["name", () => createThrottle({ adapter, name: "a b", limits })],
  ["limits", () => createThrottle({ adapter, name: "a", limits: { "1": limits.account } })],
  ["limits.account", () => createThrottle({ adapter, name: "a", limits: { account: any({ limit: 1, per: "1m" }) } })],
  ["limits.account.window", () => createThrottle({ adapter, name: "a", limits: { account: any({ limit: 1 }) } })],
  [
    "limits.account.limit",
    () => createThrottle({ adapter, name: "a", limits: { account: { limit: 0, window: "1m" } } }),
  ],
  ["consume()", () => throttle.consume(any({ flavour: 1 }))],
  ["reset()", () => throttle.reset(any({ flavour: 1 }))],
  ["account", () => throttle.consume({ account: any(7) })],
  ["cleanUp()", () => throttle.cleanUp(any({ flavour: 1 }))],
  ["createKnownBrowsers()", () => createKnownBrowsers(any({ tokens, flavour: 1 }))],
  ["tokens", () => createKnownBrowsers(any({}))],
  ["createAudit()", () => createAudit(any({ adapter, flavour: 1 }))],
  ["listEvents()", () => audit.listEvents(any({ userId: "ada", limit: 1, flavour: 1 }))],
  ["limit", () => audit.listEvents({ userId: "ada", limit: 1001 })],
  ["guard", () => refusalOf(null, any({ authorise: () => false }))],
  ["memberOf()", () => checkMember(null, any({ authorise: () => false }))],
  ["hops", () => fromRight("192.0.2.1", 0)],
  ["dialect", () => sqlAdapter({ dialect: any("oracle"), executor })],
  ["dialect", () => schema(any("oracle"))],
  ["dialect", () => kyselyAdapter(any({}), { dialect: any("mssql") })],
  ["sessionColumns", () => schema("sqlite", { sessionColumns: any({ id: "TEXT" }) })],
  ["tables", () => betterSqlite3Adapter(any({}), { tables: { user: "a-b" } })],
  ["userIdType", () => sqlAdapter({ dialect: "sqlite", executor, userIdType: any("ulid") })],
  ["id", () => sqlAdapter({ dialect: "sqlite", executor }).findSession(any(5))],
  ["inTransaction", () => d1Adapter(any({}), { inTransaction: true })],
  ["prefix", () => redisAdapter(any({}), { prefix: any(5) })],
  ["prefix", () => unstorageAdapter(any({}), { prefix: "a b" })],
  ["prefix", () => ioredisRevocations(any({}), { prefix: any(5) })],
  ["limit", () => sqlAdapter({ dialect: "sqlite", executor }).deleteExpiredSessions(new Date(), -1)],
  ["session", () => sqlAdapter({ dialect: "sqlite", executor }).deleteExpiredSessions(new Date(Number.NaN), 1)],
  ["drizzleAdapter()", () => drizzleAdapter(any({}), any({ flavour: 1 }))],
  ["models", () => prismaAdapter(any({ _runtimeDataModel: { models: {} } }))],
]

const codes = ["invalid_option", "missing_port", "unsupported"]

describe("the message of a mistake", () => {
  test.each(mistakes)("is `path: what is wrong; what to use`: %s", async (path, run) => {
    const error = await errorOf(run)
    if (!isAuthError(error)) throw error
    expect(codes).toContain(error.code)
    expect(error.message.slice(0, path.length + 2)).toBe(`${path}: `)
    // What is wrong, a semicolon, and what to use, in one sentence without a full stop.
    expect(error.message.slice(path.length)).toMatch(/^: \S[^;]*[^;.]; \S.*[^.;]$/)
  })

  test("shows the value, text in quotes and shortened to 40 characters", () => {
    const message = (idleTimeout: unknown) => {
      try {
        createAuth({ adapter, session: { idleTimeout: any(idleTimeout) } })
      } catch (error) {
        return (error as Error).message
      }
      return null
    }
    const remedy = ' is not a duration; use one such as "30d"'
    expect(message('"x"')).toBe(`session.idleTimeout: "\\"x\\""${remedy}`)
    expect(message("x".repeat(41))).toBe(`session.idleTimeout: "${"x".repeat(40)}"${remedy}`)
    expect(message("x".repeat(40))).toBe(`session.idleTimeout: "${"x".repeat(40)}"${remedy}`)
    expect(message(3600)).toBe(`session.idleTimeout: 3600${remedy}`)
    expect(message({ secret: "s" })).toBe(`session.idleTimeout: object${remedy}`)
  })

  test("never shows a secret, a token or a password", async () => {
    const secret = "correct horse battery staple"
    const runs = [
      () => createStatelessAuth({ secrets: [secret] }),
      () => createSnapshots({ secrets: [secret], claims: () => ({}) }),
      () => auth.createSessionCookie(secret),
      () => scrypt().hash(secret.repeat(100)),
      () => bcrypt({ compare: () => true, hash: () => "" }).hash(secret.repeat(3)),
    ]
    for (const run of runs) {
      const error = await errorOf(run)
      if (!isAuthError(error)) throw error
      expect(error.message).not.toContain("horse")
    }
  })
})

async function errorOf(run: () => unknown): Promise<unknown> {
  try {
    await run()
  } catch (error) {
    return error
  }
  throw new Error("Nothing was thrown.")
}

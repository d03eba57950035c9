import { describe, expect, test } from "vitest"

import { betterSqlite3Adapter } from "../../adapters/better-sqlite3.ts"
import { ioredisRevocations } from "../../adapters/ioredis.ts"
import { kyselyAdapter } from "../../adapters/kysely.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { prismaAdapter } from "../../adapters/prisma.ts"
import { redisAdapter } from "../../adapters/redis.ts"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import { revocationSchema, schema, sqlAdapter, sqlRevocations } from "../../adapters/sql.ts"
import { unstorageAdapter } from "../../adapters/unstorage.ts"
import { refusalOf } from "../../src/request/access.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { acceptLuciaTokens, fromLuciaAdapter } from "../../src/lucia.ts"
import { createNodeAuth } from "../../src/node.ts"
import { createAuthProxy } from "../../src/next/proxy.ts"
import { createPagesAuth } from "../../src/next/pages.ts"
import { argon2id, checkPassword, passwordHasher, pbkdf2, scrypt } from "../../src/password.ts"
import { cachedRevocations, createSnapshots, createStatelessAuth, memoryRevocations } from "../../src/stateless.ts"
import { createUsers } from "../../src/users.ts"
import { createWebAuth } from "../../src/web.ts"

const adapter = memoryAdapter<{ id: string }>()
const secrets = ["a secret of thirty-two bytes at the least"]
const auth = createAuth({ adapter })
const stateless = createStatelessAuth({ secrets })

/** Every function that takes options, and how to call it with some. */
const takers: Record<string, (options: never) => unknown> = {
  createAuth: (options: object) => createAuth({ adapter, ...options }),
  "createAuth session": (session: object) => createAuth({ adapter, session }),
  "createAuth cookie": (cookie: object) => createAuth({ adapter, cookie }),
  createStatelessAuth: (options: object) => createStatelessAuth({ secrets, ...options }),
  "createStatelessAuth session": (session: object) => createStatelessAuth({ secrets, session }),
  "createStatelessAuth cookie": (cookie: object) => createStatelessAuth({ secrets, cookie }),
  createSnapshots: (options: object) => createSnapshots({ secrets, claims: () => ({}), ...options }),
  memoryRevocations,
  cachedRevocations: (options: object) => cachedRevocations(memoryRevocations(), { maxAge: "5s", ...options }),
  createSessionCookie: (options: object) => auth.createSessionCookie("token", options),
  invalidateSession: (options: object) => auth.invalidateSession("id", options),
  invalidateUserSessions: (options: object) => auth.invalidateUserSessions("id", options),
  "stateless invalidateSession": (options: object) => stateless.invalidateSession("id", options),
  createWebAuth: (options: object) => createWebAuth(auth, options),
  openSnapshot: (options: object) =>
    createSnapshots({ secrets, claims: () => ({}) }).openSnapshot("value", { sessionToken: null, ...options }),
  createNodeAuth: (options: object) => createNodeAuth(auth, options),
  createPagesAuth: (options: object) => createPagesAuth(auth, { signInPath: "/", ...options }),
  apiRoute: (options: object) => createPagesAuth(auth, { signInPath: "/" }).apiRoute(() => {}, options),
  serverSideProps: (options: object) =>
    createPagesAuth(auth, { signInPath: "/" }).serverSideProps(() => ({ notFound: true }), options),
  createAuthProxy: (options: object) => createAuthProxy({ publicPaths: [], signInPath: "/", ...options }),
  "createAuthProxy cookie": (cookie: object) => createAuthProxy({ publicPaths: [], signInPath: "/", cookie }),
  createUsers: (options: object) => createUsers({ adapter, passwordHasher: scrypt(), ...options }),
  "createUsers passwordPolicy": (passwordPolicy: object) =>
    createUsers({ adapter, passwordHasher: scrypt(), passwordPolicy }),
  checkPassword: (policy: object) => checkPassword("", policy),
  argon2id,
  scrypt,
  pbkdf2,
  passwordHasher: (options: object) => passwordHasher({ preferred: scrypt(), ...options }),
  acceptLuciaTokens: (options: object) => acceptLuciaTokens(auth, { adapter, ...options }),
  fromLuciaAdapter: (options: object) => fromLuciaAdapter({} as never, options),
  sqlAdapter: (options: object) => sqlAdapter({ dialect: "sqlite", executor: {} as never, ...options }),
  betterSqlite3Adapter: (options: object) => betterSqlite3Adapter({} as never, options),
  "betterSqlite3Adapter tables": (tables: object) => betterSqlite3Adapter({} as never, { tables }),
  kyselyAdapter: (options: object) => kyselyAdapter({} as never, { dialect: "sqlite", ...options }),
  drizzleAdapter: (options: object) => drizzleAdapter({} as never, options as never),
  prismaAdapter: (options: object) => prismaAdapter({}, options),
  redisAdapter: (options: object) => redisAdapter({} as never, options),
  ioredisRevocations: (options: object) => ioredisRevocations({} as never, options),
  unstorageAdapter: (options: object) => unstorageAdapter({} as never, options),
  schema: (options: object) => schema("sqlite", options),
  revocationSchema: (options: object) => revocationSchema("sqlite", options),
  sqlRevocations: (options: object) => sqlRevocations({ dialect: "sqlite", executor: {} as never, ...options }),
}

describe("an option that does not exist", () => {
  test.each(Object.entries(takers))("throws invalid_option: %s", async (_, take) => {
    const taking = async () => take({ flavour: "sweet" } as never)
    await expect(taking()).rejects.toMatchObject({
      code: "invalid_option",
      message: expect.stringMatching(/^[\w(): ]+: "flavour" is not an option; use .*\w$/) as string,
    })
  })

  test("throws although its value is undefined, as in an environment without the variable", () => {
    expect(() => createAuth({ adapter, cookie: { domian: undefined } as never })).toThrow(
      'cookie: "domian" is not an option; did you mean "domain"?',
    )
  })

  test.each([
    [{ trustedOrigin: [] }, "trustedOrigins"],
    [{ trusted_origins: [] }, "trustedOrigins"],
    [{ Cookie: {} }, "cookie"],
    [{ onEvents: null }, "onEvent"],
    [{ getuserattributes: null }, "getUserAttributes"],
    [{ noww: null }, "now"],
    [{ session: { idelTimeout: "1h" } }, "idleTimeout"],
    [{ session: { absoluteTimeOut: "1h" } }, "absoluteTimeout"],
    [{ cookie: { samesite: "lax" } }, "sameSite"],
    [{ cookie: { secured: true } }, "secure"],
  ])("names the one that was probably meant: %j", (options, meant) => {
    expect(() => createAuth({ adapter, ...(options as object) })).toThrow(`did you mean "${meant}"?`)
  })

  test.each([{ name: "sid" }, { idleTimeout: "1h" }, { database: null }])(
    "lists all where no name is like it: %j",
    (options) => {
      expect(() => createAuth({ adapter, ...(options as object) })).toThrow("; use adapter, session, cookie, ")
    },
  )

  test.each([{ authorise: () => false }, { pubilc: true }])(
    "lets nobody in where it is a guard's: %j",
    async (options) => {
      await expect(refusalOf(null, options as object)).rejects.toThrow("did you mean")
    },
  )

  test("ends nobody's session where it would have named the owner", async () => {
    const own = memoryAdapter<{ id: string }>()
    await own.insertUser({ id: "ada", attributes: {} }, null)
    const { createSession, invalidateSession, validateSession } = createAuth({ adapter: own })
    const { session, token } = await createSession("ada")
    await expect(invalidateSession(session.id, { userid: "eve" } as never)).rejects.toThrow('did you mean "userId"?')
    expect((await validateSession(token)).session).not.toBeNull()
  })
})

test.each([
  ["30 days", '"30 days"'],
  ["1.2.3h", '"1.2.3h"'],
  [3600, "3600"],
  [5n, "5"],
])("a duration that is none is named, with one to use instead: %s", (idleTimeout, written) => {
  expect(() => createAuth({ adapter, session: { idleTimeout: idleTimeout as "1h" } })).toThrow(
    `session.idleTimeout: ${written} is not a duration; use one such as "30d"`,
  )
})

test.each([null, undefined, 1])("a trusted origin that is not text throws invalid_option: %s", (origin) => {
  expect(() => createAuth({ adapter, trustedOrigins: [origin as never] })).toThrow(
    `trustedOrigins: ${origin} is not an origin; `,
  )
})

test("an option that is undefined is absent", () => {
  const absent = undefined
  const cookie = { name: absent, domain: absent, path: absent, sameSite: absent, secure: absent, partitioned: absent }
  const session = { idleTimeout: absent, absoluteTimeout: absent }
  const options = { adapter, cookie, session, trustedOrigins: absent, onEvent: absent, now: absent }
  const written = createAuth(options).createSessionCookie("token", { persistent: absent }).serialize()
  expect(written).toBe(auth.createSessionCookie("token").serialize())
})

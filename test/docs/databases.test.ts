import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { schema } from "../../adapters/sql.ts"
import { redisServer, startRedisCluster } from "../redis-servers.ts"
import { isThere, made, opened, userTable } from "./page-fixtures.ts"
import { createSqliteTables, mysqlOfPage, postgresOfPage } from "./page-run.ts"

const done = "signed up, in and out"
const hasPostgres = await isThere(postgresOfPage)
const hasMysql = await isThere(mysqlOfPage)

describe("docs/databases/sqlite.md", () => {
  const page = opened("sqlite")

  test.each(["auth.ts", "better-sqlite3.ts", "libsql.ts"])("%s signs a user up, in and out", async (file) => {
    expect(await page().signIn(file)).toBe(done)
  })

  test("a file that signs nobody in is found", async () => {
    const broken = `import { auth, users } from "./auth.ts"
      import { signUpInAndOut } from "${import.meta.dirname}/sign-in.ts"
      const validateSession = async () => ({ session: null, user: null })
      await signUpInAndOut({ users, auth: { ...auth, validateSession } })`
    await expect(page().run(broken)).rejects.toThrow("nobody is signed in")
  })
})

describe.skipIf(!hasPostgres)("on PostgreSQL", () => {
  const database = made(postgresOfPage)

  describe("docs/databases/postgresql.md", () => {
    const page = opened("postgresql")
    beforeAll(() => database().renew(...page().sql(0), ...schema("postgres")))

    test.each(["auth.ts", "postgres.ts"])("%s signs a user up, in and out", async (file) => {
      expect(await page().signIn(file, database().env)).toBe(done)
    })
  })

  describe("docs/databases/custom.md", () => {
    const page = opened("custom")

    test("adapter.ts signs a user up, in and out", async () => {
      await database().renew(userTable, ...schema("postgres"))
      expect(await page().signIn("adapter.ts", database().env)).toBe(done)
    })

    test("revocations.ts ends a stateless session", async () => {
      const code = `import { auth, statements } from "./revocations.ts"
        import pg from "pg"
        const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
        for (const statement of statements) await pool.query(statement)
        const { token, session } = await auth.createSession("ada")
        const before = await auth.validateSession(token)
        await auth.invalidateSession(session.id)
        console.log(before.user?.id, (await auth.validateSession(token)).user)`
      const env = { ...database().env, SESSION_SECRET: crypto.randomUUID() }
      expect(await page().run(code, env)).toBe("ada null")
    })
  })

  describe("docs/databases/kysely.md", () => {
    const page = opened("kysely")
    beforeAll(async () => {
      await database().renew()
      const migration = `import { db } from "./auth.ts"\nimport { up } from "./migrations/0001_auth.ts"\nawait up(db)`
      await page().run(migration, database().env)
    })

    test("auth.ts signs a user up, in and out, on the tables of the migration", async () => {
      expect(await page().signIn("auth.ts", database().env)).toBe(done)
    })

    test("sign-up.ts signs a new user in, and nobody whose name is taken", async () => {
      expect(await page().run(signUpTwice, database().env)).toBe("Ada null")
    })
  })

  describe("docs/databases/drizzle.md", () => {
    const page = opened("drizzle")
    beforeAll(async () => {
      const made = await page().run(statementsOfDrizzle)
      await database().renew(...(JSON.parse(made) as string[]))
      createSqliteTables(page().path)
    })

    test.each(["auth.ts", "sqlite.ts"])("%s signs a user up, in and out", async (file) => {
      expect(await page().signIn(file, database().env)).toBe(done)
    })

    test("sign-up.ts signs a new user in, and nobody whose name is taken", async () => {
      expect(await page().run(signUpTwice, database().env)).toBe("Ada null")
    })
  })

  describe("docs/databases/transactions.md", () => {
    const page = opened("transactions")
    beforeAll(() => database().renew(userTable, ...schema("postgres"), ...page().sql(0)))

    test("sign-up.ts writes the application's row with the user, or neither", async () => {
      const code = `import pg from "pg"
        import { signUp } from "./sign-up.ts"
        const tokens = [await signUp("Ada", "correct horse battery", "red"), await signUp("ada", "correct horse battery", "blue")]
        const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
        const { rows } = await pool.query('SELECT team, username FROM member JOIN "user" ON id = user_id')
        console.log(JSON.stringify([tokens.map((token) => typeof token), rows]))`
      const printed = JSON.parse(await page().run(code, database().env)) as unknown
      expect(printed).toEqual([["string", "object"], [{ team: "red", username: "Ada" }]])
    })

    test("tenants.ts reads each tenant's sessions, and fails without a tenant", async () => {
      const code = `import pg from "pg"
        import { createAuth } from "nightlatch"
        import { schema } from "nightlatch/adapters/sql"
        import { adapter, tenant } from "./tenants.ts"
        const open = async (name) => {
          const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, options: "-c search_path=" + name })
          await pool.query("CREATE SCHEMA " + name)
          await pool.query('CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT NOT NULL)')
          for (const statement of schema("postgres")) await pool.query(statement)
          await pool.query(\`INSERT INTO "user" VALUES ('ada', $1)\`, [name])
          return pool
        }
        const auth = createAuth({ adapter, getUserAttributes: ({ username }) => ({ username }) })
        const [red, blue] = [await open("red"), await open("blue")]
        const { token } = await tenant.run({ pool: red }, () => auth.createSession("ada"))
        const names = [red, blue].map((pool) => tenant.run({ pool }, () => auth.validateSession(token)))
        const found = (await Promise.all(names)).map(({ user }) => user?.username ?? null)
        const failed = await auth.validateSession(token).catch((error) => error.code)
        console.log(JSON.stringify([found, failed]))`
      expect(JSON.parse(await page().run(code, database().env))).toEqual([["red", null], "store_failed"])
    })
  })
})

describe.skipIf(!hasMysql)("docs/databases/mysql.md", () => {
  const page = opened("mysql")
  const database = made(mysqlOfPage)
  beforeAll(() => database().renew(...page().sql(0), ...schema("mysql")))

  test("auth.ts signs a user up, in and out", async () => {
    expect(await page().signIn("auth.ts", database().env)).toBe(done)
  })

  test("the tables take the references, with which sign-in goes on working", async () => {
    await database().run(...page().sql(1))
    expect(await page().signIn("auth.ts", database().env)).toBe(done)
  })
})

const redis = await redisServer("shop:production:")
const cluster = await startRedisCluster()
afterAll(async () => {
  await redis?.close()
  await cluster?.close()
})

describe.skipIf(!redis)("docs/databases/redis.md", () => {
  const page = opened("redis")

  test.each(["auth.ts", "ioredis.ts", "cluster.ts", "unstorage.ts"])("%s signs a user up, in and out", async (file) => {
    const env = { REDIS_URL: redis!.url, REDIS_CLUSTER_URLS: cluster!.urls.join(",") }
    expect(await page().signIn(file, env)).toBe(done)
  })
})

const signUpTwice = `import { auth } from "./auth.ts"
import { signUp } from "./sign-up.ts"
const { user } = await auth.validateSession(await signUp("Ada", "correct horse battery"))
console.log(user?.username, await signUp("ada", "correct horse battery"))`

// What drizzle-kit would write, which is not installed.
const statementsOfDrizzle = `import { getTableConfig } from "drizzle-orm/pg-core"
import * as tables from "./schema.ts"
const statements = Object.values(tables).map((table) => {
  const { name, columns } = getTableConfig(table)
  const column = (c) => [c.name, c.getSQLType(), c.primary && "PRIMARY KEY", c.notNull && "NOT NULL", c.isUnique && "UNIQUE"]
  return 'CREATE TABLE "' + name + '" (' + columns.map((c) => column(c).filter(Boolean).join(" ")).join(", ") + ")"
})
console.log(JSON.stringify(statements))`

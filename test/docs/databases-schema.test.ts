import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import { schema } from "../../adapters/sql.ts"
import { blocksOf } from "./page-blocks.ts"
import { isThere, made, opened, userTable } from "./page-fixtures.ts"
import { mysqlOfPage, postgresOfPage } from "./page-run.ts"

const done = "signed up, in and out"
const name = "docs/databases/schema.md"
const hasPostgres = await isThere(postgresOfPage)
const hasMysql = await isThere(mysqlOfPage)
// The blocks of SQL, in the order of the page.
const [tables, ownSchema, sessionColumns, postgresTimes, mysqlTimes] = [0, 1, 2, 3, 4]

describe(name, () => {
  const page = opened("schema")

  test("shows the tables of schema() and of the command", () => {
    expect(page().sql(tables)).toEqual(schema("postgres"))
  })

  test("has no block of SQL that is not run here", () => {
    expect(blocksOf(name, "sql").size).toBe(mysqlTimes + 1)
  })

  test("migrate.ts creates tables for integer ids, with a session column", async () => {
    await page().run(`import "./migrate.ts"`)
    const code = `import { DatabaseSync } from "node:sqlite"
      import { createAuth } from "nightlatch"
      import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
      const adapter = nodeSqliteAdapter(new DatabaseSync("app.db"))
      const { user } = await adapter.insertUser({ attributes: { username: "Ada" } }, null)
      const auth = createAuth({ adapter, getSessionAttributes: ({ label }) => ({ label }) })
      const { session } = await auth.createSession(user.id, { label: "Phone" })
      console.log(user.id, session.label)`
    expect(await page().run(code)).toBe("1 Phone")
  })

  test("user-row.ts leaves columns with a default to the database", async () => {
    const db = new DatabaseSync(join(page().path, "app.db"))
    db.exec("DROP TABLE user")
    const columns = "id TEXT PRIMARY KEY, username TEXT NOT NULL, role TEXT NOT NULL DEFAULT 'member', bio TEXT"
    db.exec(`CREATE TABLE user (${columns})`)
    db.close()
    const code = `import { adapter } from "./user-row.ts"
      const { user } = await adapter.insertUser({ id: "ada", attributes: { username: "Ada" } }, null)
      console.log(user.role, user.bio)`
    expect(await page().run(code)).toBe("member null")
  })

  describe.skipIf(!hasPostgres)("on PostgreSQL", () => {
    const database = made(postgresOfPage)
    beforeEach(() => database().renew())

    test("own-names.ts signs a user up, in and out in tables of other names", async () => {
      await database().run(userTable.replace('"user"', "accounts"))
      const create = `import pg from "pg"
        import { statements } from "./own-names.ts"
        const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
        for (const statement of statements) await pool.query(statement)`
      await page().run(create, database().env)
      expect(await page().signIn("own-names.ts", database().env)).toBe(done)
    })

    test("tables in a schema sign a user up, in and out", async () => {
      const names = { user: "auth.user", session: "auth.session", key: "auth.user_key" }
      const ownUsers = userTable.replace('"user"', 'auth."user"')
      await database().run(...page().sql(ownSchema), ownUsers, ...schema("postgres", { tables: names }))
      const code = `import pg from "pg"
        import { pgAdapter } from "nightlatch/adapters/pg"
        import { signUpInAndOut } from "${import.meta.dirname}/sign-in.ts"
        const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
        console.log(await signUpInAndOut({ adapter: pgAdapter(pool, { tables: ${JSON.stringify(names)} }) }))`
      expect(await page().run(code, database().env)).toBe(done)
    })

    test("session-columns.ts greets a session once, however many ask at the same time", async () => {
      await database().run(userTable, ...schema("postgres"), ...page().sql(sessionColumns))
      await database().run(`INSERT INTO "user" VALUES ('ada', 'Ada')`)
      const code = `import { auth, isFirstVisit, signInOn } from "./session-columns.ts"
        const { session, token } = await signInOn("ada", "Phone")
        const first = await Promise.all([1, 2, 3].map(() => isFirstVisit(session.id)))
        const found = await auth.validateSession(token)
        console.log(first.filter(Boolean).length, await isFirstVisit(session.id), found.session.label)`
      expect(await page().run(code, database().env)).toBe("1 false Phone")
    })

    test("a column of timestamps becomes milliseconds, with which sign-in works", async () => {
      await database().run(userTable, ...schema("postgres"))
      await database().run("ALTER TABLE session ALTER expires_at TYPE TIMESTAMPTZ USING to_timestamp(0)")
      await expect(signInOnPostgres()).rejects.toThrow(/"expires_at" has the type timestamp/)
      await database().run(...page().sql(postgresTimes))
      expect(await signInOnPostgres()).toBe(done)
    })

    const signInOnPostgres = async () =>
      page().run(
        `import pg from "pg"
        import { pgAdapter } from "nightlatch/adapters/pg"
        import { signUpInAndOut } from "${import.meta.dirname}/sign-in.ts"
        const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
        console.log(await signUpInAndOut({ adapter: pgAdapter(pool) }))`,
        database().env,
      )
  })

  describe.skipIf(!hasMysql)("on MariaDB", () => {
    const database = made(mysqlOfPage)
    beforeAll(() =>
      database().renew(
        "CREATE TABLE user (id VARBINARY(255) PRIMARY KEY, username VARCHAR(255) NOT NULL UNIQUE)",
        ...schema("mysql"),
        "ALTER TABLE session MODIFY expires_at DATETIME(3) NOT NULL",
      ),
    )

    test("a column of timestamps becomes milliseconds, with which sign-in works", async () => {
      const code = `import mysql from "mysql2/promise"
        import { mysql2Adapter } from "nightlatch/adapters/mysql2"
        import { signUpInAndOut } from "${import.meta.dirname}/sign-in.ts"
        console.log(await signUpInAndOut({ adapter: mysql2Adapter(mysql.createPool(process.env.DATABASE_URL)) }))`
      await expect(page().run(code, database().env)).rejects.toThrow(/"expires_at" has the type datetime/)
      await database().run(...page().sql(mysqlTimes))
      expect(await page().run(code, database().env)).toBe(done)
    })
  })
})

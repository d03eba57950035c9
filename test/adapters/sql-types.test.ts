import { afterAll, beforeEach, describe, expect, test } from "vitest"
import type { DialectName } from "../../adapters/sql/dialect.ts"
import type { UserIdType } from "../../adapters/port/user-ids.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import type { SqlExecutor } from "../../adapters/sql.ts"
import { schema } from "../../adapters/sql/schema.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { SqlStore, TestSession, TestUser } from "./sql-stores.ts"
import { empty, everyStore, idMaker, mysqlStore, postgresStore, sqliteStore } from "./sql-stores.ts"

const times = { createdAt: new Date(1_700_000_000_000), expiresAt: new Date(2_000_000_000_000) }

/** A table of the application's own, the column that cannot serve, its type, and what to write instead. */
type Unfit = [table: "user" | "session" | "user_key", column: string, type: string, instead: RegExp]

const unfit: Record<DialectName, Unfit[]> = {
  sqlite: [
    ["session", "created_at", "DATETIME", /INTEGER, for milliseconds/],
    ["session", "expires_at", "TIMESTAMP", /INTEGER, for milliseconds/],
    ["session", "expires_at", "TEXT", /INTEGER, for milliseconds/],
    ["session", "expires_at", "VARCHAR(30)", /INTEGER, for milliseconds/],
    ["session", "id", "INTEGER", /TEXT/],
    ["session", "id", "BLOB", /TEXT/],
    ["session", "user_id", "INTEGER", /TEXT/],
    ["user_key", "user_id", "BLOB", /TEXT/],
    ["user", "id", "BLOB", /TEXT, a UUID type or an integer/],
  ],
  postgres: [
    ["session", "created_at", "TIMESTAMPTZ", /BIGINT, for milliseconds/],
    ["session", "expires_at", "TIMESTAMP", /BIGINT, for milliseconds/],
    ["session", "expires_at", "INTEGER", /BIGINT, for milliseconds/],
    ["session", "expires_at", "REAL", /BIGINT, for milliseconds/],
    ["session", "expires_at", "TEXT", /BIGINT, for milliseconds/],
    ["session", "id", "UUID", /TEXT/],
    ["session", "id", "CHAR(32)", /TEXT/],
    ["session", "id", "CHAR(99)", /TEXT/],
    ["session", "id", "VARCHAR(40)", /TEXT/],
    ["session", "user_id", "UUID", /TEXT/],
    ["user_key", "user_id", "INTEGER", /TEXT/],
    ["user", "id", "BYTEA", /TEXT, a UUID type or an integer/],
    ["user", "id", "NUMERIC", /TEXT, a UUID type or an integer/],
  ],
  mysql: [
    ["session", "created_at", "DATETIME(3)", /BIGINT, for milliseconds/],
    ["session", "expires_at", "TIMESTAMP", /BIGINT, for milliseconds/],
    ["session", "expires_at", "INT", /BIGINT, for milliseconds/],
    ["session", "expires_at", "VARCHAR(30)", /BIGINT, for milliseconds/],
    ["session", "id", "CHAR(32)", /VARBINARY\(255\)/],
    ["session", "id", "VARBINARY(40)", /VARBINARY\(255\)/],
    ["session", "id", "BINARY(99)", /VARBINARY\(255\)/],
    ["session", "user_id", "BIGINT", /VARBINARY\(255\)/],
    ["user_key", "user_id", "BINARY(16)", /VARBINARY\(255\)/],
    ["user_key", "id", "BINARY(255)", /VARBINARY\(255\)/],
    ["user", "id", "BINARY(16)", /VARBINARY\(255\), a UUID type or an integer/],
  ],
}

for (const store of await everyStore()) {
  const quote = (name: string) => (store.dialect === "mysql" ? `\`${name}\`` : `"${name}"`)

  describe(`a column that cannot serve, on ${store.dialect}`, () => {
    test.for(unfit[store.dialect])("[F18] in the table %s: %s %s", async ([table, column, type, instead]) => {
      await store.run(`DROP TABLE IF EXISTS ${quote("wrong")}`)
      await store.run(`CREATE TABLE ${quote("wrong")} (${tableWith(store.dialect, table, column, type)})`)
      const owner = table === "user_key" ? "key" : table
      // Without the option: the type is the one that the catalogue names.
      const adapter = store.adapter({ userIdType: undefined, tables: { [owner]: "wrong" } })
      const call = table === "user_key" ? adapter.findKey("a", "b") : adapter.findSession("s")
      const error: unknown = await call.catch((caught: unknown) => caught)
      expect(error).toMatchObject({ name: "AuthError", code: "invalid_option" })
      const { message } = error as Error
      expect(message).toMatch(/^tables\.\w+: "wrong" /)
      expect(message).toContain(`"${column}"`)
      expect(message).toMatch(instead)
      await store.run(`DROP TABLE ${quote("wrong")}`)
    })
  })

  test(`on ${store.dialect} a database that fails as the columns are read is asked again`, async () => {
    let isAway = true
    const flaky: SqlExecutor = {
      ...store.executor,
      query: async (sql, params) => {
        if (isAway) throw new Error("away")
        return store.executor.query(sql, params)
      },
    }
    const adapter = sqlAdapter({ dialect: store.dialect, executor: flaky })
    const auth = createAuth({ adapter })
    const token = "a".repeat(32)
    await expect(auth.validateSession(token)).rejects.toMatchObject({ code: "store_failed" })
    isAway = false
    expect(await auth.validateSession(token)).toMatchObject({ session: null, reason: "unknown" })
  })

  test(`on ${store.dialect} updateSession() with ifNull is true only for what it wrote itself`, async () => {
    await empty(store)
    const plain = store.adapter()
    let isNext = false
    const executor: SqlExecutor = {
      ...store.executor,
      async execute(sql, params) {
        const count = await store.executor.execute(sql, params)
        if (isNext) {
          isNext = false
          await plain.updateSession("s", { label: null })
        }
        return count
      },
    }
    await plain.insertUser({ id: "ada", attributes: { username: "ada" } }, null)
    await plain.insertSession({ id: "s", userId: "ada", ...times, attributes: { label: "first" } })
    const adapter = sqlAdapter<TestUser, TestSession>({ dialect: store.dialect, executor })
    await adapter.findSession("s")
    isNext = true
    expect(await adapter.updateSession("s", { label: "second" }, { ifNull: "label" })).toBe(false)
    for (const id of ["s", "x".repeat(300)])
      await expect(adapter.updateSession(id, { label: "third" }, { ifNull: "nope" })).rejects.toMatchObject({
        code: "invalid_option",
      })
  })

  test(`on ${store.dialect} a user id of null is refused`, async () => {
    await empty(store)
    const insert = store.adapter().insertUser({ id: null as never, attributes: { username: "ada" } }, null)
    await expect(insert).rejects.toMatchObject({ code: "invalid_option", message: expect.stringContaining("null") })
    expect(await store.run(`SELECT 1 AS one FROM ${quote("user")}`)).toEqual([])
  })

  test(`on ${store.dialect} a request that was cut off as it read the columns keeps no other waiting`, async () => {
    let isFirst = true
    const executor: SqlExecutor = {
      ...store.executor,
      query: (sql, params) => {
        if (!isFirst) return store.executor.query(sql, params)
        isFirst = false
        return new Promise<never>(() => undefined)
      },
    }
    const adapter = sqlAdapter({ dialect: store.dialect, executor })
    void adapter.findSession("cut off")
    expect(await adapter.findSession("s")).toBeNull()
  })
}

/** The definition of a table whose other columns are right. */
function tableWith(dialect: DialectName, table: Unfit[0], column: string, type: string): string {
  const id = dialect === "mysql" ? "VARBINARY(255)" : "TEXT"
  const time = dialect === "sqlite" ? "INTEGER" : "BIGINT"
  const columns: Record<string, string> = {
    user: { id },
    session: { id, user_id: id, created_at: time, expires_at: time },
    user_key: { id, user_id: id, hashed_password: id },
  }[table]
  return Object.entries({ ...columns, [column]: `${type} NULL` })
    .map((definition) => definition.join(" "))
    .join(", ")
}

const shapes: Record<UserIdType, (id: UserId) => boolean> = {
  text: (id) => typeof id === "string",
  integer: Number.isSafeInteger,
  bigint: (id) => typeof id === "number",
  uuid: (id) => typeof id === "string",
}

for (const type of ["text", "integer", "bigint", "uuid"] as const) {
  for (const store of [await sqliteStore(type), await postgresStore(type), await mysqlStore(type)]) {
    if (store) describe(`${store.dialect}, ${type} ids, without the option userIdType`, () => checkDerived(store, type))
  }
}

function checkDerived(store: SqlStore, type: UserIdType): void {
  const adapter = store.adapter({ userIdType: undefined })
  const makeId = idMaker(type === "bigint" ? "integer" : type)
  beforeEach(() => empty(store))
  afterAll(store.close)

  test("ids of the column's type go in and come out, and others are refused", async () => {
    const id = makeId(1)
    expect(shapes[type](id)).toBe(true)
    const key = { providerId: "username", providerUserId: "alice", passwordHash: "hash" }
    expect(await adapter.insertUser({ id, attributes: { username: "alice" } }, key)).toMatchObject({ user: { id } })
    await adapter.insertSession({ id: "s", userId: id, ...times, attributes: {} })
    expect(await adapter.findSession("s")).toMatchObject({ session: { userId: id }, user: { id } })
    expect(await adapter.listSessions(id)).toMatchObject([{ id: "s", userId: id }])
    expect(await adapter.listKeys(id)).toMatchObject([{ userId: id }])
    expect(await adapter.findUser(makeId(2))).toBeNull()
    const other = typeof id === "number" ? "1" : 1
    await expect(adapter.findUser(other)).rejects.toMatchObject({ code: "invalid_option" })
    await adapter.deleteUser(id)
    expect(await adapter.findSession("s")).toBeNull()
  })

  if (type !== "bigint") return

  test("an id that a number cannot hold is nobody's, and says what to do", async () => {
    const large = store.adapter({ userIdType: "bigint" })
    const id = 9007199254740993n
    await large.insertUser({ id, attributes: { username: "alice" } }, null)
    await large.insertSession({ id: "s", userId: id, ...times, attributes: {} })
    const refusal = { code: "invalid_option", message: expect.stringContaining('userIdType: "bigint"') }
    await expect(adapter.findSession("s")).rejects.toMatchObject(refusal)
    expect(await large.findSession("s")).toMatchObject({ user: { id } })
  })
}

test("a domain of PostgreSQL's is what is below it", async () => {
  const store = await postgresStore()
  if (!store) return
  await store.run(
    "CREATE DOMAIN account_id AS uuid; CREATE DOMAIN instant AS bigint; CREATE DOMAIN hash AS varchar(40)",
  )
  await store.run("CREATE TABLE account (id account_id PRIMARY KEY)")
  const tables = { user: "account", session: "account_session", key: "account_key" }
  for (const statement of schema("postgres", { tables, userIdType: "uuid" }))
    await store.run(statement.replaceAll("UUID", "account_id").replaceAll("BIGINT", "instant"))
  const adapter = store.adapter({ userIdType: undefined, tables })
  const id = String(idMaker("uuid")(1))
  await adapter.insertUser({ id, attributes: {} }, null)
  await adapter.insertSession({ id: "s", userId: id, ...times, attributes: {} })
  expect(await adapter.findSession("s")).toMatchObject({ session: { userId: id, ...times }, user: { id } })
  await store.run("ALTER TABLE account_session ALTER id TYPE hash")
  const message = expect.stringContaining('"id" holds 40 characters')
  await expect(store.adapter({ userIdType: undefined, tables }).findSession("s")).rejects.toMatchObject({ message })
  await store.close()
})

test.for(["TEXT", "UUID"])("UUIDs in PostgreSQL's column of text are found, where user_id is %s", async (type) => {
  const store = await postgresStore()
  if (!store) return
  await store.run("CREATE TABLE account (id TEXT PRIMARY KEY)")
  const tables = { user: "account", session: "account_session", key: "account_key" }
  for (const statement of schema("postgres", { tables }))
    await store.run(statement.replaceAll(/user_id TEXT NOT NULL[^,]*/g, `user_id ${type} NOT NULL`))
  const adapter = store.adapter({ userIdType: "uuid", tables })
  const id = String(idMaker("uuid")(1))
  const key = { providerId: "username", providerUserId: "ada", passwordHash: null, userId: id }
  await adapter.insertUser({ id, attributes: {} }, key)
  await adapter.insertKey({ ...key, providerUserId: "eve" })
  await adapter.insertSession({ id: "s", userId: id, ...times, attributes: {} })
  expect(await adapter.findSession("s")).toMatchObject({ session: { userId: id, ...times }, user: { id } })
  expect(await adapter.replaceSession("s", { id: "r", userId: id, ...times, attributes: {} })).toBe(true)
  expect(await adapter.listSessions(id)).toHaveLength(1)
  expect(await adapter.listKeys(id)).toHaveLength(2)
  expect(await adapter.replaceKeyPassword(key, null, "new", {})).toBe(true)
  expect(await adapter.listSessions(id)).toEqual([])
  await adapter.deleteUser(id)
  expect(await adapter.findUser(id)).toBeNull()
  expect(await adapter.findKey("username", "ada")).toBeNull()
  await store.close()
})

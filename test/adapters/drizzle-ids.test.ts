import Database from "better-sqlite3"
import { sql } from "drizzle-orm"
import type { Column } from "drizzle-orm"
import { drizzle } from "drizzle-orm/better-sqlite3"
import * as mysql from "drizzle-orm/mysql-core"
import * as pg from "drizzle-orm/pg-core"
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core"
import { expect, test } from "vitest"
import { newUserId } from "../../adapters/drizzle/users.ts"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import type { DialectName } from "../../adapters/sql/dialect.ts"
import { createUsers } from "../../src/users/create-users.ts"
import { countingHasher } from "../users/counting-hasher.ts"

const base32 = /^[a-z2-7]{16}$/
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const left = /^undefined$/

const inPg = pg.pgTable("user", {
  text: pg.text(),
  short: pg.varchar({ length: 15 }),
  uuid: pg.uuid(),
  random: pg.uuid().defaultRandom(),
  serial: pg.serial(),
  identity: pg.bigint({ mode: "bigint" }).generatedAlwaysAsIdentity(),
  citext: pg.customType<{ data: string }>({ dataType: () => "citext" })(),
  branded: pg.customType<{ data: string & { of: "user" } }>({ dataType: () => "VARCHAR(15)" })(),
  custom: pg.customType<{ data: string }>({ dataType: () => "uuid" })(),
  number: pg.customType<{ data: number }>({ dataType: () => "integer" })(),
  own: pg.text().$defaultFn(() => "own"),
})
const inMysql = mysql.mysqlTable("user", {
  varchar: mysql.varchar({ length: 255 }),
  uuid: mysql.char({ length: 36 }).default(sql`(uuid())`),
  number: mysql.int().autoincrement(),
  own: mysql.varchar({ length: 255 }).$defaultFn(() => "own"),
})

test.for<[name: string, column: Column, dialect: DialectName, shape: RegExp]>([
  ["PostgreSQL's text", inPg.text, "postgres", base32],
  ["PostgreSQL's varchar(15)", inPg.short, "postgres", /^[a-z2-7]{15}$/],
  ["PostgreSQL's uuid", inPg.uuid, "postgres", uuid],
  ["a uuid with a default", inPg.random, "postgres", left],
  ["a serial", inPg.serial, "postgres", left],
  ["an identity", inPg.identity, "postgres", left],
  ["a custom citext", inPg.citext, "postgres", base32],
  ["a custom varchar(15)", inPg.branded, "postgres", /^[a-z2-7]{15}$/],
  ["a custom uuid", inPg.custom, "postgres", uuid],
  ["a custom number", inPg.number, "postgres", left],
  ["a $defaultFn()", inPg.own, "postgres", left],
  ["MySQL's varchar(255)", inMysql.varchar, "mysql", base32],
  ["a default that MySQL does not tell", inMysql.uuid, "mysql", uuid],
  ["an autoincrement", inMysql.number, "mysql", left],
  ["a $defaultFn() in MySQL", inMysql.own, "mysql", left],
])("the id of a new user fits %s", ([, column, dialect, shape]) => {
  expect(String(newUserId(column, dialect))).toMatch(shape)
})

test("no id fits a column of a few characters", () => {
  const { id } = pg.pgTable("user", { id: pg.varchar({ length: 8 }) })
  expect(() => newUserId(id, "postgres")).toThrow(
    /no id fits the user table, whose column "id" is varchar\(8\); give it a \$defaultFn\(\)/,
  )
})

const times = { createdAt: integer().notNull(), expiresAt: integer().notNull() }
const onText = {
  user: sqliteTable("user", { id: text().primaryKey(), born: integer({ mode: "timestamp" }), age: integer() }),
  session: sqliteTable("session", { id: text().primaryKey(), userId: text().notNull(), ...times }),
  key: sqliteTable("key", { id: text().primaryKey(), userId: text().notNull(), hashedPassword: text() }),
}
const onNumbers = {
  user: sqliteTable("user", { id: integer().primaryKey(), born: integer({ mode: "timestamp" }), age: integer() }),
  session: sqliteTable("session", { id: text().primaryKey(), userId: integer().notNull(), ...times }),
  key: sqliteTable("key", { id: text().primaryKey(), userId: integer().notNull(), hashedPassword: text() }),
}

test("createUser() without an id stores one that fits, of text or numbers", async () => {
  const passwordHasher = countingHasher()
  const text = createUsers({ adapter: drizzleAdapter(open("TEXT"), onText), passwordHasher })
  const numbers = createUsers({ adapter: drizzleAdapter(open("INTEGER"), onNumbers), passwordHasher })
  const key = { providerId: "username", providerUserId: "ada", password: "correct horse" }
  const ofText = await text.createUser({ key, attributes: {} })
  expect(ofText.user?.id).toMatch(base32)
  expect(await text.getKey(key)).toMatchObject({ userId: ofText.user?.id })
  expect(await numbers.createUser({ key, attributes: {} })).toMatchObject({ user: { id: 1 } })
  expect(await numbers.createUser({ key: null, attributes: {} })).toMatchObject({ user: { id: 2 } })
})

test("a value that a column does not hold is refused by name, and so is what the tables refuse", async () => {
  const adapter = drizzleAdapter(open("TEXT"), onText)
  const refused = (attributes: object, message: string) =>
    expect(adapter.insertUser({ id: "a", attributes }, null)).rejects.toMatchObject({
      code: "invalid_option",
      message: expect.stringContaining(message),
    })
  await refused({ born: new Date(NaN) }, `"born"`)
  await refused({ age: NaN }, `"age"`)
  await refused({ age: -1 }, "constraint")
  expect(await adapter.findUser("a")).toBeNull()
})

function open(id: "TEXT" | "INTEGER") {
  const db = new Database(":memory:")
  db.exec(`CREATE TABLE user (id ${id} PRIMARY KEY, born INTEGER, age INTEGER CHECK (age > 0))`)
  db.exec(`CREATE TABLE session (id TEXT PRIMARY KEY, userId ${id}, createdAt INTEGER, expiresAt INTEGER)`)
  db.exec(`CREATE TABLE key (id TEXT PRIMARY KEY, userId ${id}, hashedPassword TEXT)`)
  return drizzle(db)
}

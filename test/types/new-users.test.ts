import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core"
import { expectTypeOf, test } from "vitest"

import type { DrizzleNewUser } from "../../adapters/drizzle.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import type { PrismaNewUser } from "../../adapters/prisma.ts"
import type { NewUserOf } from "../../src/index.ts"
import { createUsers } from "../../src/users.ts"

interface UserRow {
  id: string
  username: string
  age: number
  bio: string | null
  nickname?: string
  role: "clerk" | "admin"
}

const sqlite = { exec: () => undefined, prepare: () => ({ all: () => [], run: () => ({ changes: 0 }) }) }
const passwordHasher = { hash: async () => "", verify: async () => false, needsRehash: () => false }

test("a new user has each column that must not be null, and may have the others", () => {
  expectTypeOf<NewUserOf<UserRow>>().toEqualTypeOf<{
    username: string
    age: number
    role: "clerk" | "admin"
    bio?: string | null
    nickname?: string
  }>()
})

test("a column to which the database gives a value may be left out, where it is named", () => {
  expectTypeOf<NewUserOf<UserRow, "role" | "age">>().toEqualTypeOf<{
    username: string
    age?: number
    role?: "clerk" | "admin"
    bio?: string | null
    nickname?: string
  }>()
  // @ts-expect-error there is no such column
  expectTypeOf<NewUserOf<UserRow, "rank">>().toBeObject()
})

test("a table of ids only asks for nothing", () => {
  const adapter = nodeSqliteAdapter<{ id: string }>(sqlite)
  void (() => adapter.insertUser({ attributes: {} }, null))
})

test("createUser() asks for the required columns of the adapter's table", () => {
  const adapter = nodeSqliteAdapter<UserRow>(sqlite)
  const users = createUsers({ adapter, passwordHasher })
  void (async () => {
    await users.createUser({ key: null, attributes: { username: "ada", age: 36, role: "clerk" } })
    await users.createUser({ key: null, attributes: { username: "ada", age: 36, role: "clerk", bio: null } })
    // @ts-expect-error `username`, `age` and `role` are missing
    await users.createUser({ key: null, attributes: {} })
    // @ts-expect-error `age` must not be null
    await users.createUser({ key: null, attributes: { username: "ada", age: null, role: "clerk" } })
    // @ts-expect-error there is no such column
    await users.createUser({ key: null, attributes: { username: "ada", age: 36, role: "clerk", rank: 1 } })
    // @ts-expect-error the id is no attribute
    await users.createUser({ key: null, attributes: { id: "ada", username: "ada", age: 36, role: "clerk" } })
    await users.updateUser("ada", { age: 37 })
    // @ts-expect-error nor is it changed
    await users.updateUser("ada", { id: "grace" })
  })
})

test("a column with a default is named in the third type parameter of an adapter", () => {
  const users = createUsers({ adapter: nodeSqliteAdapter<UserRow, {}, "role">(sqlite), passwordHasher })
  const inMemory = createUsers({ adapter: memoryAdapter<UserRow, {}, "role">(), passwordHasher })
  void (async () => {
    await users.createUser({ key: null, attributes: { username: "ada", age: 36 } })
    await inMemory.createUser({ key: null, attributes: { username: "ada", age: 36 } })
    // @ts-expect-error `age` has no default
    await users.createUser({ key: null, attributes: { username: "ada" } })
    // @ts-expect-error nor here
    await inMemory.createUser({ key: null, attributes: { username: "ada" } })
  })
})

test("Drizzle's table says what an insert takes", () => {
  const table = sqliteTable("user", {
    id: text().primaryKey(),
    username: text().notNull(),
    role: text().notNull().default("clerk"),
    age: integer(),
  })
  const named: DrizzleNewUser<typeof table> = { username: "ada" }
  expectTypeOf(named).toExtend<{ username: string; role?: string | undefined; age?: number | null | undefined }>()
  // @ts-expect-error `username` is missing
  const nameless: DrizzleNewUser<typeof table> = { role: "admin" }
  void nameless
})

test("Prisma's model says what create() takes", () => {
  type Without<Other> = { [Name in keyof Other]?: never }
  type Relation = { username: string; role?: string; bio?: string | null; sessions?: object }
  type Unchecked = Relation & { id?: number }
  /** What a generated client says of a model. */
  interface Delegate {
    [K: symbol]: {
      types: {
        payload: { scalars: { id: number; username: string; role: string; bio: string | null } }
        operations: { create: { args: { data: (Without<{ id: 1 }> & Relation) | (Without<{}> & Unchecked) } } }
      }
    }
  }
  expectTypeOf<PrismaNewUser<Delegate>>().toEqualTypeOf<{ username: string; role?: string; bio?: string | null }>()
})

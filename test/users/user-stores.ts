import { DatabaseSync } from "node:sqlite"
import { memoryAdapter } from "../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { schema } from "../../adapters/sql/schema.ts"
import type { Feature } from "../../adapters/sql.ts"
import type { AuthEvent } from "../../src/core/events.ts"
import type { SessionAdapter, UserAdapter } from "../../src/core/ports.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { createUsers } from "../../src/users/create-users.ts"
import type { UsersOptions } from "../../src/users/users.ts"
import { countingHasher } from "./counting-hasher.ts"

/** The application's row in these tests. */
export interface User {
  id: string
  username: string
}

/** What a new user is made of. */
export type NewUser = Partial<Omit<User, "id">>

/** Both ports. */
export type Store = SessionAdapter<User, { label?: string | null }> & UserAdapter<User, NewUser>

/** The stores that every test of users runs over, each new and empty. */
export const stores: [name: string, open: () => Store][] = [
  ["memory", () => memoryAdapter<User, { label?: string | null }>()],
  ["node:sqlite", () => nodeSqliteAdapter<User, { label?: string | null }>(openSqlite())],
]

/** Opens a SQLite database in memory with the tables in it, and those of the features that are named. */
export function openSqlite(...include: Feature[]): DatabaseSync {
  const db = new DatabaseSync(":memory:")
  db.exec(`CREATE TABLE "user" (id TEXT NOT NULL PRIMARY KEY, username TEXT UNIQUE)`)
  for (const statement of schema("sqlite", { sessionColumns: { label: "TEXT" }, include })) db.exec(statement)
  return db
}

/** Users and an auth over one store, and what they reported. */
export function setUp(store: Store, options: Partial<UsersOptions<User, NewUser>> = {}) {
  const events: AuthEvent[] = []
  const onEvent = (event: AuthEvent) => void events.push(event)
  const hasher = countingHasher()
  const users = createUsers<User, NewUser>({ adapter: store, passwordHasher: hasher, onEvent, ...options })
  const auth = createAuth({ adapter: store, onEvent })
  return { store, users, auth, hasher, events }
}

/** A set-up with one user who has a password: `ada`, `correct horse`. */
export async function setUpAda(store: Store, options: Partial<UsersOptions<User, NewUser>> = {}) {
  const all = setUp(store, options)
  const created = await all.users.createUser({ id: "user-1", key: keyOfAda, attributes: { username: "ada" } })
  if (!created.user) throw new Error(`ada was not created: ${created.reason}`)
  all.hasher.takeCalls()
  all.events.splice(0)
  return all
}

/** The key of {@link setUpAda}. */
export const keyOfAda = { providerId: "username", providerUserId: "ada", password: "correct horse" }

/** What a form or a JSON body may hold where a password is expected, though it is not text. */
export function notText(password: string): [what: string, value: unknown][] {
  return [
    ["null", null],
    ["nothing", undefined],
    ["a number", 0],
    ["true", true],
    ["an object", { $gt: "" }],
    ["an array", [password]],
    ["a boxed string", Object(password)],
    ["an object that says it is text", { toString: () => password, length: password.length }],
    ["a file", new File([password], "password.txt")],
  ]
}

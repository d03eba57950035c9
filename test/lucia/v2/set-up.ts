import { createHash } from "node:crypto"
import { DatabaseSync } from "node:sqlite"
import { memoryAdapter } from "../../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../../adapters/node-sqlite.ts"
import { schema } from "../../../adapters/sql.ts"
import type { StoredIds } from "../../../src/lucia/v3/stored-ids.ts"
import { lucia } from "../../../src/lucia-v2.ts"
import type { Configuration } from "../../../src/lucia-v2.ts"
import type { MemoryOptions, Rows } from "./memory-lucia-adapter.ts"
import { memoryLuciaAdapter } from "./memory-lucia-adapter.ts"

/** A day, in milliseconds. */
export const day = 86_400_000

/** Three ways to keep session ids. */
export const allStoredIds: StoredIds[] = ["clear", "rekey", "hashed"]

/** A hashing that costs nothing, and counts what was asked of it. */
export function countingHash() {
  const asked: [password: string, hash: string][] = []
  return {
    asked,
    generate: (password: string) => `hash of ${password}`,
    validate(password: string, hash: string) {
      asked.push([password, hash])
      return hash === `hash of ${password}`
    },
  }
}

/** Makes the hex SHA-256 of a text. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

/** Makes an auth over an adapter of Lucia v2 in memory, with the users ada and bob, at whose rows a test may look. */
export async function setUp(options: Partial<Configuration> & MemoryOptions = {}) {
  const { hasForeignKeys = true, ...configuration } = options
  const { adapter, ...rows } = memoryLuciaAdapter({ hasForeignKeys })
  const auth = lucia({ adapter, env: "DEV", passwordHash: countingHash(), ...configuration })
  for (const userId of ["ada", "bob"]) await auth.createUser({ userId, key: keyOf(userId), attributes: {} })
  return { auth, ...rows, signIn: () => auth.createSession({ userId: "ada", attributes: {} }) }
}

/** Names the key of a user, whose password is `secret`. */
export function keyOf(userId: string) {
  return { providerId: "username", providerUserId: userId, password: "secret" }
}

/** Stores a session of ada's as Lucia did, in clear. */
export function addClearSession(sessions: Rows["sessions"], id = "a".repeat(40), from = Date.now()): string {
  sessions.set(id, { id, user_id: "ada", active_expires: from + 3 * day, idle_expires: from + 9 * day })
  return id
}

/** Every kind of adapter that keeps users and sessions, empty. */
export const adapters: [name: string, open: () => Configuration["adapter"]][] = [
  ["an adapter of Lucia v2", () => memoryLuciaAdapter().adapter],
  ["memoryAdapter", () => memoryAdapter()],
  ["nodeSqliteAdapter", () => nodeSqliteAdapter(openSqlite())],
  [
    "users of Lucia v2 and sessions of this package",
    () => ({ user: memoryLuciaAdapter().adapter, session: sessionsOnly() }),
  ],
  [
    "users of this package and sessions of Lucia v2",
    () => ({ user: memoryAdapter(), session: memoryLuciaAdapter({ hasForeignKeys: false }).adapter }),
  ],
]

/** Opens a database with the tables. */
export function openSqlite(): DatabaseSync {
  const db = new DatabaseSync(":memory:")
  db.exec("CREATE TABLE user (id TEXT PRIMARY KEY, username TEXT UNIQUE, age INTEGER)")
  for (const statement of schema("sqlite")) db.exec(statement)
  db.exec("ALTER TABLE session ADD COLUMN label TEXT")
  return db
}

/** Sessions in a store that knows no users, as Redis is. */
export function sessionsOnly() {
  const adapter = memoryAdapter()
  const known = new Set<string>()
  return {
    ...adapter,
    async insertSession(session: Parameters<typeof adapter.insertSession>[0]) {
      const userId = String(session.userId)
      if (!known.has(userId)) await adapter.insertUser({ id: userId, attributes: {} }, null)
      known.add(userId)
      await adapter.insertSession(session)
    },
    async findSession(id: string) {
      const found = await adapter.findSession(id)
      return found && { session: found.session }
    },
  }
}

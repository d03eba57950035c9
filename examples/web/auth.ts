import { fileURLToPath } from "node:url"
import { DatabaseSync } from "node:sqlite"
import { createAuth } from "nightlatch"
import type { InferSession, InferUser } from "nightlatch"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { schema } from "nightlatch/adapters/sql"
import { argon2id } from "nightlatch/password"
import { createThrottle } from "nightlatch/throttle"
import { createUsers } from "nightlatch/users"

/** The database: `DATABASE` names its file, or is `:memory:`. */
export const db = new DatabaseSync(process.env.DATABASE || fileURLToPath(new URL("example.db", import.meta.url)))

db.exec("PRAGMA journal_mode = WAL")
db.exec("CREATE TABLE IF NOT EXISTS user (id TEXT NOT NULL PRIMARY KEY, username TEXT NOT NULL UNIQUE COLLATE NOCASE)")
const sessionColumns = { device: "TEXT NOT NULL" }
for (const statement of schema("sqlite", { sessionColumns, include: ["throttle"] })) db.exec(statement)

interface UserRow {
  id: string
  username: string
}

interface SessionRow {
  /** What the visitor signed in with, such as "Firefox on Linux". */
  device: string
}

const adapter = nodeSqliteAdapter<UserRow, SessionRow>(db)

export const auth = createAuth({
  adapter,
  // Safari drops Secure cookies on http://localhost.
  cookie: { secure: process.env.NODE_ENV === "production" },
  getUserAttributes: ({ username }) => ({ username }),
  getSessionAttributes: ({ device }) => ({ device }),
})

export const users = createUsers({ adapter, passwordHasher: argon2id() })

const limits = { client: { limit: 50, window: "10m" }, account: { limit: 10, window: "10m" } } as const

/** Limits how often a password may be tried. */
export const signInThrottle = createThrottle({ adapter, name: "sign-in", limits })

/** Limits how often an account may be created. */
export const signUpThrottle = createThrottle({ adapter, name: "sign-up", limits })

export type User = InferUser<typeof auth>
export type Session = InferSession<typeof auth>

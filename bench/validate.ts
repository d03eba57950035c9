import { hash } from "node:crypto"
import { DatabaseSync } from "node:sqlite"
import Database from "better-sqlite3"
import { createAuth } from "nightlatch"
import { betterSqlite3Adapter } from "nightlatch/adapters/better-sqlite3"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { schema } from "nightlatch/adapters/sql"

import { createLimit } from "./limit.ts"
import type { SqliteDriver } from "./limit.ts"
import { compete } from "./rounds.ts"
import type { Contest } from "./rounds.ts"

interface UserRow {
  id: string
  username: string
}

const sessions = 100_000
const garbage = ["", "x", "a".repeat(31), "A".repeat(32), "a".repeat(100_000), "' OR 1=1 --", null, 7]

const betterSqlite = new Database(":memory:")
const nodeSqlite = new DatabaseSync(":memory:")

await compete([
  ...(await contests("better-sqlite3", betterSqlite, () => betterSqlite3Adapter<UserRow>(betterSqlite))),
  ...(await contests("node:sqlite", nodeSqlite, () => nodeSqliteAdapter<UserRow>(nodeSqlite))),
])

async function contests(
  driver: string,
  db: SqliteDriver,
  adapterOf: () => ReturnType<typeof nodeSqliteAdapter<UserRow>>,
): Promise<Contest[]> {
  db.exec("CREATE TABLE user (id TEXT PRIMARY KEY NOT NULL, username TEXT NOT NULL)")
  for (const statement of schema("sqlite")) db.exec(statement)
  const auth = createAuth({ adapter: adapterOf(), getUserAttributes: ({ username }) => ({ username }) })
  const limit = createLimit(db)
  const tokens = await fill(db, async (userId) => (await auth.createSession(userId)).token)
  db.exec("CREATE TEMP TABLE kept AS SELECT * FROM session")
  const ids = tokens.map((token) => hash("sha256", token, "hex"))
  const restore = () => db.exec("INSERT OR IGNORE INTO session SELECT * FROM kept")
  await expectSame(tokens[0], limit.validateSession, auth.validateSession)

  // A step that is prime to the number of sessions visits them all, never in the order they were made.
  const tokenAt = (n: number) => tokens[(n * 7919) % sessions]
  const garbageAt = (n: number) => garbage[n % garbage.length]
  const userAt = (n: number) => `user-${n % sessions}`
  return [
    {
      name: `${driver}: validate`,
      limit: (n) => limit.validateSession(tokenAt(n)),
      ours: (n) => auth.validateSession(tokenAt(n)),
    },
    {
      name: `${driver}: garbage`,
      limit: (n) => limit.validateSession(garbageAt(n)),
      ours: (n) => auth.validateSession(garbageAt(n)),
    },
    {
      name: `${driver}: create, with its cookie`,
      limit: (n) => limit.createSession(userAt(n)),
      ours: async (n) => {
        const { session, token } = await auth.createSession(userAt(n))
        return { session, cookie: auth.createSessionCookie(token).serialize() }
      },
      reset: () => db.exec("DELETE FROM session WHERE id NOT IN (SELECT id FROM kept)"),
    },
    {
      name: `${driver}: invalidate`,
      limit: (n) => limit.invalidateSession(ids[(n * 7919) % sessions] ?? ""),
      ours: (n) => auth.invalidateSession(ids[(n * 7919) % sessions] ?? ""),
      reset: restore,
    },
    {
      name: `${driver}: invalidate all`,
      limit: (n) => limit.invalidateUserSessions(`user-${(n * 7919) % sessions}`),
      ours: (n) => auth.invalidateUserSessions(`user-${(n * 7919) % sessions}`),
      reset: restore,
    },
  ]
}

async function fill(db: SqliteDriver, signIn: (userId: string) => Promise<string>): Promise<string[]> {
  const insert = db.prepare("INSERT INTO user (id, username) VALUES (?, ?)")
  const tokens: string[] = []
  for (let n = 0; n < sessions; n++) {
    insert.run(`user-${n}`, `name ${n}`)
    tokens.push(await signIn(`user-${n}`))
  }
  return tokens
}

type Validate = (token: unknown) => Promise<{ user: { username: string } | null } | null>

/** A contest between a right answer and a wrong one would prove nothing. */
async function expectSame(token: string | undefined, ...contenders: Validate[]): Promise<void> {
  for (const validate of contenders) {
    const right = await validate(token)
    const wrong = await validate("a".repeat(32))
    if (right?.user?.username !== "name 0" || wrong?.user) throw new Error("A contender validates wrongly.")
  }
}

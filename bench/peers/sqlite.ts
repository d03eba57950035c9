import { hash } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { BetterSqlite3Adapter } from "@lucia-auth/adapter-sqlite"
import Database from "better-sqlite3"
import { Lucia } from "lucia"
import { createAuth } from "nightlatch"
import { betterSqlite3Adapter } from "nightlatch/adapters/better-sqlite3"
import { schema } from "nightlatch/adapters/sql"

import { compete } from "../rounds.ts"
import type { Contest, Side, Step } from "../rounds.ts"

/** One library over a database of its own. */
interface Contender {
  create: Step
  validate: Step
  end: Step
  endAll: Step
  /** Deletes the sessions that were created since, and nothing else. */
  forget: () => void
  /** Brings back the sessions that were ended. */
  restore: () => void
}

const sessions = 100_000

// As Lucia's guide for SQLite has them: without an index on user_id.
const luciaTables = [
  "CREATE TABLE user (id TEXT NOT NULL PRIMARY KEY, username TEXT NOT NULL)",
  "CREATE TABLE session (id TEXT NOT NULL PRIMARY KEY, expires_at INTEGER NOT NULL, user_id TEXT NOT NULL, FOREIGN KEY (user_id) REFERENCES user(id))",
]

const userIndex = "CREATE INDEX session_user_id ON session (user_id)"

const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
await compete([
  ...(await contests("memory", [])),
  ...(await contests("file", [])),
  ...(await contests("file, with Lucia's own index on user_id", [userIndex])),
])
rmSync(folder, { recursive: true })

/** Without an index of its own, Lucia reads the whole table to end all sessions of a user, which is no contest. */
async function contests(place: string, luciaIndexes: string[]): Promise<Contest[]> {
  const path = (name: string) => (place === "memory" ? ":memory:" : join(folder, `${place} ${name}.db`))
  const limit = await openLucia(path("lucia"), [...luciaTables, ...luciaIndexes])
  const ours = await openOurs(path("ours"))
  const contest = (
    name: string,
    step: "create" | "validate" | "end" | "endAll",
    undo?: "forget" | "restore",
  ): Contest => ({
    name: `${place}: ${name}`,
    limit: limit[step],
    ours: ours[step],
    ...(undo && { reset: (side: Side) => (side === "limit" ? limit : ours)[undo]() }),
  })
  return [
    contest("create, with its cookie", "create", "forget"),
    contest("validate", "validate"),
    contest("invalidate", "end", "restore"),
    ...(luciaIndexes.length > 0 ? [contest("invalidate all", "endAll", "restore")] : []),
  ]
}

async function openLucia(path: string, tables: string[]): Promise<Contender> {
  const db = open(path, tables)
  const lucia = new Lucia(new BetterSqlite3Adapter(db, { user: "user", session: "session" }), {
    getUserAttributes: (row) => ({ username: (row as { username: string }).username }),
  })
  const tokens = await fill(db, async (userId) => (await lucia.createSession(userId, {})).id)
  const { user } = await lucia.validateSession(tokens[0] ?? "")
  if ((user as { username?: string } | null)?.username !== "name 0") throw new Error("Lucia validates wrongly.")
  return {
    create: async (n) => {
      const session = await lucia.createSession(userOf(n), {})
      return { session, cookie: lucia.createSessionCookie(session.id).serialize() }
    },
    validate: (n) => lucia.validateSession(nth(tokens, n)),
    end: (n) => lucia.invalidateSession(nth(tokens, n)),
    endAll: (n) => lucia.invalidateUserSessions(userOf(n)),
    ...undoing(db),
  }
}

async function openOurs(path: string): Promise<Contender> {
  const db = open(path, [luciaTables[0] ?? "", ...schema("sqlite")])
  const adapter = betterSqlite3Adapter<{ id: string; username: string }>(db)
  const auth = createAuth({ adapter, getUserAttributes: ({ username }) => ({ username }) })
  const tokens = await fill(db, async (userId) => (await auth.createSession(userId)).token)
  const ids = tokens.map((token) => hash("sha256", token, "hex"))
  const { user } = await auth.validateSession(tokens[0])
  if (user?.username !== "name 0") throw new Error("nightlatch validates wrongly.")
  return {
    create: async (n) => {
      const { session, token } = await auth.createSession(userOf(n))
      return { session, cookie: auth.createSessionCookie(token).serialize() }
    },
    validate: (n) => auth.validateSession(nth(tokens, n)),
    end: (n) => auth.invalidateSession(nth(ids, n)),
    endAll: (n) => auth.invalidateUserSessions(userOf(n)),
    ...undoing(db),
  }
}

function open(path: string, tables: string[]): Database.Database {
  const db = new Database(path)
  db.pragma("journal_mode = WAL")
  for (const statement of tables) db.exec(statement)
  return db
}

async function fill(db: Database.Database, signIn: (userId: string) => Promise<string>): Promise<string[]> {
  const insert = db.prepare("INSERT INTO user (id, username) VALUES (?, ?)")
  const tokens: string[] = []
  db.exec("BEGIN")
  for (let n = 0; n < sessions; n++) {
    insert.run(`user-${n}`, `name ${n}`)
    tokens.push(await signIn(`user-${n}`))
  }
  db.exec("COMMIT")
  db.exec("CREATE TEMP TABLE kept AS SELECT * FROM session; CREATE UNIQUE INDEX temp.kept_id ON kept (id)")
  return tokens
}

/** Leaves nothing of its own work in the WAL. */
function undoing(db: Database.Database): Pick<Contender, "forget" | "restore"> {
  const run = (statement: string) => () => {
    db.exec(statement)
    db.pragma("wal_checkpoint(TRUNCATE)")
  }
  return {
    forget: run("DELETE FROM session WHERE id NOT IN (SELECT id FROM kept)"),
    restore: run("INSERT OR IGNORE INTO session SELECT * FROM kept"),
  }
}

// A step that is prime to the number of sessions visits them all, never in the order they were made.
function nth(values: string[], n: number): string {
  return values[(n * 7919) % sessions] ?? ""
}

function userOf(n: number): string {
  return `user-${(n * 7919) % sessions}`
}

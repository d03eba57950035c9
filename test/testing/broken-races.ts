import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises"
import type { Row, SqlExecutor, SqlValue } from "../../adapters/sql/executor.ts"
import { AuthError } from "../../src/core/errors.ts"
import type { KeyRecord } from "../../src/core/ports.ts"
import type { AnyAdapter } from "../../src/testing/adapter-case.ts"
import type { Session } from "../../src/testing/session-fixture.ts"
import { accountRaceBugs } from "./broken-account-races.ts"
import { featureRaceBugs, featureRaceBugTables } from "./broken-feature-races.ts"

/** A bug that shows only when others come in between two statements, each of which is right. */
export interface RaceBug {
  /** The race that it must lose. */
  loses: string
  /** Takes what sends SQL to SQLite or PostgreSQL, and returns the methods that are broken. */
  methods(executor: SqlExecutor): Partial<AnyAdapter>
}

export type RaceBugName = keyof typeof raceBugs

/** What the bugs store in addition to the usual tables. */
export const raceBugTables = [
  "CREATE TABLE session_list (user_id TEXT NOT NULL, id TEXT NOT NULL)",
  ...featureRaceBugTables,
]

const renewal = "a sign-out during an extension and an update: the session stays dead"
const rotation = "replaceSession() during a sign-out: one of the two finds the session"
const signUp = "20 sign-ups under one name: one user, and no trace of the others"
const deletion = "a user is deleted during sign-ins and new keys: no session and no key is left"

const newKey = "a new key during a change of the password: it has the new one, or sees that the others have it"
const lastKey = "a user's 4 keys are deleted at once: one is left"
const rename = "4 users take one name: one key and one row change"

/** Bugs of every method that must be one atomic step. */
export const raceBugs = {
  "extendSession is an upsert": {
    loses: renewal,
    methods: (executor) => ({
      async extendSession(id, to, ifBefore) {
        const row = await sessionRow(executor, id)
        if (!row || Number(row.expires_at) > ifBefore.getTime()) return false
        await turn()
        await putSessionRow(executor, { ...row, expires_at: to.getTime() }, "expires_at")
        return true
      },
    }),
  },
  "extendSession reads, then updates without a condition": {
    loses: "50 requests find a session that is due, and extendSession() writes for one of them",
    methods: (executor) => ({
      async extendSession(id, to, ifBefore) {
        const row = await sessionRow(executor, id)
        if (!row || Number(row.expires_at) > ifBefore.getTime()) return false
        await turn()
        return (await executor.execute("UPDATE session SET expires_at = ? WHERE id = ?", [to.getTime(), id])) > 0
      },
    }),
  },
  "updateSession reads a row, then writes all of it": {
    loses: "updateSession() during extendSession(): both have their effect",
    methods: (executor) => ({
      async updateSession(id, { label = null }) {
        const row = await sessionRow(executor, id)
        if (!row) return false
        await turn()
        const sql = "UPDATE session SET expires_at = ?, label = ? WHERE id = ?"
        return (await executor.execute(sql, [Number(row.expires_at), label, id])) > 0
      },
    }),
  },
  "updateSession is an upsert": {
    loses: renewal,
    methods: (executor) => ({
      async updateSession(id, { label = null }) {
        const row = await sessionRow(executor, id)
        if (!row) return false
        await turn()
        await putSessionRow(executor, { ...row, label }, "label")
        return true
      },
    }),
  },
  "updateSession reads an attribute, then writes it": {
    loses: "updateSession() with ifNull writes for one of many callers",
    methods: (executor) => ({
      async updateSession(id, { label = null }) {
        const row = await sessionRow(executor, id)
        if (!row || row.label !== null) return false
        await turn()
        return (await executor.execute("UPDATE session SET label = ? WHERE id = ?", [label, id])) > 0
      },
    }),
  },
  "deleteSession reads, then deletes": {
    loses: "deleteSession() resolves to true for one of many callers",
    methods: (executor) => ({
      async deleteSession(id) {
        const row = await sessionRow(executor, id)
        await turn()
        await executor.execute("DELETE FROM session WHERE id = ?", [id])
        return row !== null
      },
    }),
  },
  "replaceSession reads, then deletes and inserts": {
    loses: rotation,
    methods: (executor) => ({
      async replaceSession(oldId, session) {
        if (!(await sessionRow(executor, oldId))) return false
        await turn()
        await executor.execute("DELETE FROM session WHERE id = ?", [oldId])
        await insertSessionRow(executor, session)
        return true
      },
    }),
  },
  "deleteUserSessions reads ids, then deletes by id": {
    loses: "a sign-out everywhere during extensions and rotations leaves no session",
    methods: (executor) => ({
      async deleteUserSessions(userId) {
        const rows = await executor.query("SELECT id FROM session WHERE user_id = ?", [userId])
        await turn()
        await deleteSessionRows(executor, rows)
      },
    }),
  },
  "deleteUserSessions deletes what is listed, then the list": {
    loses: "a sign-out everywhere during sign-ins: a new session is dead, or alive and listed",
    methods: (executor) => ({
      async insertSession(session) {
        await insertSessionRow(executor, session)
        await executor.execute("INSERT INTO session_list (user_id, id) VALUES (?, ?)", [session.userId, session.id])
      },
      async listSessions(userId) {
        const listed = "SELECT id FROM session_list WHERE user_id = ?"
        return (await executor.query(`SELECT * FROM session WHERE id IN (${listed})`, [userId])).map(sessionOf)
      },
      async deleteUserSessions(userId) {
        const rows = await executor.query("SELECT id FROM session_list WHERE user_id = ?", [userId])
        await deleteSessionRows(executor, rows)
        await turn()
        await executor.execute("DELETE FROM session_list WHERE user_id = ?", [userId])
      },
    }),
  },
  "deleteExpiredSessions reads ids, then deletes by id": {
    loses: "a clean-up during extensions: an extended session lives, and the others are gone",
    methods: (executor) => ({
      async deleteExpiredSessions(before, limit) {
        const sql = `SELECT id FROM session WHERE expires_at <= ? LIMIT ${limit}`
        const rows = await executor.query(sql, [before.getTime()])
        await turn()
        return deleteSessionRows(executor, rows)
      },
    }),
  },

  "insertUser has no transaction": {
    loses: signUp,
    methods: (executor) => ({
      async insertUser({ id = "", attributes: { username } }, key) {
        if (key && (await keyRow(executor, key))) return { taken: "key" }
        await insertUserRow(executor, id, username)
        await turn()
        const inserted = !key || (await insertKeyRow(executor, { ...key, userId: id }, "NOTHING")) > 0
        return inserted ? { user: { id, username } } : { taken: "key" }
      },
    }),
  },
  "insertUser looks for the key, and nothing else keeps it unique": {
    loses: signUp,
    methods: (executor) => ({
      async insertUser({ id = "", attributes: { username } }, key) {
        if (key && (await keyRow(executor, key))) return { taken: "key" }
        await turn()
        await insertUserRow(executor, id, username)
        if (key) await insertKeyRow(executor, { ...key, userId: id }, "UPDATE SET user_id = excluded.user_id")
        return { user: { id, username } }
      },
    }),
  },
  "replaceKeyPassword reads, then writes": {
    loses: "12 changes of one password: one takes place, and ends the user's sessions",
    methods: (executor) => ({
      async replaceKeyPassword(key, from, to) {
        const row = await keyRow(executor, key)
        if (!row || row.hashed_password !== from) return false
        await turn()
        await executor.execute("UPDATE user_key SET hashed_password = ? WHERE id = ?", [to, keyId(key)])
        await executor.execute("DELETE FROM session WHERE user_id = ?", [String(row.user_id)])
        return true
      },
    }),
  },
  "replaceUserPasswords reads ids, then updates by id": {
    loses: newKey,
    methods: ({ query, execute }) => ({
      async replaceUserPasswords(userId, _providerIds, hash) {
        const rows = await query("SELECT id FROM user_key WHERE user_id = ?", [userId])
        await sleep(30)
        for (const { id } of rows)
          await execute("UPDATE user_key SET hashed_password = ? WHERE id = ?", [hash, String(id)])
        return rows.length > 0
      },
    }),
  },
  "deleteKey counts the keys, then deletes": {
    loses: lastKey,
    methods: ({ query, execute }) => ({
      async deleteKey(key) {
        const rows = await query("SELECT id FROM user_key WHERE user_id = ?", [key.userId])
        if (rows.length === 1) return "last_key"
        await turn()
        return (await execute("DELETE FROM user_key WHERE id = ?", [keyId(key)])) > 0 ? "deleted" : "missing"
      },
    }),
  },
  "renameKey has no transaction": {
    loses: rename,
    methods: ({ query, execute }) => ({
      async renameKey(key, to, { username = "" } = {}) {
        const renamed = keyId({ ...key, providerUserId: to })
        if ((await query("SELECT id FROM user_key WHERE id = ?", [renamed])).length > 0) return "key_taken"
        await execute(`UPDATE "user" SET username = ? WHERE id = ?`, [username, key.userId])
        await turn()
        const free = "NOT EXISTS (SELECT 1 FROM user_key taken WHERE taken.id = ?)"
        try {
          const sql = `UPDATE user_key SET id = ? WHERE id = ? AND ${free}`
          return (await execute(sql, [renamed, keyId(key), renamed])) > 0 ? "renamed" : "key_taken"
        } catch {
          return "key_taken"
        }
      },
    }),
  },
  "deleteUser has no transaction, and nothing cascades": {
    loses: deletion,
    methods: ({ execute }) => ({
      async deleteUser(id) {
        await execute("DELETE FROM session WHERE user_id = ?", [id])
        await turn()
        await execute("DELETE FROM user_key WHERE user_id = ?", [id])
        await turn()
        await execute(`DELETE FROM "user" WHERE id = ?`, [id])
      },
    }),
  },
  "insertSession looks for the user, and nothing else refers to one": {
    loses: deletion,
    methods: (executor) => ({
      async insertSession(session) {
        const users = await executor.query(`SELECT id FROM "user" WHERE id = ?`, [session.userId])
        if (users.length === 0) throw new AuthError("user_missing", "The user does not exist.")
        await turn()
        await insertSessionRow(executor, session)
      },
    }),
  },
  "insertSession looks for the user, and look-ups pass over sessions without one": {
    loses: deletion,
    methods: (executor) => ({
      async insertSession(session) {
        if (!(await userOf(executor, session.userId))) throw new AuthError("user_missing", "The user does not exist.")
        await turn()
        await insertSessionRow(executor, session)
      },
      async findSession(id) {
        const row = await sessionRow(executor, id)
        const user = row && (await userOf(executor, String(row.user_id)))
        return row && user && { session: sessionOf(row), user }
      },
      async listSessions(userId) {
        if (!(await userOf(executor, userId))) return []
        return (await executor.query("SELECT * FROM session WHERE user_id = ?", [userId])).map(sessionOf)
      },
    }),
  },

  ...featureRaceBugs,
  ...accountRaceBugs,
} satisfies Record<string, RaceBug>

type KeyId = Pick<KeyRecord, "providerId" | "providerUserId">

async function userOf({ query }: SqlExecutor, userId: SqlValue) {
  const [user] = await query(`SELECT id, username FROM "user" WHERE id = ?`, [userId])
  return user ? { id: String(user.id), username: String(user.username) } : null
}

async function sessionRow({ query }: SqlExecutor, id: string): Promise<Row | null> {
  return (await query("SELECT * FROM session WHERE id = ?", [id]))[0] ?? null
}

function sessionOf(row: Row): Session {
  const [createdAt, expiresAt] = [new Date(Number(row.created_at)), new Date(Number(row.expires_at))]
  return { id: String(row.id), userId: String(row.user_id), createdAt, expiresAt, attributes: {} }
}

async function insertSessionRow(executor: SqlExecutor, session: Session): Promise<void> {
  const { id, userId, createdAt, expiresAt, attributes } = session
  const values = [id, userId, createdAt.getTime(), expiresAt.getTime(), attributes.label ?? null]
  await executor.execute(insertSession, values)
}

/** Writes a row whether it is still there or not. */
async function putSessionRow(executor: SqlExecutor, row: Row, column: string): Promise<void> {
  const sql = `${insertSession} ON CONFLICT (id) DO UPDATE SET ${column} = excluded.${column}`
  // A driver can write what it has read.
  const values = [row.id, row.user_id, row.created_at, row.expires_at, row.label] as SqlValue[]
  await executor.execute(sql, values)
}

const insertSession = "INSERT INTO session (id, user_id, created_at, expires_at, label) VALUES (?, ?, ?, ?, ?)"

async function deleteSessionRows({ execute }: SqlExecutor, rows: Row[]): Promise<number> {
  let deleted = 0
  for (const { id } of rows) deleted += await execute("DELETE FROM session WHERE id = ?", [String(id)])
  return deleted
}

async function insertUserRow({ execute }: SqlExecutor, id: SqlValue, username: string): Promise<void> {
  await execute(`INSERT INTO "user" (id, username) VALUES (?, ?)`, [id, username])
}

async function insertKeyRow({ execute }: SqlExecutor, key: KeyRecord, ifTaken: string): Promise<number> {
  const sql = `INSERT INTO user_key (id, user_id, hashed_password) VALUES (?, ?, ?) ON CONFLICT (id) DO ${ifTaken}`
  return execute(sql, [keyId(key), key.userId, key.passwordHash])
}

async function keyRow({ query }: SqlExecutor, key: KeyId): Promise<Row | null> {
  return (await query("SELECT * FROM user_key WHERE id = ?", [keyId(key)]))[0] ?? null
}

function keyId({ providerId, providerUserId }: KeyId): string {
  return `${providerId}:${providerUserId}`
}

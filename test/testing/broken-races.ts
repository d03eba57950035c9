import { setImmediate as turn } from "node:timers/promises"
import type { Row, SqlExecutor, SqlValue } from "../../adapters/sql/executor.ts"
import { AuthError } from "../../src/core/errors.ts"
import type { KeyRecord } from "../../src/core/ports.ts"
import type { FullAdapter } from "../../src/testing/adapter-case.ts"

/** Takes what sends SQL to SQLite or PostgreSQL, and returns the methods that are broken. */
type RaceBug = (executor: SqlExecutor) => Partial<FullAdapter>

export type RaceBugName = keyof typeof raceBugs

/** Bugs that show only when others come in between two statements, each of which is right. */
export const raceBugs = {
  "extendSession is an upsert": ({ query, execute }) => ({
    async extendSession(id, to, ifBefore) {
      const row = await sessionRow(query, id)
      if (!row || Number(row.expires_at) > ifBefore.getTime()) return false
      await turn()
      const values = [id, String(row.user_id), Number(row.created_at), to.getTime()]
      await execute(
        `INSERT INTO session (id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at`,
        values,
      )
      return true
    },
  }),
  "extendSession reads, then updates without a condition": ({ query, execute }) => ({
    async extendSession(id, to, ifBefore) {
      const row = await sessionRow(query, id)
      if (!row || Number(row.expires_at) > ifBefore.getTime()) return false
      await turn()
      return (await execute("UPDATE session SET expires_at = $1 WHERE id = $2", [to.getTime(), id])) > 0
    },
  }),
  "updateSession reads a row, then writes all of it": ({ query, execute }) => ({
    async updateSession(id, { label = null }) {
      const row = await sessionRow(query, id)
      await turn()
      const values = [Number(row?.expires_at), label, id]
      return row ? (await execute("UPDATE session SET expires_at = $1, label = $2 WHERE id = $3", values)) > 0 : false
    },
  }),
  "updateSession is an upsert": ({ query, execute }) => ({
    async updateSession(id, { label = null }) {
      const row = await sessionRow(query, id)
      if (!row) return false
      await turn()
      const values = [id, String(row.user_id), Number(row.created_at), Number(row.expires_at), label]
      await execute(
        `INSERT INTO session (id, user_id, created_at, expires_at, label) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET label = excluded.label`,
        values,
      )
      return true
    },
  }),
  "deleteSession reads, then deletes": ({ query, execute }) => ({
    async deleteSession(id) {
      const row = await sessionRow(query, id)
      await turn()
      await execute("DELETE FROM session WHERE id = $1", [id])
      return row !== null
    },
  }),
  "replaceSession looks, then deletes and inserts": ({ query, execute }) => ({
    async replaceSession(oldId, { id, userId, createdAt, expiresAt }) {
      if (!(await sessionRow(query, oldId))) return false
      await turn()
      await execute("DELETE FROM session WHERE id = $1", [oldId])
      const values = [id, userId, createdAt.getTime(), expiresAt.getTime()]
      await execute("INSERT INTO session (id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)", values)
      return true
    },
  }),
  "deleteUserSessions lists, then deletes by id": ({ query, execute }) => ({
    async deleteUserSessions(userId) {
      const rows = await query("SELECT id FROM session WHERE user_id = $1", [userId])
      await turn()
      for (const { id } of rows) await execute("DELETE FROM session WHERE id = $1", [String(id)])
    },
  }),
  "deleteExpiredSessions reads ids, then deletes by id": ({ query, execute }) => ({
    async deleteExpiredSessions(before, limit) {
      const rows = await query(`SELECT id FROM session WHERE expires_at <= $1 LIMIT ${limit}`, [before.getTime()])
      await turn()
      let deleted = 0
      for (const { id } of rows) deleted += await execute("DELETE FROM session WHERE id = $1", [String(id)])
      return deleted
    },
  }),

  "insertUser has no transaction": ({ query, execute }) => ({
    async insertUser({ id = "", attributes: { username } }, key) {
      if (key && (await keyRow(query, key))) return { taken: "key" }
      await insertUserRow(execute, id, username)
      await turn()
      const sql = "INSERT INTO user_key (id, user_id, hashed_password) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING"
      const inserted = !key || (await execute(sql, [keyId(key), id, key.passwordHash])) > 0
      return inserted ? { user: { id, username } } : { taken: "key" }
    },
  }),
  "insertUser relies on a look, not on the key being unique": ({ query, execute }) => ({
    async insertUser({ id = "", attributes: { username } }, key) {
      if (key && (await keyRow(query, key))) return { taken: "key" }
      await turn()
      await insertUserRow(execute, id, username)
      const sql = `INSERT INTO user_key (id, user_id, hashed_password) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id`
      if (key) await execute(sql, [keyId(key), id, key.passwordHash])
      return { user: { id, username } }
    },
  }),
  "replaceKeyPassword reads, then writes": ({ query, execute }) => ({
    async replaceKeyPassword(key, from, to) {
      const row = await keyRow(query, key)
      if (!row || row.hashed_password !== from) return false
      await turn()
      await execute("UPDATE user_key SET hashed_password = $1 WHERE id = $2", [to, keyId(key)])
      await execute("DELETE FROM session WHERE user_id = $1", [String(row.user_id)])
      return true
    },
  }),
  "deleteUser deletes what it has seen, and nothing cascades": ({ execute }) => ({
    async deleteUser(id) {
      for (const sql of [
        "DELETE FROM session WHERE user_id = $1",
        "DELETE FROM user_key WHERE user_id = $1",
        `DELETE FROM "user" WHERE id = $1`,
      ]) {
        await execute(sql, [id])
        await turn()
      }
    },
  }),
  "insertSession looks for the user, then inserts": ({ query, execute }) => ({
    async insertSession({ id, userId, createdAt, expiresAt }) {
      const users = await query(`SELECT id FROM "user" WHERE id = $1`, [userId])
      if (users.length === 0) throw new AuthError("user_missing", "The user does not exist.")
      await turn()
      const values: SqlValue[] = [id, userId, createdAt.getTime(), expiresAt.getTime()]
      await execute("INSERT INTO session (id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)", values)
    },
  }),
} satisfies Record<string, RaceBug>

async function sessionRow(query: SqlExecutor["query"], id: string): Promise<Row | null> {
  return (await query("SELECT * FROM session WHERE id = $1", [id]))[0] ?? null
}

async function keyRow(
  query: SqlExecutor["query"],
  key: Omit<KeyRecord, "userId" | "passwordHash">,
): Promise<Row | null> {
  return (await query("SELECT * FROM user_key WHERE id = $1", [keyId(key)]))[0] ?? null
}

function keyId({ providerId, providerUserId }: Omit<KeyRecord, "userId" | "passwordHash">): string {
  return `${providerId}:${providerUserId}`
}

async function insertUserRow(execute: SqlExecutor["execute"], id: SqlValue, username: string): Promise<void> {
  await execute(`INSERT INTO "user" (id, username) VALUES ($1, $2)`, [id, username])
}

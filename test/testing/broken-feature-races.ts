import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises"
import type { Row, SqlExecutor, SqlValue } from "../../adapters/sql/executor.ts"
import type { AuditRecord } from "../../src/audit/audit-port.ts"
import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { TokenRecord } from "../../src/tokens/token-port.ts"
import type { RaceBug } from "./broken-races.ts"

/** What these bugs store in addition to the usual tables. */
export const featureRaceBugTables = ["CREATE TABLE token_list (user_id TEXT NOT NULL, id TEXT NOT NULL)"]

/** Bugs of the methods of tokens, throttles and events that must be one atomic step. */
export const featureRaceBugs = {
  "takeToken reads, then deletes": {
    loses: "50 callers take one token: exactly one gets it",
    methods: (executor) => ({
      async takeToken(id) {
        const row = await tokenRow(executor, id)
        await turn()
        await deleteToken(executor, id)
        return row && tokenOf(row)
      },
    }),
  },
  "tryToken reads, then writes": {
    loses: "30 callers try one token: as many get it as the limit says",
    methods: (executor) => ({
      async tryToken(id, limit) {
        const row = await tokenRow(executor, id)
        if (!row || Number(row.attempts) >= limit) return null
        await turn()
        await executor.execute("UPDATE auth_token SET attempts = attempts + 1 WHERE id = ?", [id])
        return { ...tokenOf(row), attempts: Number(row.attempts) + 1 }
      },
    }),
  },
  "tryToken counts in one step, and reads the number in another": {
    loses: "30 callers try one token: as many get it as the limit says",
    methods: (executor) => ({
      async tryToken(id, limit) {
        const sql = "UPDATE auth_token SET attempts = attempts + 1 WHERE id = ? AND attempts < ?"
        if ((await executor.execute(sql, [id, limit])) === 0) return null
        await turn()
        const row = await tokenRow(executor, id)
        return row && tokenOf(row)
      },
    }),
  },
  "tryToken is an upsert": {
    loses: "a token is taken while it is tried: it does not come back",
    methods: (executor) => ({
      async tryToken(id, limit) {
        const row = await tokenRow(executor, id)
        if (!row || Number(row.attempts) >= limit) return null
        const tried = { ...tokenOf(row), attempts: Number(row.attempts) + 1 }
        await turn()
        await insertToken(executor, tried, "UPDATE SET attempts = excluded.attempts")
        return tried
      },
    }),
  },
  "insertTokens looks for the ids, and nothing else keeps them unique": {
    loses: "20 callers store a token under one id: exactly one does",
    methods: (executor) => ({
      async insertTokens(tokens) {
        for (const { id } of tokens) if (await tokenRow(executor, id)) return false
        await turn()
        for (const token of tokens) await insertToken(executor, token, "UPDATE SET data = excluded.data")
        return true
      },
    }),
  },
  "deleteTokens marks what it has read by upserts, then deletes what is marked": {
    loses: "deleteTokens() while tokens are taken: each is taken once at most, and none is left",
    methods: (executor) => ({
      async deleteTokens(userId) {
        const rows = await executor.query("SELECT * FROM auth_token WHERE user_id = ?", [userId])
        await sleep(3)
        for (const row of rows)
          await insertToken(executor, { ...tokenOf(row), expiresAt: new Date(0) }, "UPDATE SET expires_at = 0")
        await sleep(3)
        await executor.execute("DELETE FROM auth_token WHERE user_id = ? AND expires_at = 0", [userId])
      },
    }),
  },
  "deleteTokens deletes what is listed, then the list": {
    loses: "deleteTokens() while tokens are stored: a new one is dead, or is counted",
    methods: (executor) => ({
      async insertTokens(tokens) {
        for (const token of tokens) {
          await insertToken(executor, token)
          await executor.execute("INSERT INTO token_list (user_id, id) VALUES (?, ?)", [token.userId, token.id])
        }
        return true
      },
      async countTokens(userId) {
        const listed = "SELECT id FROM token_list WHERE user_id = ?"
        return (await executor.query(`SELECT id FROM auth_token WHERE id IN (${listed})`, [userId])).length
      },
      async deleteTokens(userId) {
        const rows = await executor.query("SELECT id FROM token_list WHERE user_id = ?", [userId])
        for (const { id } of rows) await deleteToken(executor, String(id))
        await turn()
        await executor.execute("DELETE FROM token_list WHERE user_id = ?", [userId])
      },
    }),
  },
  "insertTokens deletes all but the new ones and those that it has read": {
    loses: "10 tokens replace older ones at once: what is left is counted, and replaced the next time",
    methods: (executor) => ({
      async insertTokens(tokens, replacing) {
        const kept = replacing ? await idsOf(executor, replacing.userId, replacing.keep - tokens.length) : []
        for (const token of tokens) await insertToken(executor, token)
        await turn()
        if (replacing) await deleteOthers(executor, replacing.userId, [...kept, ...tokens.map(({ id }) => id)])
        return true
      },
    }),
  },
  "insertTokens looks for the user, and nothing else refers to one": {
    loses: "a user is deleted while tokens are stored: none is left",
    methods: (executor) => ({
      async insertTokens(tokens) {
        for (const { userId } of tokens) await requireUser(executor, userId)
        await turn()
        for (const token of tokens) await insertToken(executor, token)
        return true
      },
    }),
  },
  "insertTokens looks for the user, and look-ups pass over tokens without one": {
    loses: "a user is deleted while tokens are stored: none is left",
    methods: (executor) => ({
      async insertTokens(tokens) {
        for (const { userId } of tokens) await requireUser(executor, userId)
        await turn()
        for (const token of tokens) await insertToken(executor, token)
        return true
      },
      async findToken(id) {
        const [row] = await executor.query(`SELECT * FROM auth_token WHERE id = ? AND ${hasUser}`, [id])
        return row ? tokenOf(row) : null
      },
      async countTokens(userId) {
        const rows = await executor.query(`SELECT id FROM auth_token WHERE user_id = ? AND ${hasUser}`, [userId])
        return rows.length
      },
    }),
  },

  "takeAttempt reads, then writes": {
    loses: "200 callers take attempts of one budget: as many are let through as it has",
    methods: (executor) => ({
      async takeAttempt(id, now, cost, span) {
        const from = Math.min(Math.max((await untilOf(executor, id)) ?? now, now), now + span)
        if (from + cost > now + span) return { taken: false, until: from }
        await turn()
        await putAttempt(executor, id, from + cost)
        return { taken: true, until: from + cost }
      },
    }),
  },
  "takeAttempt deletes a row of a wrong clock, then inserts one that is cut": {
    loses: "80 callers find a budget of a wrong clock: it is cut, and then as many are let through",
    methods: (executor) => ({
      async takeAttempt(id, now, cost, span) {
        const until = (await untilOf(executor, id)) ?? 0
        if (until <= now + span + Math.min(span, 300_000)) return takeAtOnce(executor, id, now, cost, span)
        await executor.execute("DELETE FROM auth_attempt WHERE id = ?", [id])
        await turn()
        await putAttempt(executor, id, now + span)
        return { taken: false, until: now + span }
      },
    }),
  },

  "insertEvents stores one after another, and takes them back at one that is there": {
    loses: "6 callers store one batch of events: each event is stored once",
    methods: (executor) => ({
      async insertEvents(events) {
        const stored: string[] = []
        for (const event of events) {
          if ((await insertEvent(executor, event)) === 0) {
            await sleep(3)
            return deleteEvents(executor, stored)
          }
          stored.push(event.id)
          await turn()
        }
      },
    }),
  },
} satisfies Record<string, RaceBug>

const hasUser = `user_id IN (SELECT id FROM "user")`

async function requireUser({ query }: SqlExecutor, userId: UserId | null): Promise<void> {
  const users = await query(`SELECT id FROM "user" WHERE id = ?`, [userId])
  if (users.length === 0) throw new AuthError("user_missing", "The user does not exist.")
}

async function tokenRow({ query }: SqlExecutor, id: string): Promise<Row | null> {
  return (await query("SELECT * FROM auth_token WHERE id = ?", [id]))[0] ?? null
}

function tokenOf(row: Row): TokenRecord {
  const [id, purpose, userId, data] = [row.id, row.purpose, row.user_id, row.data].map(String)
  if (id === undefined || purpose === undefined || userId === undefined || data === undefined) throw new Error("no row")
  return { id, purpose, userId, data, expiresAt: new Date(Number(row.expires_at)), attempts: Number(row.attempts) }
}

async function insertToken({ execute }: SqlExecutor, token: TokenRecord, ifTaken = "NOTHING"): Promise<number> {
  const { id, purpose, userId, expiresAt, attempts, data } = token
  const columns = "id, purpose, user_id, expires_at, attempts, data"
  const sql = `INSERT INTO auth_token (${columns}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO ${ifTaken}`
  return execute(sql, [id, purpose, userId, expiresAt?.getTime() ?? null, attempts, data])
}

async function deleteToken({ execute }: SqlExecutor, id: string): Promise<number> {
  return execute("DELETE FROM auth_token WHERE id = ?", [id])
}

/** The ids of a user's newest tokens. */
async function idsOf({ query }: SqlExecutor, userId: UserId, limit: number): Promise<string[]> {
  const sql = `SELECT id FROM auth_token WHERE user_id = ? ORDER BY expires_at DESC LIMIT ${limit}`
  return (await query(sql, [userId])).map(({ id }) => String(id))
}

async function deleteOthers({ execute }: SqlExecutor, userId: UserId, kept: SqlValue[]): Promise<void> {
  const list = kept.map(() => "?").join(", ")
  await execute(`DELETE FROM auth_token WHERE user_id = ? AND id NOT IN (${list})`, [userId, ...kept])
}

async function untilOf({ query }: SqlExecutor, id: string): Promise<number | null> {
  const [row] = await query("SELECT until FROM auth_attempt WHERE id = ?", [id])
  return row ? Number(row.until) : null
}

async function putAttempt({ execute }: SqlExecutor, id: string, until: number): Promise<void> {
  const sql = "INSERT INTO auth_attempt (id, until) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET until = excluded.until"
  await execute(sql, [id, until])
}

/** Takes an attempt correctly, except for the cut. */
async function takeAtOnce({ query }: SqlExecutor, id: string, now: number, cost: number, span: number) {
  const from = "CASE WHEN auth_attempt.until < ? THEN ? ELSE auth_attempt.until END"
  const update = `UPDATE SET until = ${from} + ? WHERE ${from} <= ? RETURNING until`
  const sql = `INSERT INTO auth_attempt (id, until) VALUES (?, ?) ON CONFLICT (id) DO ${update}`
  const [row] = await query(sql, [id, now + cost, now, now, cost, now, now, now + span - cost])
  return row ? { taken: true, until: Number(row.until) } : { taken: false, until: now + span }
}

async function insertEvent({ execute }: SqlExecutor, event: AuditRecord): Promise<number> {
  const { id, at, type, userId, sessionId, detail } = event
  const columns = "id, at, type, user_id, session_id, detail"
  const sql = `INSERT INTO auth_event (${columns}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
  return execute(sql, [id, at.getTime(), type, userId, sessionId, detail])
}

async function deleteEvents({ execute }: SqlExecutor, ids: string[]): Promise<void> {
  for (const id of ids) await execute("DELETE FROM auth_event WHERE id = ?", [id])
}

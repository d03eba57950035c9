import { hash, randomBytes } from "node:crypto"

/** What the hand-written implementation asks of a SQLite driver; better-sqlite3 and node:sqlite both have it. */
export interface SqliteDriver {
  exec(sql: string): unknown
  prepare(sql: string): {
    get(...values: (string | number)[]): unknown
    run(...values: (string | number)[]): unknown
  }
}

interface Row {
  user_id: string
  created_at: number
  expires_at: number
  username: string
}

const idleTimeout = 30 * 86_400_000
const absoluteTimeout = 90 * 86_400_000
const alphabet = "abcdefghijklmnopqrstuvwxyz234567"

/**
 * The least that is correct: one shape check, one hash, one prepared join, the same timeouts, a conditional renewal. It
 * knows one table and one driver, has no options, no events and no adapters.
 */
export function createLimit(db: SqliteDriver) {
  // The plus hides the value from better-sqlite3's planner, which would plan the join anew for every token.
  const find = db.prepare(
    'SELECT s.user_id, s.created_at, s.expires_at, u.username FROM "session" s JOIN "user" u ON u.id = s.user_id WHERE s.id = +?',
  )
  const extend = db.prepare('UPDATE "session" SET expires_at = ? WHERE id = ? AND expires_at <= ?')
  const end = db.prepare('DELETE FROM "session" WHERE id = ?')
  const endAll = db.prepare('DELETE FROM "session" WHERE user_id = ?')
  const insert = db.prepare('INSERT INTO "session" (id, user_id, created_at, expires_at) VALUES (?, ?, ?, ?)')

  return {
    async validateSession(token: unknown) {
      if (typeof token !== "string" || !/^[a-z2-7]{32}$/.test(token)) return null
      const id = hash("sha256", token, "hex")
      // The statement names these columns.
      const row = find.get(id) as Row | undefined
      if (!row) return null
      const now = Date.now()
      const end = row.created_at + absoluteTimeout
      if (now >= row.expires_at || now >= end) return null
      let { expires_at: expiresAt } = row
      if (expiresAt <= now + idleTimeout / 2 && expiresAt < end) {
        expiresAt = Math.min(now + idleTimeout, end)
        extend.run(expiresAt, id, now + idleTimeout / 2)
      }
      const { user_id: userId, username } = row
      return {
        session: { id, userId, createdAt: new Date(row.created_at), expiresAt: new Date(expiresAt) },
        user: { id: userId, username },
      }
    },

    async createSession(userId: string) {
      const token = base32(randomBytes(20))
      const id = hash("sha256", token, "hex")
      const now = Date.now()
      insert.run(id, userId, now, now + idleTimeout)
      const cookie = `__Host-session=${token}; Max-Age=${absoluteTimeout / 1000}; Path=/; HttpOnly; Secure; SameSite=Lax`
      return { cookie, session: { id, userId, createdAt: new Date(now), expiresAt: new Date(now + idleTimeout) } }
    },

    async invalidateSession(id: string) {
      return Number((end.run(id) as { changes: number | bigint }).changes) > 0
    },

    async invalidateUserSessions(userId: string) {
      endAll.run(userId)
    },
  }
}

/** RFC 4648 in lower case, for whole groups of five bits only. */
function base32(bytes: Uint8Array): string {
  let text = ""
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(value >> (bits - 5)) & 31]
  }
  return text
}

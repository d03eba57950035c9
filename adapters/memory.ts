import { AuthError } from "../src/core/errors.ts"
import type { AuditAdapter } from "../src/audit/audit-port.ts"
import type {
  KeyName,
  KeyRecord,
  NewUserOf,
  OwnedKeyName,
  SessionAdapter,
  SessionRecord,
  UserAdapter,
  UserId,
} from "../src/core/ports.ts"
import type { PasskeyAdapter, PasskeyRecord } from "../src/passkeys/passkey-port.ts"
import type { ThrottleAdapter } from "../src/throttle/throttle-port.ts"
import type { TokenAdapter } from "../src/tokens/token-port.ts"
import type { TotpAdapter } from "../src/totp/totp-port.ts"
import { memoryAttempts } from "./memory/attempts.ts"
import { memoryEvents } from "./memory/events.ts"
import { memoryPasskeys } from "./memory/passkeys.ts"
import { memoryTokens } from "./memory/tokens.ts"
import { memoryTotp } from "./memory/totp.ts"

/** The type that `memoryAdapter` returns: every port. */
export type MemoryAdapter<UserRow, SessionRow, NewUser> = SessionAdapter<UserRow, SessionRow> &
  UserAdapter<UserRow, NewUser> &
  TokenAdapter &
  ThrottleAdapter &
  TotpAdapter &
  Required<PasskeyAdapter> &
  AuditAdapter

/**
 * Stores sessions, users, keys, tokens, rate-limit budgets, authenticator apps, passkeys and events in this process.
 * Use it for tests and demos, or read it as the shortest correct adapter. All data is lost when the process ends. Each
 * call creates a new empty store. Only the user's `id` is unique; a user inserted without one gets a random UUID.
 */
export function memoryAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object = object,
  Defaulted extends keyof UserRow = never,
>(): MemoryAdapter<UserRow, SessionRow, NewUserOf<UserRow, Defaulted>> {
  const sessions = new Map<string, SessionRecord<SessionRow>>()
  const users = new Map<UserId, UserRow>()
  const keys = new Map<string, KeyRecord>()
  const tokens = memoryTokens(requireUser)
  const totp = memoryTotp(requireUser)
  const passkeys = new Map<string, PasskeyRecord>()
  const passkeyPort = memoryPasskeys(passkeys, requireUser)

  function putSession(session: SessionRecord<SessionRow>): void {
    if (sessions.has(session.id)) throw new AuthError("store_failed", "The session id is taken: make a new one.")
    requireUser(session.userId)
    sessions.set(session.id, structuredClone(session))
  }

  function requireUser(id: UserId): void {
    if (!users.has(id)) throw new AuthError("user_missing", "The user does not exist: insert the user first.")
  }

  function sessionsOf(userId: UserId): SessionRecord<SessionRow>[] {
    return [...sessions.values()].filter((session) => session.userId === userId)
  }

  function keysOf(userId: UserId): KeyRecord[] {
    return [...keys.values()].filter((key) => key.userId === userId)
  }

  function passkeysOf(userId: UserId): PasskeyRecord[] {
    return [...passkeys.values()].filter((passkey) => passkey.userId === userId)
  }

  function ownKey(name: OwnedKeyName): KeyRecord | undefined {
    const key = keys.get(keyId(name))
    return key?.userId === name.userId ? key : undefined
  }

  function mergeUser(id: UserId, attributes: object): boolean {
    const user = users.get(id)
    if (user) users.set(id, { ...user, ...given(attributes), id: user.id })
    return user !== undefined
  }

  function dropSessions(userId: UserId, exceptId?: string): void {
    for (const { id } of sessionsOf(userId)) if (id !== exceptId) sessions.delete(id)
  }

  // No method awaits anything before its last step, so each is atomic. Rows are copied when stored and when returned.
  return {
    async insertSession(session) {
      putSession(session)
    },
    async findSession(id) {
      const session = sessions.get(id)
      return session ? structuredClone({ session, user: users.get(session.userId) ?? null }) : null
    },
    async listSessions(userId) {
      const newestFirst = sessionsOf(userId).sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
      return structuredClone(newestFirst)
    },
    async extendSession(id, expiresAt, ifBefore) {
      const session = sessions.get(id)
      if (!session || !(session.expiresAt <= ifBefore)) return false
      session.expiresAt = structuredClone(expiresAt)
      return true
    },
    async updateSession(id, attributes, { ifNull } = {}) {
      const session = sessions.get(id)
      if (!session || (ifNull !== undefined && !isUnset(session.attributes, ifNull))) return false
      session.attributes = { ...session.attributes, ...given(attributes) }
      return true
    },
    async replaceSession(oldId, session) {
      if (!sessions.has(oldId)) return false
      putSession(session)
      return sessions.delete(oldId)
    },
    async deleteSession(id, userId) {
      if (userId !== undefined && sessions.get(id)?.userId !== userId) return false
      return sessions.delete(id)
    },
    async deleteUserSessions(userId, exceptId) {
      dropSessions(userId, exceptId)
    },
    async deleteExpiredSessions(before, limit) {
      const expired = [...sessions.values()].filter(({ expiresAt }) => expiresAt <= before).slice(0, limit)
      for (const { id } of expired) sessions.delete(id)
      return expired.length
    },

    async insertUser({ id = crypto.randomUUID(), attributes }, key) {
      if (key && keys.has(keyId(key))) return { taken: "key" }
      if (users.has(id)) return { taken: "id" }
      // Only the caller's types ensure that the attributes are all columns except the id.
      const user = { ...structuredClone(attributes), id } as object as UserRow
      users.set(id, user)
      if (key) keys.set(keyId(key), { ...key, userId: id })
      return { user: structuredClone(user) }
    },
    async findUser(id) {
      return structuredClone(users.get(id) ?? null)
    },
    async updateUser(id, attributes) {
      return mergeUser(id, attributes) ? "updated" : "missing"
    },
    async deleteUser(id) {
      dropSessions(id)
      for (const key of keysOf(id)) keys.delete(keyId(key))
      users.delete(id)
      await Promise.all([tokens.deleteTokens(id, { except: [] }), totp.deleteTotp(id), passkeyPort.deletePasskeys(id)])
    },
    async insertKey(key, attributes = {}) {
      if (keys.has(keyId(key))) return "key_taken"
      requireUser(key.userId)
      keys.set(keyId(key), { ...key })
      mergeUser(key.userId, attributes)
      return "inserted"
    },
    async findKey(providerId, providerUserId) {
      return structuredClone(keys.get(keyId({ providerId, providerUserId })) ?? null)
    },
    async listKeys(userId) {
      return structuredClone(keysOf(userId))
    },
    async replaceKeyPassword(id, from, to, endSessions) {
      const key = keys.get(keyId(id))
      if (!key || key.passwordHash !== from) return false
      key.passwordHash = to
      if (endSessions) dropSessions(key.userId, endSessions.exceptId)
      return true
    },
    async replaceUserPasswords(userId, providerIds, hash, exceptId) {
      const own = keysOf(userId).filter(({ providerId }) => providerIds.includes(providerId))
      if (own.length === 0) return false
      for (const key of own) key.passwordHash = hash
      dropSessions(userId, exceptId)
      return true
    },
    async renameKey(name, to, attributes = {}) {
      const key = ownKey(name)
      if (!key) return "missing"
      const renamed = { ...key, providerUserId: to }
      if (to !== key.providerUserId && keys.has(keyId(renamed))) return "key_taken"
      keys.delete(keyId(key))
      keys.set(keyId(renamed), renamed)
      mergeUser(key.userId, attributes)
      return "renamed"
    },
    async deleteKey(name, { evenLast = false } = {}) {
      const key = ownKey(name)
      if (!key) return "missing"
      if (!evenLast && keysOf(key.userId).length + passkeysOf(key.userId).length === 1) return "last_key"
      keys.delete(keyId(key))
      return "deleted"
    },

    ...tokens,
    ...memoryAttempts(),
    ...totp,
    ...passkeyPort,
    ...memoryEvents(),
  }
}

function isUnset(attributes: object, name: string): boolean {
  const value = new Map<string, unknown>(Object.entries(attributes)).get(name)
  return value === null || value === undefined
}

/** Copies attributes, without those that are `undefined`. */
function given(attributes: object): object {
  return structuredClone(Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)))
}

// A provider id contains no ":", so the first one ends it.
function keyId({ providerId, providerUserId }: KeyName): string {
  return `${providerId}:${providerUserId}`
}

import { setImmediate } from "node:timers/promises"
import type { Adapter, InitializeAdapter, KeySchema, SessionSchema, UserSchema } from "../../../src/lucia-v2.ts"

/** The rows of an adapter of Lucia v2 over maps, at which a test may look, and change them. */
export interface Rows {
  users: Map<string, UserSchema>
  keys: Map<string, KeySchema>
  sessions: Map<string, SessionSchema>
}

/** An adapter of Lucia v2 over maps. */
export interface MemoryLuciaAdapter extends Rows {
  adapter: InitializeAdapter<Adapter>
}

/** How the store behaves. */
export interface MemoryOptions {
  /** Whether sessions and keys without a user are rejected. Default: `true`. */
  hasForeignKeys?: boolean
}

/**
 * Makes one. Reads and writes take one turn of the event loop and deletions three, so that races always end alike.
 * `updateSession` reads a row and puts it back, as the adapter for Redis did.
 */
export function memoryLuciaAdapter({ hasForeignKeys = true }: MemoryOptions = {}): MemoryLuciaAdapter {
  const rows: Rows = { users: new Map(), keys: new Map(), sessions: new Map() }
  const { users, keys, sessions } = rows
  const adapter: InitializeAdapter<Adapter> = (LuciaError) => {
    function requireUser(userId: string): void {
      if (hasForeignKeys && !users.has(userId)) throw new LuciaError("AUTH_INVALID_USER_ID")
    }

    return {
      getUser: (userId) => read(users, userId),
      async setUser(user, key) {
        await turns(1)
        if (key && keys.has(key.id)) throw new LuciaError("AUTH_DUPLICATE_KEY_ID")
        if (users.has(user.id)) throw new Error("UNIQUE constraint failed: user.id")
        users.set(user.id, structuredClone(user))
        if (key) keys.set(key.id, structuredClone(key))
      },
      updateUser: (userId, partial) => merge(users, userId, partial),
      deleteUser: (userId) => remove(users, [userId]),
      getKey: (keyId) => read(keys, keyId),
      getKeysByUserId: (userId) => listOf(keys, userId),
      async setKey(key) {
        await turns(1)
        requireUser(key.user_id)
        if (keys.has(key.id)) throw new LuciaError("AUTH_DUPLICATE_KEY_ID")
        keys.set(key.id, structuredClone(key))
      },
      updateKey: (keyId, partial) => merge(keys, keyId, partial),
      deleteKey: (keyId) => remove(keys, [keyId]),
      deleteKeysByUserId: (userId) => removeAll(keys, userId),
      getSession: (sessionId) => read(sessions, sessionId),
      getSessionsByUserId: (userId) => listOf(sessions, userId),
      async setSession(session) {
        await turns(1)
        requireUser(session.user_id)
        if (sessions.has(session.id)) throw new Error("UNIQUE constraint failed: session.id")
        sessions.set(session.id, structuredClone(session))
      },
      updateSession: (sessionId, partial) => merge(sessions, sessionId, partial),
      deleteSession: (sessionId) => remove(sessions, [sessionId]),
      deleteSessionsByUserId: (userId) => removeAll(sessions, userId),
    }
  }
  return { ...rows, adapter }
}

async function read<Row>(rows: Map<string, Row>, id: string): Promise<Row | null> {
  await turns(1)
  return structuredClone(rows.get(id) ?? null)
}

async function listOf<Row extends { user_id: string }>(rows: Map<string, Row>, userId: string): Promise<Row[]> {
  await turns(1)
  return structuredClone([...rows.values()].filter((row) => row.user_id === userId))
}

async function merge<Row>(rows: Map<string, Row>, id: string, partial: Partial<Row>): Promise<void> {
  const row = rows.get(id)
  await turns(1)
  if (row) rows.set(id, { ...row, ...structuredClone(partial) })
}

async function removeAll<Row extends { id: string; user_id: string }>(
  rows: Map<string, Row>,
  userId: string,
): Promise<void> {
  const own = [...rows.values()].filter((row) => row.user_id === userId)
  await remove(
    rows,
    own.map(({ id }) => id),
  )
}

async function remove<Row>(rows: Map<string, Row>, ids: string[]): Promise<void> {
  await turns(3)
  for (const id of ids) rows.delete(id)
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

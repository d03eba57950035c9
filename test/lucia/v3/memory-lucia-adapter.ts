import { setImmediate } from "node:timers/promises"
import type { Adapter, DatabaseSession, DatabaseUser } from "../../../src/lucia/v3/lucia-adapter.ts"

/** An adapter of Lucia v3 over maps, whose rows a test may look at and change. */
export interface MemoryLuciaAdapter extends Adapter {
  users: Map<string, DatabaseUser>
  sessions: Map<string, DatabaseSession>
}

/** Makes one. Reads and writes take one turn of the event loop, deletions three, so that races always end alike. */
export function memoryLuciaAdapter(): MemoryLuciaAdapter {
  const users: MemoryLuciaAdapter["users"] = new Map()
  const sessions: MemoryLuciaAdapter["sessions"] = new Map()
  const own = (userId: unknown) => [...sessions.values()].filter((session) => session.userId === userId)
  return {
    users,
    sessions,
    async getSessionAndUser(id) {
      await turns(1)
      const session = sessions.get(id) ?? null
      return structuredClone([session, users.get(String(session?.userId)) ?? null])
    },
    async getUserSessions(userId) {
      await turns(1)
      return structuredClone(own(userId))
    },
    async setSession(session) {
      await turns(1)
      if (sessions.has(session.id)) throw new Error("UNIQUE constraint failed")
      if (!users.has(String(session.userId))) throw new Error("FOREIGN KEY constraint failed")
      sessions.set(session.id, structuredClone(session))
    },
    async updateSessionExpiration(id, expiresAt) {
      await turns(1)
      const session = sessions.get(id)
      if (session) session.expiresAt = structuredClone(expiresAt)
    },
    async deleteSession(id) {
      await turns(3)
      sessions.delete(id)
    },
    async deleteUserSessions(userId) {
      const seen = own(userId)
      await turns(3)
      for (const { id } of seen) sessions.delete(id)
    },
    async deleteExpiredSessions() {
      for (const { id, expiresAt } of sessions.values()) if (expiresAt.getTime() <= Date.now()) sessions.delete(id)
    },
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

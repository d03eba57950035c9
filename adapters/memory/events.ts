import type { AuditAdapter, AuditPlace, AuditRecord } from "../../src/audit/audit-port.ts"

/** Stores events in this process. */
export function memoryEvents(): AuditAdapter {
  const events = new Map<string, AuditRecord>()
  return {
    async insertEvents(added) {
      for (const event of added) if (!events.has(event.id)) events.set(event.id, structuredClone(event))
    },
    async listEvents(userId, before, limit) {
      const own = [...events.values()].filter((event) => event.userId !== null && event.userId === userId)
      const after = own.filter((event) => !before || newestFirst(event, before) > 0)
      return structuredClone(after.sort(newestFirst).slice(0, limit))
    },
    async deleteEvents(before, limit) {
      const old = [...events.values()].filter(({ at }) => at <= before).slice(0, limit)
      for (const { id } of old) events.delete(id)
      return old.length
    },
  }
}

function newestFirst(a: AuditPlace, b: AuditPlace): number {
  return b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : -1)
}

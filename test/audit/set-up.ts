import { createAudit } from "../../src/audit.ts"
import type { AuditAdapter, AuditOptions, AuditRecord } from "../../src/audit.ts"
import type { AuthEvent, AuthEventType } from "../../src/index.ts"
import { createEmitter } from "../../src/core/events.ts"
import type { AuthEventDetails } from "../../src/core/events.ts"
import { manualClock } from "../../src/testing.ts"
import { memoryAdapter } from "../../adapters/memory.ts"

/** A store that records what it is sent, and fails or waits when told to. */
export interface TestStore extends AuditAdapter {
  batches: AuditRecord[][]
  /** How many insertions were asked for. */
  calls: number
  /** Makes each insertion throw, or wait, until it is set to something else. */
  state: "up" | "down" | "stuck"
  /** Lets those go on that wait. */
  release(): void
}

/** Makes a store over an adapter. */
export function testStore(adapter: AuditAdapter = memoryAdapter<{ id: string }>()): TestStore {
  let waiting: (() => void)[] = []
  const store: TestStore = {
    ...adapter,
    batches: [],
    calls: 0,
    state: "up",
    release() {
      store.state = "up"
      for (const go of waiting) go()
      waiting = []
    },
    async insertEvents(events) {
      store.calls++
      if (store.state === "stuck") await new Promise<void>((resolve) => waiting.push(resolve))
      if (store.state === "down") throw new Error("connection refused")
      store.batches.push(events)
      await adapter.insertEvents(events)
    },
  }
  return store
}

/** Makes an audit log over a store, and what emits events to it. */
export function setUp(options: Partial<AuditOptions> = {}, store = testStore()) {
  const now = manualClock()
  const audit = createAudit({ adapter: store, now, ...options })
  const emit = (type: AuthEventType, details?: AuthEventDetails, request?: unknown) =>
    createEmitter((event: AuthEvent) => audit.onEvent(event), now, request)(type, details)
  const stored = () => store.batches.flat()
  return { audit, store, now, emit, stored }
}

/** Lets promises settle, but no timer fire. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 50; n++) await Promise.resolve()
}

import { guardPort } from "../core/errors.ts"
import type { AuthEvent, AuthEventType } from "../core/events.ts"
import { checkOption, checkOptions } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { deleteInBatches } from "../platform/batches.ts"
import { randomText } from "../platform/crypto.ts"
import type { AuditAdapter, AuditPlace, AuditRecord } from "./audit-port.ts"

/** What an event contains besides its type, time, user and session. */
export type AuditDetail = Record<string, string | number>

/** A recorded event. */
export interface AuditEvent extends Omit<AuditRecord, "detail"> {
  detail: AuditDetail
}

/** The options of {@link createAudit}. */
export interface AuditOptions {
  adapter: AuditAdapter
  /**
   * Adds details to a stored event, such as the address and browser of its `request`. `null` adds nothing. Never return
   * a secret. Text is cut to 500 characters. If it throws, the event is stored without the details.
   */
  describe?: ((event: AuthEvent) => AuditDetail | null) | undefined
  /**
   * Keeps a serverless function alive until the work is done, as `after` of Next.js and `waitUntil` do. With it, each
   * event is written at once. Without it, events are written in batches, by a timer that does not keep the process
   * alive.
   */
  defer?: ((work: Promise<unknown>) => unknown) | undefined
  /**
   * The types of events that are not stored. By default, these are events that are frequent, or that anyone can cause
   * without an account: `session_extended`, `session_extension_failed`, `session_rejected`, `cookie_conflict`,
   * `cross_origin`, `device_skipped`.
   */
  skip?: readonly AuthEventType[] | undefined
  /**
   * Receives errors of the store and of `describe`. Events that the store did not take stay in the queue and are sent
   * again.
   */
  onError?: ((error: unknown) => void) | undefined
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: (() => number) | undefined
}

/** Records events. Its methods can be destructured. */
export interface Audit {
  /** Records an event. Pass it as `onEvent` to every module. It waits for nothing and never throws. */
  onEvent(event: AuthEvent): void
  /**
   * Lists a user's events, newest first, at most `limit` (1 to 1000). For the next page, pass the last event as
   * `before`. Throws `store_failed`.
   */
  listEvents(query: { userId: UserId; before?: AuditPlace | null | undefined; limit: number }): Promise<AuditEvent[]>
  /** Deletes all users' events up to and including a time. Resolves to how many. Throws `store_failed`. */
  deleteEvents(before: Date): Promise<number>
  /**
   * Writes all queued events, for example before the process ends. Throws `store_failed` if the store does not take
   * them, and keeps them in the queue.
   */
  flush(): Promise<void>
}

const port = ["insertEvents", "listEvents", "deleteEvents"] as const
const skipped: readonly AuthEventType[] = [
  "session_extended",
  "session_extension_failed",
  "session_rejected",
  "cookie_conflict",
  "cross_origin",
  "device_skipped",
]
// Events that anyone can cause, as often as they like.
const byAnyone = /(refused|rejected|unreadable)$|^(throttled|token_created|cookie_conflict|cross_origin)$/
const maxEvents = 1000
const maxBatch = 100
const maxText = 500
// In milliseconds: the time until a batch is written, and until a failed one is sent again.
const delay = 250
const pause = 10_000

/**
 * Records the events of all modules in a table. Pass its `onEvent` to each module.
 *
 * Events wait for the store in a queue of at most 1,000. When it is full, the oldest event that anyone can cause, such
 * as a wrong password, is dropped first. If there is none, the oldest event is dropped. An `events_dropped` event
 * records how many.
 *
 * Throws `invalid_option` if an option is unknown, and `missing_port` if the adapter lacks a method.
 *
 * @example
 * const audit = createAudit({ adapter })
 * const auth = createAuth({ adapter, onEvent: audit.onEvent })
 * const recent = await audit.listEvents({ userId: user.id, limit: 20 })
 */
export function createAudit(options: AuditOptions): Audit {
  checkOptions("createAudit()", options, "adapter", "describe", "defer", "skip", "onError", "now")
  const { describe, defer, skip = skipped, onError, now = Date.now } = options
  const store = guardPort(options.adapter, port)
  const waiting: AuditRecord[] = []
  const underWay = new Set<Promise<Error | null>>()
  let sending = 0
  let batchSize = maxBatch
  let dropped = 0
  let timer: unknown = null

  function onEvent(event: AuthEvent): void {
    if (skip.includes(event.type)) return
    add(recordOf(event))
    if (defer) defer(write())
    else writeIn(delay)
  }

  function recordOf(event: AuthEvent): AuditRecord {
    // The rest contains only enumerable properties, so not the request with its cookie.
    const { type, at, userId = null, sessionId = null, ...rest } = event
    return { id: randomText(20), at, type, userId, sessionId, detail: detailOf(event, rest) }
  }

  function detailOf(event: AuthEvent, rest: object): string {
    try {
      return toJson({ ...describe?.(event), ...rest })
    } catch (error) {
      report(error)
      return toJson(rest)
    }
  }

  function add(record: AuditRecord): void {
    waiting.push(record)
    if (waiting.length + sending <= maxEvents) return
    const at = waiting.findIndex(({ type }) => byAnyone.test(type))
    waiting.splice(Math.max(at, 0), 1)
    dropped++
  }

  function writeIn(time: number): void {
    timer ??= setTimeout(() => void writeInTime(), time)
    // A timer of Node.js has unref(). A browser's timer is a number.
    ;(timer as { unref?: () => void }).unref?.()
  }

  async function writeInTime(): Promise<void> {
    timer = null
    if (await write()) writeIn(pause)
  }

  /** Sends the queued events. Resolves to the error of the store, or `null`. */
  function write(): Promise<Error | null> {
    const work = send().finally(() => underWay.delete(work))
    underWay.add(work)
    return work
  }

  async function send(): Promise<Error | null> {
    // A store that does not answer is sent no more events than the queue holds.
    while (waiting.length + dropped > 0 && sending < maxEvents) {
      const batch = waiting.splice(0, batchSize)
      const told = dropped
      dropped = 0
      sending += batch.length
      try {
        await store.insertEvents(told > 0 ? [...batch, droppedRecord(told)] : batch)
        batchSize = Math.min(2 * batchSize, maxBatch)
      } catch (error) {
        // The failed batch goes to the end of the queue, and batches get smaller. An event that the store cannot take
        // then does not hold up the rest.
        waiting.push(...batch)
        batchSize = Math.ceil(batchSize / 2)
        dropped += told
        report(error)
        // The guarded port throws only errors of this package.
        return error as Error
      } finally {
        sending -= batch.length
      }
    }
    return null
  }

  function droppedRecord(count: number): AuditRecord {
    const at = new Date(now())
    return { id: randomText(20), at, type: "events_dropped", userId: null, sessionId: null, detail: toJson({ count }) }
  }

  function report(fault: unknown): void {
    // async, so that errors of the listener are ignored.
    const tell = async () => onError?.(fault)
    tell().catch(() => {})
  }

  return {
    onEvent,

    async listEvents(query) {
      checkOptions("listEvents()", query, "userId", "before", "limit")
      const { userId, before = null, limit } = query
      const isValid = Number.isInteger(limit) && limit > 0 && limit <= 1000
      checkOption("limit", limit, isValid, "is out of range; use 1 to 1000")
      // Events that this request has just caused are then in the list.
      await write()
      const records = await store.listEvents(userId, before, limit)
      return records.map((record) => ({ ...record, detail: readDetail(record.detail) }))
    },

    async deleteEvents(before) {
      return deleteInBatches((limit) => store.deleteEvents(before, limit))
    },

    async flush() {
      await Promise.all(underWay)
      const error = await write()
      if (error) throw error
    },
  }
}

function toJson(detail: object): string {
  const text = JSON.stringify(detail, (_, value: unknown) =>
    typeof value === "string" ? value.slice(0, maxText) : value,
  )
  return text === "{}" ? "" : text
}

/**
 * Reads a detail. Unreadable text, such as text that a database has cut off, becomes empty, so that other events are
 * listed.
 */
function readDetail(text: string): AuditDetail {
  try {
    return { ...(JSON.parse(text) as AuditDetail) }
  } catch {
    return {}
  }
}

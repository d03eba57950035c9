import type { TakenAttempt } from "../../src/throttle/throttle-port.ts"
import type { Bug, Store } from "./broken-adapter.ts"
import { gathered } from "./broken-adapter.ts"

// How far clocks may differ at most, in milliseconds.
const skew = 300_000

/** Bugs of the throttle port, each breaking one rule of it. */
export const attemptBugs: Record<string, Bug> = {
  "takeAttempt lets less through than the whole budget": counting((from, { now, cost, span }) =>
    from + cost < now + span ? taken(from + cost) : refused(from),
  ),
  "takeAttempt lets one through a millisecond early": counting((from, { now, cost, span }) =>
    from + cost <= now + span + 1 ? taken(from + cost) : refused(from),
  ),
  "takeAttempt compares what was, not what would be": counting((from, { now, cost, span }) =>
    from < now + span ? taken(from + cost) : refused(from),
  ),
  "takeAttempt counts before it looks at the budget": counting((from, { now, cost, span }) =>
    from + cost <= now + span ? taken(from + cost) : refused(from + cost),
  ),
  "takeAttempt counts attempts, not what they cost": counting((from, { now, cost, span }) =>
    from + cost <= now + span ? taken(from + 60_000) : refused(from),
  ),
  "takeAttempt lets all through that find a full budget": counting((from, { now, cost, span }) =>
    from <= now || from + cost <= now + span ? taken(from + cost) : refused(from),
  ),
  "takeAttempt says when one more is let through": counting((from, { now, cost, span }) =>
    from + cost <= now + span ? taken(from + cost) : { taken: false, until: from + cost - span },
  ),
  "takeAttempt rounds to seconds": counting((from, { now, cost, span }) =>
    from + cost <= now + span ? taken(Math.ceil((from + cost) / 1000) * 1000) : refused(from),
  ),
  "takeAttempt counts in 32 bits": counting((from, { now, cost, span }) =>
    from + cost <= now + span ? taken((from + cost) | 0) : refused(from),
  ),
  "takeAttempt counts in text": (store) => ({
    async takeAttempt(...args) {
      const attempt = await store.takeAttempt(...args)
      return { ...attempt, until: String(attempt.until) as unknown as number }
    },
  }),
  "takeAttempt does not fill a budget up": counting((_from, { now, cost, span }, row) =>
    row + cost <= now + span ? taken(Math.max(row, 1e12) + cost) : refused(row),
  ),
  "takeAttempt forgets the cut": counting(correct, { cut: (row) => row, told: (until) => until }),
  "takeAttempt cuts what it says, and stores nothing": counting(correct, { cut: (row) => row }),
  "takeAttempt says how far another clock is ahead": counting(correct, { told: (until) => until }),
  "takeAttempt empties a budget that is far ahead, and lets one through": counting(correct, {
    cut: (row, asked) => (row > latestOf(asked) ? asked.now : row),
  }),
  "takeAttempt cuts a millisecond too much": counting(correct, {
    cut: (row, asked) => (row >= latestOf(asked) ? endOf(asked) : row),
  }),
  "takeAttempt cuts a millisecond too little": counting(correct, {
    cut: (row, asked) => (row > latestOf(asked) + 1 ? endOf(asked) : row),
  }),
  "takeAttempt cuts what clocks may differ by": counting(correct, { cut: (row, asked) => Math.min(row, endOf(asked)) }),
  "takeAttempt cuts to what clocks may differ by": counting(correct, {
    cut: (row, asked) => Math.min(row, latestOf(asked)),
  }),
  "takeAttempt lets clocks differ by 5 minutes for the shortest budget": counting(correct, {
    cut: (row, asked) => (row > endOf(asked) + skew ? endOf(asked) : row),
  }),
  "takeAttempt lets clocks differ by as much as the longest budget": counting(correct, {
    cut: (row, asked) => (row > endOf(asked) + asked.span ? endOf(asked) : row),
  }),
  "takeAttempt goes by the clock of this machine": (store) => ({
    takeAttempt: (id, _now, cost, span) => store.takeAttempt(id, Date.now(), cost, span),
  }),
  "takeAttempt ignores case": (store) => ({
    takeAttempt: async (id, ...rest) => store.takeAttempt(id.toLowerCase(), ...rest),
  }),
  "takeAttempt takes an array": (store) => ({
    takeAttempt: async (id, ...rest) => store.takeAttempt(String(id), ...rest),
  }),
  "takeAttempt reads, then writes": (store) => ({
    async takeAttempt(id, now, cost, span) {
      const { until } = await store.takeAttempt(id, now, 0, span)
      if (until + cost > now + span) return { taken: false, until }
      await store.takeAttempt(id, now, cost, span)
      return { taken: true, until: until + cost }
    },
  }),
  "takeAttempt asks for everybody in one caller's context": (store) => ({ takeAttempt: gathered(store.takeAttempt) }),
  "throttle methods are inherited": (store) => Object.assign(Object.create(store), { spread: false }),

  "dropAttempts drops nothing": () => ({ dropAttempts: async () => undefined }),
  "dropAttempts drops the first only": (store) => ({ dropAttempts: (ids) => store.dropAttempts(ids.slice(0, 1)) }),
  "dropAttempts takes no ids for all": (store) => ({
    dropAttempts: async (ids) => {
      if (ids.length > 0) await store.dropAttempts(ids)
      else await store.deleteIdleAttempts(Infinity, Infinity)
    },
  }),
  "dropAttempts ignores case": (store) => ({
    dropAttempts: (ids) => store.dropAttempts(ids.map((id) => String(id).toLowerCase())),
  }),

  "deleteIdleAttempts excludes the instant": (store) => ({
    deleteIdleAttempts: (before, limit) => store.deleteIdleAttempts(before - 1, limit),
  }),
  "deleteIdleAttempts includes a millisecond too many": (store) => ({
    deleteIdleAttempts: (before, limit) => store.deleteIdleAttempts(before + 1, limit),
  }),
  "deleteIdleAttempts ignores the limit": (store) => ({
    deleteIdleAttempts: (before) => store.deleteIdleAttempts(before, Infinity),
  }),
  "deleteIdleAttempts says how many there are": (store) => ({
    async deleteIdleAttempts(before, limit) {
      const deleted = await store.deleteIdleAttempts(before, limit)
      return deleted + (await store.deleteIdleAttempts(before, Infinity))
    },
  }),
}

interface Asked {
  now: number
  cost: number
  span: number
}

/** How an attempt is counted, from when it counts, the question, and the row: 0 if there is none. */
type Rule = (from: number, asked: Asked, row: number) => TakenAttempt

interface Clocks {
  /** What is left of a row that is too late. */
  cut?: (row: number, asked: Asked) => number
  /** The result that the caller gets for a row. */
  told?: (until: number, asked: Asked) => number
}

/** A store that counts by another rule, or uses other clocks. */
function counting(rule: Rule, { cut = cutToEnd, told = atMostEnd }: Clocks = {}): Bug {
  return () => {
    const rows = new Map<string, number>()
    return {
      async takeAttempt(id, now, cost, span) {
        const asked = { now, cost, span }
        const row = cut(rows.get(id) ?? 0, asked)
        const attempt = rule(Math.max(row, now), asked, row)
        rows.set(id, attempt.until)
        return { ...attempt, until: told(attempt.until, asked) }
      },
      async dropAttempts(ids) {
        for (const id of ids) rows.delete(id)
      },
      async deleteIdleAttempts(before, limit) {
        const idle = [...rows].filter(([, until]) => until <= before).slice(0, limit)
        for (const [id] of idle) rows.delete(id)
        return idle.length
      },
    } satisfies Partial<Store>
  }
}

function correct(from: number, asked: Asked): TakenAttempt {
  return from + asked.cost <= endOf(asked) ? taken(from + asked.cost) : refused(from)
}

function cutToEnd(row: number, asked: Asked): number {
  return row > latestOf(asked) ? endOf(asked) : row
}

function atMostEnd(until: number, asked: Asked): number {
  return Math.min(until, endOf(asked))
}

function endOf({ now, span }: Asked): number {
  return now + span
}

function latestOf(asked: Asked): number {
  return endOf(asked) + Math.min(asked.span, skew)
}

function taken(until: number): TakenAttempt {
  return { taken: true, until }
}

function refused(until: number): TakenAttempt {
  return { taken: false, until }
}

import type { TakenAttempt, ThrottleAdapter } from "../../src/throttle/throttle-port.ts"
import { inBatches } from "../key-value/batches.ts"
import type { Attempt, AttemptRows } from "../port/throttle-port.ts"
import { throttlePort } from "../port/throttle-port.ts"
import { dropAttempt, expireAttempt, takeAttempt } from "./attempt-scripts.ts"
import { isDone } from "./executor.ts"
import type { RedisStore } from "./store.ts"
import { removeWalked } from "./store.ts"

/**
 * Stores rate-limit budgets in Redis, each under its own key, which Redis deletes some minutes after the budget is full
 * again. Redis only times this deletion. The rest of a budget is computed with the caller's clock alone.
 */
export function redisAttempts(store: RedisStore): ThrottleAdapter {
  return throttlePort(() => store, rows)
}

const rows: AttemptRows<RedisStore> = {
  take: takeFrom,
  // An attempt that fits into no budget takes nothing, but cuts the row.
  cut: async (store, attempt) => (await takeFrom(store, attempt)).until,
  drop: async (store, ids) => void (await inBatches(ids, (id) => store.run(dropAttempt, store.attempt(id)))),
  deleteIdle: (store, before, limit) =>
    removeWalked(store, store.attempt(), limit, async (id) =>
      isDone(await store.run(expireAttempt, store.attempt(id), String(before))),
    ),
}

async function takeFrom(store: RedisStore, { id, ...attempt }: Attempt): Promise<TakenAttempt> {
  const { now, cost, end, latest } = attempt
  const times = [now, cost, end, latest].map(String)
  const reply = await store.run(takeAttempt, store.attempt(id), ...times)
  const [taken, until]: unknown[] = Array.isArray(reply) ? reply : []
  return { taken: isDone(taken), until: Number(until) }
}

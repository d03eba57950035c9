import { randomBytes } from "../../src/platform/bytes.ts"
import { isPromise } from "../../src/platform/maybe-promise.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import { withoutValues } from "./driver-error.ts"

const maxAttempts = 10
const firstDelay = 10
const maxDelay = 400
const maxDuration = 3000

/**
 * Runs a call that does all or nothing, again while it fails for a passing reason: a deadlock, a serialization failure,
 * a locked SQLite file. At most 10 tries with 10 ms to 0.4 s between them, some 1.4 s together, and none later than 3 s after
 * the first: a driver that waits by itself has waited then. Then it rejects with what `explain` makes of the driver's
 * error. What the driver answers at once is answered at once.
 */
export function withRetry<Result>(
  isTransient: (error: unknown) => boolean,
  call: () => MaybePromise<Result>,
  explain: (error: unknown) => unknown = withoutValues,
): MaybePromise<Result> {
  return attempted(isTransient, call, explain, 1, performance.now())
}

function attempted<Result>(
  isTransient: (error: unknown) => boolean,
  call: () => MaybePromise<Result>,
  explain: (error: unknown) => unknown,
  attempt: number,
  startedAt: number,
): MaybePromise<Result> {
  async function again(error: unknown): Promise<Result> {
    if (attempt === maxAttempts || !isTransient(error)) throw explain(error)
    await delay(attempt)
    if (performance.now() - startedAt > maxDuration) throw explain(error)
    return attempted(isTransient, call, explain, attempt + 1, startedAt)
  }
  return rescued(call, again)
}

/** Runs a call whose failure, at once or later, goes to `rescue`. */
export function rescued<Result>(
  call: () => MaybePromise<Result>,
  rescue: (error: unknown) => Promise<Result>,
): MaybePromise<Result> {
  try {
    const result = call()
    // A driver may make its own kind of promise: from here on it is a plain one.
    return isPromise(result) ? Promise.resolve(result).catch(rescue) : result
  } catch (error) {
    return rescue(error)
  }
}

// Jitter, so that those who collided do not meet again.
function delay(failures: number): Promise<void> {
  const longestDelay = Math.min(firstDelay * 2 ** (failures - 1), maxDelay)
  const [chance = 0] = randomBytes(1)
  return new Promise((resolve) => setTimeout(resolve, longestDelay * (0.5 + chance / 512)))
}

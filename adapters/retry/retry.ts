import { randomBytes } from "../../src/platform/bytes.ts"
import { isPromise } from "../../src/platform/maybe-promise.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import { withoutValues } from "./driver-error.ts"

const maxAttempts = 10
const firstDelay = 10
const maxDelay = 400
const maxDuration = 3000

/**
 * Runs an all-or-nothing call, and retries it after a transient error: a deadlock, a serialization failure or a locked
 * SQLite file. It makes at most 10 tries, 10 ms to 0.4 s apart, about 1.4 s in total. None starts later than 3 s after
 * the first: a driver that waits itself has then waited enough. After that, it rejects with what `explain` returns for
 * the driver's error. Synchronous results stay synchronous.
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

/** Runs a call, and passes a synchronous or asynchronous failure to `rescue`. */
export function rescued<Result>(
  call: () => MaybePromise<Result>,
  rescue: (error: unknown) => Promise<Result>,
): MaybePromise<Result> {
  try {
    const result = call()
    // A driver may return its own kind of promise. From here on it is a plain one.
    return isPromise(result) ? Promise.resolve(result).catch(rescue) : result
  } catch (error) {
    return rescue(error)
  }
}

// Jitter, so that colliding callers do not collide again.
function delay(failures: number): Promise<void> {
  const longestDelay = Math.min(firstDelay * 2 ** (failures - 1), maxDelay)
  const [chance = 0] = randomBytes(1)
  return new Promise((resolve) => setTimeout(resolve, longestDelay * (0.5 + chance / 512)))
}

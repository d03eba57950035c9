import { isPromise } from "../../src/platform/maybe-promise.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"

/**
 * Makes a queue that runs one call after another: at once, if none is under way. Within a transaction, calls that
 * overlap would be undone with each other.
 */
export function createQueue(): <Result>(call: () => MaybePromise<Result>) => MaybePromise<Result> {
  let last: Promise<void> | null = null
  return (call) => {
    const result = last ? last.then(call) : call()
    if (!isPromise(result)) return result
    const settle = () => {
      if (last === settled) last = null
    }
    const settled: Promise<void> = result.then(settle, settle)
    last = settled
    return result
  }
}

import { isPromise } from "../../src/platform/maybe-promise.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"

/** Runs calls one after another. */
export type Queue = <Result>(call: () => MaybePromise<Result>) => MaybePromise<Result>

const queues = new WeakMap<object, Queue>()

/** Returns the queue of a connection: all that is made over it, adapters and executors, takes turns. */
export function queueOf(connection: object): Queue {
  const queue = queues.get(connection) ?? createQueue()
  queues.set(connection, queue)
  return queue
}

/**
 * Makes a queue that runs one call after another: at once, if none is under way. Within a transaction, calls that
 * overlap would be undone with each other.
 */
export function createQueue(): Queue {
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

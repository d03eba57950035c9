import { isPromise } from "../../src/platform/maybe-promise.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"

/** Runs calls one after another. */
export type Queue = <Result>(call: () => MaybePromise<Result>) => MaybePromise<Result>

const queues = new WeakMap<object, Queue>()

/** Returns the queue of a connection. All adapters and executors over the connection take turns in it. */
export function queueOf(connection: object): Queue {
  const queue = queues.get(connection) ?? createQueue()
  queues.set(connection, queue)
  return queue
}

/**
 * Creates a queue that runs one call at a time, immediately if none is running. In a transaction, overlapping calls
 * would be rolled back together.
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

/** Runs work that must not run twice at once. Resolves to `null`, and runs nothing, while work of that name is under way. */
export type Once = <Result>(name: string, work: () => Promise<Result>) => Promise<Result | null>

/**
 * Makes marks of the work that is under way. Nobody waits for work that another request started: on Workers it stops
 * without a word when that request is cut off. Its mark lapses after five seconds, so that it does not last for ever. Work
 * that runs longer may then run twice: the store's condition decides which of the two writes.
 */
export function createOnce(now: () => number): Once {
  const startedAt = new Map<string, number>()
  return async (name, work) => {
    const at = now()
    if (Math.abs(at - startedAt.get(name)!) < 5000) return null
    startedAt.set(name, at)
    return work().finally(() => startedAt.delete(name))
  }
}

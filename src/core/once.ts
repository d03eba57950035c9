/** Runs work unless work of that name is already running. In that case it resolves to `null`. */
export type Once = <Result>(name: string, work: () => Promise<Result>) => Promise<Result | null>

/**
 * Creates a {@link Once}. Requests do not wait for the work of another request: on Workers, it silently stops when that
 * request is cut off. A mark expires after five seconds, so that it does not last forever. Longer work may run twice.
 * The condition in the store then decides which of the two writes.
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

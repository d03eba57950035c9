/** Runs work of the same name one after another. A turn is a lock that expires. */
export interface Turns {
  /** Runs work when the previous work of that name has ended, or after 5 seconds. */
  inTurn<Result>(name: string, work: () => Promise<Result>): Promise<Result>
  /** Waits for all running work. */
  allSettled(): Promise<void>
}

// In milliseconds. Longer than any statement that a visitor waits for. A request that was cut off blocks others only
// this long.
const maxTime = 5_000
const maxPause = 5

/**
 * Creates turns that nothing else shares.
 *
 * Requests poll the lock, because the promise of another request never settles if that request is cut off, as on
 * Cloudflare Workers.
 */
export function createTurns(): Turns {
  const taken = new Map<string, { until: number }>()

  async function inTurn<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    for (let pause = 1; current(name); pause++) await sleep(Math.min(pause, maxPause))
    const own = { until: Date.now() + maxTime }
    taken.set(name, own)
    try {
      return await work()
    } finally {
      if (taken.get(name) === own) taken.delete(name)
    }
  }

  async function allSettled(): Promise<void> {
    for (const [name, turn] of Array.from(taken)) while (current(name) === turn) await sleep(maxPause)
  }

  function current(name: string): { until: number } | null {
    const turn = taken.get(name)
    return turn && Date.now() < turn.until ? turn : null
  }

  return { inTurn, allSettled }
}

async function sleep(time: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, time))
}

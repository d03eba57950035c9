/** Work by name, one after another: a turn is a lock that expires. */
export interface Turns {
  /** Runs work when the work of that name before it has ended, or after 5 seconds. */
  inTurn<Result>(name: string, work: () => Promise<Result>): Promise<Result>
  /** Waits for the work that is under way. */
  allSettled(): Promise<void>
}

// In milliseconds. Longer than any statement that a visitor waits for; a request that was cut off blocks others no longer.
const maxTime = 5_000
const maxPause = 5

/**
 * Makes turns that nothing else shares.
 *
 * Nobody waits for a promise of another request, which never settles if that request is cut off, as on Cloudflare
 * Workers: each one looks at the lock again and again.
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

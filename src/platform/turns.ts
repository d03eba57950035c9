// Longer than any statement that a visitor waits for; a request that was cut off blocks the others no longer than that.
const maxWait = 5_000
const pause = 5

/**
 * Makes turns: work for one id waits until the work before it has ended.
 *
 * Nobody waits for a promise of another request, which never settles if that request is cut off, as on Cloudflare
 * Workers. A turn is a lock that is looked at again and again, and that expires after 5 seconds.
 */
export function createTurns() {
  const taken = new Map<string, { until: number }>()

  async function inTurn<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    for (let turn = current(id); turn; turn = current(id)) await sleep()
    const own = { until: Date.now() + maxWait }
    taken.set(id, own)
    try {
      return await work()
    } finally {
      if (taken.get(id) === own) taken.delete(id)
    }
  }

  /** Waits for the turns that are under way. */
  async function allSettled(): Promise<void> {
    for (const [id, turn] of Array.from(taken)) while (current(id) === turn) await sleep()
  }

  function current(id: string): { until: number } | null {
    const turn = taken.get(id)
    return turn && Date.now() < turn.until ? turn : null
  }

  return { inTurn, allSettled }
}

async function sleep(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, pause))
}

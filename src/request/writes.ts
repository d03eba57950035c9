const followers = new WeakMap<Promise<unknown>, Promise<unknown>>()

/** Declares that `promise` waits for a session's write. If the write is abandoned, the failure of both goes unheard. */
export function follow(write: Promise<unknown>, promise: Promise<unknown>): void {
  followers.set(write, promise)
}

/** Knows which writes are under way. */
export function trackWrites() {
  const pending = new Set<Promise<unknown>>()

  function track<Args extends unknown[], Result>(write: (...args: Args) => Promise<Result>) {
    return (...args: Args): Promise<Result> => {
      async function run() {
        try {
          return await write(...args)
        } finally {
          pending.delete(running)
        }
      }
      const running = run()
      pending.add(running)
      return running
    }
  }

  /** Returns whether there were any. Nobody waits for them, so one that fails must not end the process. */
  function abandon(): boolean {
    const wasPending = pending.size > 0
    for (const running of pending) {
      running.catch(() => {})
      followers.get(running)?.catch(() => {})
    }
    pending.clear()
    return wasPending
  }

  return { track, abandon }
}

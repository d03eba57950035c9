import { AuthError, isAuthError } from "../core/errors.ts"

/** The right to hash, and since when. */
interface Turn {
  since: number
}

/** Who waits for a turn, and since when. */
interface Waiter {
  since: number
  start(turn: Turn): void
}

// One fewer than the threads that libuv has unless told otherwise, so that files and DNS names can still be read.
const maxRunning = 3
const maxWaiting = 1000
// In milliseconds. Nobody waits longer, and a turn that is held for longer counts as lost.
const maxTime = 5000

const running = new Set<Turn>()
// In the order in which they came.
const waiting = new Set<Waiter>()

/**
 * Runs hashing: in this process at most 3 at once, the others in the order in which they came. Rejects with `hash_failed`,
 * doing nothing, when 1,000 are waiting and after 5 seconds of waiting, and for whatever `work` throws.
 *
 * On Cloudflare Workers a request that is cut off never gives its turn back, and its timers never fire. So a turn counts
 * for 5 seconds only, and whoever has waited longer gets none.
 */
export async function runQueued<Result>(work: () => Promise<Result>): Promise<Result> {
  const turn = await takeTurn()
  try {
    return await attemptHash(work)
  } finally {
    running.delete(turn)
    startWaiting()
  }
}

/** Runs one hashing. What it throws becomes `hash_failed`, so a failing platform never looks like a wrong password. */
export async function attemptHash<Result>(work: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    throw isAuthError(cause) ? cause : new AuthError("hash_failed", "Password hashing failed: see the cause", { cause })
  }
}

function takeTurn(): Promise<Turn> | Turn {
  startWaiting()
  if (running.size < maxRunning) return startTurn()
  if (waiting.size >= maxWaiting) throw tooMany()
  return new Promise((resolve, reject) => {
    const since = performance.now()
    const waiter: Waiter = {
      since,
      start(turn) {
        clearTimeout(timer)
        waiting.delete(waiter)
        resolve(turn)
      },
    }
    const timer = setTimeout(() => {
      // A last chance, because turns may have been lost. Earlier waiters were cut off: their timers would have fired first.
      startWaiting(since)
      waiting.delete(waiter)
      // Nothing, once it has a turn.
      reject(tooMany())
    }, maxTime)
    waiting.add(waiter)
  })
}

// The turn goes straight to the next in line, so that no newcomer slips in between. Those who came before `earliest` get
// none.
function startWaiting(earliest = performance.now() - maxTime): void {
  const lost = performance.now() - maxTime
  for (const turn of running) if (turn.since <= lost) running.delete(turn)
  for (const waiter of waiting) if (waiter.since < earliest) waiting.delete(waiter)
  for (const waiter of waiting) if (running.size < maxRunning) waiter.start(startTurn())
}

function startTurn(): Turn {
  const turn = { since: performance.now() }
  running.add(turn)
  return turn
}

function tooMany(): AuthError {
  return new AuthError("hash_failed", "Too many passwords at once: answer 503, and throttle sign-ins.")
}

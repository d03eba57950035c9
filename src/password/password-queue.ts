import { AuthError, isAuthError } from "../core/errors.ts"

/** The right to hash, and since when. */
interface Turn {
  since: number
}

/** A caller that waits for a turn, and since when. */
interface Waiter {
  since: number
  start(turn: Turn): void
}

// One fewer than libuv's default number of threads, so that files and DNS names can still be read.
const maxRunning = 3
const maxWaiting = 1000
// In milliseconds. No caller waits longer, and a turn that is held for longer counts as lost.
const maxTime = 5000

const running = new Set<Turn>()
// In order of arrival.
const waiting = new Set<Waiter>()

/**
 * Runs hashing, at most 3 at once in this process, in order of arrival. Rejects with `hash_failed`, without running it,
 * if 1,000 are waiting or after 5 seconds of waiting. Errors of `work` also become `hash_failed`.
 *
 * On Cloudflare Workers, a request that is cut off never returns its turn, and its timers never fire. Therefore a turn
 * counts for only 5 seconds, and a caller that has waited longer gets none.
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

/** Runs one hashing. Its errors become `hash_failed`, so that a failing platform never looks like a wrong password. */
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
      // A last chance, because turns may have been lost. Earlier waiters were cut off, otherwise their timers would
      // have fired first.
      startWaiting(since)
      waiting.delete(waiter)
      // This does nothing once it has a turn.
      reject(tooMany())
    }, maxTime)
    waiting.add(waiter)
  })
}

// The turn goes directly to the next waiter, so that no new caller takes it. Waiters from before `earliest` get none.
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

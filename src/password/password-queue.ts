import { AuthError } from "../core/errors.ts"

// As many as libuv has threads unless told otherwise: more would hold their memory while they wait for one.
const mostRunning = 4
const mostWaiting = 1000

const waiting: (() => void)[] = []
let running = 0

/**
 * Runs hashing that needs much memory: in this process at most 4 at once, the others in the order in which they came.
 * Rejects with `hash_failed`, doing nothing, when 1,000 are waiting.
 */
export async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  await takeTurn()
  try {
    return await work()
  } finally {
    passTurn()
  }
}

function takeTurn(): Promise<void> | undefined {
  if (running < mostRunning) {
    running++
    return undefined
  }
  if (waiting.length >= mostWaiting) {
    throw new AuthError("hash_failed", "Too many passwords at once: answer 503, and throttle sign-ins.")
  }
  return new Promise((resolve) => waiting.push(resolve))
}

// The turn goes straight to the next in line, so that no newcomer slips in between.
function passTurn(): void {
  const next = waiting.shift()
  if (next) next()
  else running--
}

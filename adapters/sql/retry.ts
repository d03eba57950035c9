const tries = 10
const firstDelay = 10
const longestDelay = 400

/**
 * Runs a call that does all or nothing, again while it fails for a passing reason: a deadlock, a serialization failure,
 * a locked SQLite file. At most 10 tries with 10 ms to 0.4 s between them, some 1.4 s together; then the driver's error
 * is thrown.
 */
export function retried<Result>(
  isPassing: (error: unknown) => boolean,
  call: () => Promise<Result>,
  failures = 1,
): Promise<Result> {
  return call().catch(async (error: unknown) => {
    if (failures === tries || !isPassing(error)) throw error
    await delay(failures)
    return retried(isPassing, call, failures + 1)
  })
}

// Jitter, so that those who collided do not meet again.
function delay(failures: number): Promise<void> {
  const longest = Math.min(firstDelay * 2 ** (failures - 1), longestDelay)
  const [chance = 0] = crypto.getRandomValues(new Uint8Array(1))
  return new Promise((resolve) => setTimeout(resolve, longest * (0.5 + chance / 512)))
}

const blockBytes = 1024
const longestAge = 1000

let block = new Uint8Array(0)
let used = 0
let filledAt = 0

/**
 * Takes fresh random bytes, at most 1,024. The platform is asked for many at once, what was taken is wiped, and none is
 * older than a second: a process that is frozen and started many times over must not use a nonce twice.
 */
export function takeRandomBytes(length: number): Uint8Array {
  if (used + length > block.length || Math.abs(Date.now() - filledAt) > longestAge) fill()
  const taken = block.slice(used, used + length)
  block.fill(0, used, (used += length))
  return taken
}

function fill(): void {
  block = crypto.getRandomValues(new Uint8Array(blockBytes))
  used = 0
  filledAt = Date.now()
}

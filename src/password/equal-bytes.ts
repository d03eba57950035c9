/** Compares bytes in a time that tells nothing about where they differ. Other lengths are unequal. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  a.forEach((byte, index) => (difference |= byte ^ (b[index] ?? 0)))
  return difference === 0
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567"

/** Makes an id of so many random characters `a-z2-7`: five bits each. */
export function randomId(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  return Array.from(bytes, (byte) => alphabet.charAt(byte % alphabet.length)).join("")
}

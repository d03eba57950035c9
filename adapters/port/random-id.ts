const alphabet = "abcdefghijklmnopqrstuvwxyz234567"

const usualLength = 16
// 60 random bits. With fewer, two of a billion users would get the same id.
const minLength = 12
const uuidLength = 36

/**
 * Creates a user id for a text column with this room: a random UUID for 36 characters. Otherwise 16 characters `a-z2-7`
 * with 80 random bits, or as many as fit. Returns `null` for less room than 12.
 */
export function textId(room: number): string | null {
  if (room === uuidLength) return crypto.randomUUID()
  return room < minLength ? null : randomId(Math.min(room, usualLength))
}

/** Creates an id of this many random characters `a-z2-7`, five bits each. */
export function randomId(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  return Array.from(bytes, (byte) => alphabet.charAt(byte % alphabet.length)).join("")
}

/** Returns the length in a type's name, such as `varchar(15)`; `Infinity` without one. */
export function declaredLength(type: string): number {
  return Number(/\((\d+)\)/.exec(type)?.[1] ?? Infinity)
}

// Jest, VM pools and `node:vm` give modules a realm of their own. An error, a date or bytes that Node itself or a native
// driver makes there are instances of another realm's classes, so `instanceof` says no.

/** Returns whether a value is an error, of any realm. Some have a tag of their own, such as Prisma's, and are of ours. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || tagOf(value) === "[object Error]"
}

/** Returns whether a value is a date, of any realm. */
export function isDate(value: unknown): value is Date {
  return tagOf(value) === "[object Date]"
}

/** Returns whether a value is a `Uint8Array`, such as a `Buffer`, of any realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return tagOf(value) === "[object Uint8Array]"
}

/** Returns whether a value is an `ArrayBuffer`, of any realm. */
export function isBuffer(value: unknown): value is ArrayBuffer {
  return tagOf(value) === "[object ArrayBuffer]"
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value)
}

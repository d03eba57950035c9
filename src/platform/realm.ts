// Jest, VM pools and `node:vm` run modules in a separate realm. Errors, dates and bytes that Node itself or a native
// driver makes there belong to another realm, so `instanceof` is false.

/** Returns whether a value is an error of any realm. `instanceof` finds those with their own tag, such as Prisma's. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || tagOf(value) === "[object Error]"
}

/** Returns whether a value is a date of any realm. */
export function isDate(value: unknown): value is Date {
  return tagOf(value) === "[object Date]"
}

/** Returns whether a value is a `Uint8Array` of any realm, such as a `Buffer`. */
export function isBytes(value: unknown): value is Uint8Array {
  return tagOf(value) === "[object Uint8Array]"
}

/** Returns whether a value is an `ArrayBuffer` of any realm. */
export function isBuffer(value: unknown): value is ArrayBuffer {
  return tagOf(value) === "[object ArrayBuffer]"
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value)
}

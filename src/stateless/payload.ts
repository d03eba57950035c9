import { AuthError } from "../core/errors.ts"
import { invalidOption } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { toUtf8 } from "../platform/bytes.ts"

/** A time takes six bytes: milliseconds since 1970. */
export const timeBytes = 6

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/**
 * Writes a user id as JSON, with a bigint as `["1"]`. Throws `invalid_option` for anything but text, a finite number or
 * a bigint.
 */
export function writeUserId(id: unknown): string | number | [string] {
  if (typeof id === "bigint") return [String(id)]
  if (typeof id === "string" || (typeof id === "number" && Number.isFinite(id))) return id
  throw invalidOption("userId", id, "is not a user id; use text, a finite number or a bigint")
}

/** Reads the result of {@link writeUserId}. */
export function readUserId(written: string | number | [string]): UserId {
  return typeof written === "object" ? BigInt(written[0]) : written
}

/** Writes a value as JSON after zero bytes. Throws `invalid_option` if JSON would drop or change it. */
export function writeJson(headBytes: number, value: unknown): Uint8Array<ArrayBuffer> {
  // In one piece, because copying the bytes into another array costs more than the encoding.
  return toUtf8("\0".repeat(headBytes) + toJson(value))
}

/** Reads the JSON after `headBytes` bytes. */
export function readJson(bytes: Uint8Array, headBytes: number): unknown {
  return JSON.parse(decoder.decode(bytes.subarray(headBytes)))
}

/** Writes a time. Throws `invalid_option` if the clock is not between the years 1970 and 10889. */
export function writeTime(bytes: Uint8Array, at: number, time: number): void {
  if (!(time >= 0 && time < 2 ** 48))
    throw invalidOption("now()", time, "is not a time; return milliseconds since 1970")
  let rest = Math.floor(time)
  // Without a DataView: creating one costs more than writing six bytes.
  for (let n = at + timeBytes - 1; n >= at; n--) {
    bytes[n] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

/** Reads a time. */
export function readTime(bytes: Uint8Array, at: number): Date {
  let time = 0
  for (let n = at; n < at + timeBytes; n++) time = time * 256 + bytes[n]!
  return new Date(time)
}

function toJson(value: unknown): string {
  if (isKept(value)) return JSON.stringify(value)
  throw new AuthError(
    "invalid_option",
    "attributes or claims: JSON changes them; use text, finite numbers, booleans, null, lists and plain objects",
  )
}

/** Returns whether JSON keeps a value unchanged. */
function isKept(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true
  if (typeof value === "number") return Number.isFinite(value)
  // At this depth it is a cycle, or does not fit a cookie.
  if (typeof value !== "object" || depth > 100) return false
  if (Array.isArray(value)) return Array.from(value).every((item) => isKept(item, depth + 1))
  // JSON leaves out undefined properties.
  return isPlainObject(value) && Object.values(value).every((item) => item === undefined || isKept(item, depth + 1))
}

// Checks the shape instead of our Object, because a value may come from another realm.
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

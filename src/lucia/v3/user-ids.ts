import { checkOption } from "../../core/options.ts"
import type { UserId } from "../../core/ports.ts"

/**
 * Returns whether a value can be a user id: text, a number, or an object whose class has its own toString(). An example
 * is an ObjectId of any copy of `bson`. Values from JSON or a form are not, because `{ $ne: null }` would find every user.
 */
export function isUserId(value: unknown): value is UserId {
  if (typeof value !== "object" || value === null) return ["string", "number", "bigint"].includes(typeof value)
  if (Array.isArray(value) || ArrayBuffer.isView(value) || Object.hasOwn(value, "toString")) return false
  const { toString } = value as { toString?: () => unknown }
  return typeof toString === "function" && !String(toString.call(value)).startsWith("[object ")
}

/** Returns a user id. Throws `invalid_option` for anything else. */
export function requireUserId(userId: UserId): UserId {
  checkOption("userId", userId, isUserId(userId), noUserId)
  return userId
}

const noUserId = "is not an id; use a string, a number, a bigint, or an id object of the database, such as an ObjectId"

/** Returns whether a row belongs to a user. Compares ids as text, because drivers return numbers, text or objects. */
export function belongsTo({ userId: owner }: { userId: unknown }, userId: UserId): boolean {
  return String(owner) === String(userId)
}

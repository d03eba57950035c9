import type { KeyName, UserId } from "../core/ports.ts"
import { expectEqual, settle } from "./expectation.ts"

/** The names of core columns and fields, in the spellings of different stores. */
export const coreNames = "id userId user_id createdAt created_at expiresAt expires_at hashed_password".split(" ")

/** Attribute names that no table has. Some of them are SQL injections for missing quotes. */
export const foreignNames = [
  `label" = 'x', "user_id`,
  "label` = 'x', `user_id",
  "label = 'x', user_id",
  "label]",
  "session.label",
  "user.username",
  "$set",
  "label.x",
  "",
  "é🔒",
  "constructor",
  "toString",
  "x".repeat(200),
]

/** Attributes with an own property named `__proto__`, as `JSON.parse` creates them from a request body. */
export function protoAttributes(): Record<string, string> {
  return JSON.parse('{"__proto__":{"isAdmin":true}}')
}

/** Ids that a careless comparison treats as `id`: other case, padding, a prefix, an accent, a wildcard. */
export function nearMisses(id: string): string[] {
  const close = [id.toUpperCase(), `${id} `, ` ${id}`, id.slice(0, -1), id.slice(1), `${id}0`, accented(id), `${id}\n`]
  const patterns = ["", "%", "*", `${id.slice(0, -1)}_`, `${id.slice(0, -1)}?`, "_".repeat(id.length), `${id}\0`]
  return [...close, ...patterns].filter((miss) => miss !== id)
}

/**
 * Names that a careless comparison treats as a key's. None has a NUL, which no key can have and not every store
 * compares.
 */
export function nearMissesOfKey<Key extends KeyName>(key: Key): Key[] {
  const misses = (id: string) => nearMisses(id).filter((miss) => !miss.includes("\0"))
  return [
    ...misses(key.providerUserId).map((providerUserId) => ({ ...key, providerUserId })),
    ...misses(key.providerId).map((providerId) => ({ ...key, providerId })),
  ]
}

/** Values of other types that a careless lookup treats as `id`, or as "any". */
export function wrongTypes(id: UserId): unknown[] {
  return [undefined, null, 0, true, [id], { id }, { $ne: "" }, { not: "" }, { toString: () => String(id) }]
}

/** Passes a value of the wrong type where an id is expected. */
export function asId(value: unknown): string {
  return value as string
}

/** Throws unless a call finds nothing. It may reject only for text with a NUL, which some databases cannot compare. */
export async function expectMiss(
  what: string,
  id: string,
  expected: unknown,
  call: () => Promise<unknown>,
): Promise<void> {
  const outcome = await settle(call)
  if (outcome.status === "rejected" && id.includes("\0")) return
  expectEqual(what, outcome.status === "fulfilled" ? outcome.value : outcome.reason, expected)
}

function accented(id: string): string {
  return id.replace(/[aeiou]/, (vowel) => `${vowel}\u0301`.normalize("NFC"))
}

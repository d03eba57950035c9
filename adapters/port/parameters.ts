import { AuthError } from "../../src/core/errors.ts"
import { invalidOption } from "../../src/core/options.ts"
import { isDate } from "../../src/platform/realm.ts"
import type { KeyName } from "../../src/core/ports.ts"
import { quoted } from "./names.ts"
import { isStorableId } from "./storable-text.ts"

const hash = /^[0-9a-f]{64}$/

/** Returns whether a session id is a SHA-256 in lower-case hex, as `createSession` creates it. */
export function isHash(id: unknown): id is string {
  return typeof id === "string" && hash.test(id)
}

/** Returns the parameter for a row's id; `null` if no row can have it. Throws `invalid_option` unless it is a string. */
export function rowIdOf(id: unknown, maxBytes = 255): string | null {
  if (typeof id !== "string") throw new AuthError("invalid_option", `id: ${typeof id} is not an id; use a string`)
  return isStorableId(id, maxBytes) ? id : null
}

/** Returns the id of a row to insert. Throws `invalid_option` if no row can have it. */
export function newRowIdOf(id: unknown, maxBytes = 255): string {
  const rowId = rowIdOf(id, maxBytes)
  if (rowId !== null) return rowId
  throw invalidOption("id", id, `cannot be stored; use at most ${maxBytes} bytes of well-formed text without NUL`)
}

/** Returns the parameter for a row's text. Throws `invalid_option` unless it is well-formed, without NUL, and fits. */
export function textOf(name: string, text: unknown, maxBytes: number): string {
  if (typeof text === "string" && isStorableId(text, maxBytes)) return text
  // The message omits the text, because it may be personal data.
  const problem = `cannot be stored; use at most ${maxBytes} bytes of well-formed text without NUL`
  throw new AuthError("invalid_option", `${name}: ${typeof text} ${problem}`)
}

/** Returns the parameter for a whole number from 0. Throws `invalid_option` for anything else. */
export function wholeNumberOf(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value
  throw new AuthError("invalid_option", `${name}: not a whole number of 0 or more; use one such as 1000`)
}

/** Returns the parameter for a session id; `null` if no row can have it. Throws `invalid_option` unless it is a string. */
export function sessionIdOf(id: unknown): string | null {
  if (typeof id !== "string")
    throw new AuthError("invalid_option", `id: ${typeof id} is not a session id; use a string`)
  return isStorableId(id) ? id : null
}

/** Returns the id of a session to insert. Throws `invalid_option` if its parameter is `null`. */
export function newSessionIdOf(id: unknown, parameter: string | null): string {
  if (parameter !== null) return parameter
  throw new AuthError("invalid_option", `id: ${quoted(id)} is not a session id; use 64 lower-case hex digits`)
}

/** Returns the parameter for the session that stays when a user's others end; `null` if none does. */
export function exceptionOf(exceptId: unknown): string | null {
  return exceptId === undefined ? null : sessionIdOf(exceptId)
}

/** Copies attributes, without those that are `undefined`. */
export function withoutUndefined(attributes: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}

/** Creates the error for an attribute without a column or field. */
export function unknownAttribute(name: string, place: string): AuthError {
  return invalidOption(
    "attributes",
    name,
    `is not a ${place} that can be set; ${remedies.get(name) ?? "add it, or leave it out"}`,
  )
}

// The library writes both columns itself, and `schema()` does not add columns to an existing table.
const assurance = "add the assuranceColumns to it: methods TEXT, authenticated_at BIGINT"
const remedies = new Map([
  ["persistent", "give it to signIn() as the third argument"],
  ["methods", assurance],
  ["authenticated_at", assurance],
])

/** Returns the parameter for a date: milliseconds since 1970, rounded down. Throws `invalid_option` for an invalid one. */
export function timeOf(date: Date, row = "session"): number {
  const time = isDate(date) ? date.getTime() : NaN
  if (!Number.isNaN(time)) return time
  throw new AuthError("invalid_option", `${row}: a time is not valid; use valid Date objects`)
}

// A provider id of 50 characters, a colon, and an address of 254 bytes.
const maxKeyIdBytes = 512

/** Returns the `id` column of a key; `null` if no row can have it. Throws `invalid_option` if it is invalid. */
export function keyIdOf({ providerId, providerUserId }: KeyName): string | null {
  if (typeof providerId !== "string" || typeof providerUserId !== "string")
    throw new AuthError("invalid_option", "key: providerId or providerUserId is not text; use strings")
  // The first ":" ends the provider id. A provider id with a colon could share its row with another key.
  if (providerId.includes(":"))
    throw new AuthError("invalid_option", `providerId: ${quoted(providerId)} contains a colon; use one without`)
  const id = `${providerId}:${providerUserId}`
  return isStorableId(id, maxKeyIdBytes) ? id : null
}

/** Returns the `id` column of a key to insert. Throws `invalid_option` if no row can have it. */
export function newKeyIdOf(key: KeyName): string {
  const id = keyIdOf(key)
  if (id !== null) return id
  const problem = "cannot be stored; use well-formed text without NUL that is shorter"
  throw invalidOption("providerUserId", key.providerUserId, problem)
}

/** Parses the `id` column of a key; `null` if it has no colon. */
export function parseKeyId(id: string): KeyName | null {
  const end = id.indexOf(":")
  return end < 0 ? null : { providerId: id.slice(0, end), providerUserId: id.slice(end + 1) }
}

/**
 * Returns the parameter for a password hash. Throws `invalid_option` for anything else: `null` would remove the
 * password.
 */
export function newPasswordHashOf(hash: unknown): string {
  if (typeof hash === "string") return hash
  throw new AuthError("invalid_option", `passwordHash: ${typeof hash} is not a hash; use a string`)
}

/** Returns the parameter for a password hash or `null`. Throws `invalid_option` for anything else. */
export function passwordHashOf(hash: unknown): string | null {
  if (hash === null || typeof hash === "string") return hash
  throw new AuthError("invalid_option", `passwordHash: ${typeof hash} is not a hash; use a string or null`)
}

/**
 * Returns whether an update found its row. Some MySQL drivers count only rows whose values changed, so if an update
 * counts no row, `isThere` is called.
 */
export async function foundRow(isWritten: boolean, isThere: () => Promise<boolean>): Promise<boolean> {
  return isWritten || isThere()
}

import { AuthError } from "../../src/core/errors.ts"
import { invalidOption } from "../../src/core/options.ts"
import type { UserId } from "../../src/core/ports.ts"
import { isStorableId, readExactText, readText } from "./storable-text.ts"

/** The type of the user table's `id`: strings, safe integers, `bigint`s of 64 bits, or lower-case UUID strings. */
export type UserIdType = "text" | "integer" | "bigint" | "uuid"

/** Converts user ids of one type to database values and back. */
export interface UserIds {
  type: UserIdType
  /** Returns the parameter for an id; `null` if no user can have it. Throws `invalid_option` for another JavaScript type. */
  encode(id: unknown): string | number | null
  decode(value: unknown): UserId
}

/** Returns the conversion for a type of user id. Throws `invalid_option` for an unknown type. */
export function userIdsOf(type: UserIdType = "text"): UserIds {
  const ids = Object.hasOwn(kinds, type) ? kinds[type] : undefined
  if (ids) return ids
  throw invalidOption("userIdType", type, 'is unknown; use "text", "integer", "bigint" or "uuid"')
}

const canonicalUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const kinds: Record<UserIdType, UserIds> = {
  text: textIds("text", isStorableId),
  integer: {
    type: "integer",
    encode(id) {
      if (typeof id !== "number") throw wrongType("integer", "number", id)
      return Number.isSafeInteger(id) ? id : null
    },
    decode(value) {
      const id = Number(value)
      // A rounded id would belong to another user.
      if (Number.isSafeInteger(id)) return id
      throw new AuthError("invalid_option", 'userIdType: an id is beyond 2^53; use userIdType: "bigint"')
    },
  },
  bigint: {
    type: "bigint",
    encode(id) {
      if (typeof id !== "bigint") throw wrongType("bigint", "bigint", id)
      // As text, because not every driver takes a bigint. The statement casts it.
      return BigInt.asIntN(64, id) === id ? String(id) : null
    },
    decode: (value) => BigInt(readText(value)),
  },
  uuid: textIds("uuid", (id) => canonicalUuid.test(id)),
}

function textIds(type: UserIdType, isId: (id: string) => boolean): UserIds {
  return {
    type,
    encode(id) {
      if (typeof id !== "string") throw wrongType(type, "string", id)
      return isId(id) ? id : null
    },
    decode: readId,
  }
}

/** Reads a text id. Bytes that are not text would give many users the same id. */
function readId(value: unknown): string {
  const id = readExactText(value)
  if (id !== null) return id
  throw new AuthError(
    "invalid_option",
    "tables.user: an id is bytes that are not UTF-8; make the column text or a UUID type",
  )
}

/** Creates the error of a write that names a user who does not exist. */
export function missingUser(): AuthError {
  return new AuthError("user_missing", "The user does not exist: insert the user first.")
}

/** Creates the error of storing data for a user id that no user can have. */
export function impossibleUser(id: unknown): AuthError {
  return invalidOption("userId", id, "does not fit the store's user ids; use one of their type")
}

function wrongType(type: UserIdType, expected: string, id: unknown): AuthError {
  const sentence = `userId: ${describe(id)} is not an id for userIdType "${type}"; use a ${expected}, or another userIdType`
  return new AuthError("invalid_option", sentence)
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value
}

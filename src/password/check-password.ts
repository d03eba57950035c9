import { AuthError } from "../core/errors.ts"

/** What a new password must be. */
export interface PasswordPolicy {
  /** Fewest code points. Default and floor 8; NIST SP 800-63B-4 asks for 15 where the password is the only factor. */
  minLength?: number
  /** Most code points. Default and ceiling 256, floor 64 (NIST SP 800-63B-4, 3.1.1.2). */
  maxLength?: number
  /**
   * Passwords too common to be safe, such as `new Set(["password", "12345678"])` from a published list. The whole
   * password is looked up in NFC, as typed and in lower case: keep the list in lower case.
   */
  blocklist?: readonly string[] | { has(password: string): boolean }
}

/** Why a password was refused. */
export type PasswordReason = "password_too_short" | "password_too_long" | "password_invalid" | "password_common"

/**
 * Checks a new password: its length in code points, that it is well-formed text, and that it is not in the blocklist.
 * Every character is welcome, none is required. `null` means that it may be hashed.
 *
 * `password_invalid` is what is no string, or holds half a surrogate pair. Long input of any size is refused unread.
 * Throws `invalid_option` for a policy that is out of bounds.
 *
 * @example
 * const reason = checkPassword(form.get("password"), { minLength: 15, blocklist: new Set(commonPasswords) })
 * if (reason) return badRequest(reason)
 */
export function checkPassword(password: unknown, policy: PasswordPolicy = {}): PasswordReason | null {
  const { minLength = 8, maxLength = 256, blocklist = [] } = policy
  checkPolicy(minLength, maxLength, blocklist)
  if (typeof password !== "string") return "password_invalid"
  // A code point is at most two UTF-16 units, so this much is too long whatever is in it.
  if (password.length > 2 * maxLength) return "password_too_long"
  if (!isWellFormed(password)) return "password_invalid"
  // At most 256 code points are at most 1,024 bytes of UTF-8, the most that a hasher takes.
  const length = Array.from(password).length
  if (length > maxLength) return "password_too_long"
  if (length < minLength) return "password_too_short"
  return isBlocked(password.normalize("NFC"), blocklist) ? "password_common" : null
}

/** Tells whether text has no lone surrogates. They all become the same bytes of UTF-8, so different passwords would be equal. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

function checkPolicy(minLength: number, maxLength: number, blocklist: unknown): void {
  requireLength("maxLength", maxLength, 64, 256)
  requireLength("minLength", minLength, 8, maxLength)
  if (isBlocklist(blocklist)) return
  throw new AuthError("invalid_option", "blocklist must be a Set or an array of passwords, or have a method has().")
}

function requireLength(option: string, length: number, least: number, most: number): void {
  if (Number.isInteger(length) && length >= least && length <= most) return
  throw new AuthError("invalid_option", `${option} must be a whole number from ${least} to ${most}`)
}

function isBlocklist(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false
  return Array.isArray(value) || ("has" in value && typeof value.has === "function")
}

function isBlocked(password: string, blocklist: NonNullable<PasswordPolicy["blocklist"]>): boolean {
  const spellings = [password, password.toLowerCase()]
  return spellings.some((spelling) => ("has" in blocklist ? blocklist.has(spelling) : blocklist.includes(spelling)))
}

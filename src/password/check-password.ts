import { checkOptions, invalidOption } from "../core/options.ts"
import { isWellFormed } from "./hashable-password.ts"

/** What a new password must be. */
export interface PasswordPolicy {
  /** Fewest code points. Default and floor 8; NIST SP 800-63B-4 asks for 15 where the password is the only factor. */
  minLength?: number | undefined
  /** Most code points. Default and ceiling 256, floor 64 (NIST SP 800-63B-4, 3.1.1.2). */
  maxLength?: number | undefined
  /**
   * More passwords to refuse, such as the name of your site. The whole password is looked up, once as typed (in NFC) and
   * once in NFKC and lower case: keep the list in lower case.
   */
  blocklist?: readonly string[] | { has(password: string): boolean } | undefined
}

/** Why a password was refused. */
export type PasswordReason = "password_too_short" | "password_too_long" | "password_invalid" | "password_common"

/**
 * Checks a new password: its length in code points, whether it is well-formed text, and whether it is one of the 3,000
 * commonest passwords (ASVS 5.0, 6.2.4) or in the blocklist, in any case. Every character is welcome, none is required.
 * Refuses `undefined`, `[object Object]` and `[object File]` as common: `String()` makes these of a missing field.
 * Resolves to `null` if the password may be hashed. The list of common passwords is part of this package: it is loaded
 * at the first check, and nothing is sent anywhere.
 *
 * `password_invalid` means that it is not a string, or contains half a surrogate pair. Input of any size is refused quickly.
 * Rejects with `invalid_option` if a length of the policy is out of bounds.
 *
 * @example
 * const reason = await checkPassword(form.get("password"), { minLength: 15, blocklist: ["example.com"] })
 * if (reason) return badRequest(reason)
 */
export async function checkPassword(password: unknown, policy: PasswordPolicy = {}): Promise<PasswordReason | null> {
  checkPolicy(policy)
  const reason = checkText(password, policy)
  if (reason !== null || typeof password !== "string") return reason
  return (await isCommon(password, policy.blocklist)) ? "password_common" : null
}

/** Checks what can be told without the list of common passwords. */
export function checkText(
  password: unknown,
  { minLength = 8, maxLength = 256 }: PasswordPolicy = {},
): Exclude<PasswordReason, "password_common"> | null {
  if (typeof password !== "string") return "password_invalid"
  // A code point is at most two UTF-16 units, so this much is too long whatever is in it.
  if (password.length > 2 * maxLength) return "password_too_long"
  if (!isWellFormed(password)) return "password_invalid"
  // At most 256 code points are at most 1,024 bytes of UTF-8, the most that a hasher takes.
  const length = Array.from(password).length
  if (length > maxLength) return "password_too_long"
  return length < minLength ? "password_too_short" : null
}

/** Throws `invalid_option` if a policy is out of bounds. */
export function checkPolicy(policy: PasswordPolicy = {}): void {
  checkOptions("passwordPolicy", policy, "minLength", "maxLength", "blocklist")
  const { minLength = 8, maxLength = 256, blocklist = [] } = policy
  requireLength("maxLength", maxLength, 64, 256)
  requireLength("minLength", minLength, 8, maxLength)
  if (isBlocklist(blocklist)) return
  throw invalidOption(
    "passwordPolicy.blocklist",
    blocklist,
    "is not a list; use a Set, an array, or an object with has()",
  )
}

function requireLength(option: string, length: number, min: number, max: number): void {
  if (Number.isInteger(length) && length >= min && length <= max) return
  throw invalidOption(`passwordPolicy.${option}`, length, `is out of bounds; use a whole number from ${min} to ${max}`)
}

function isBlocklist(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false
  return Array.isArray(value) || ("has" in value && typeof value.has === "function")
}

// What String() makes of a missing or unexpected field: with a misspelt field, all users would have this password.
const stringified = ["undefined", "[object undefined]", "[object object]", "[object file]", "[object blob]"]

async function isCommon(password: string, blocklist: PasswordPolicy["blocklist"] = []): Promise<boolean> {
  const folded = password.normalize("NFKC").toLowerCase()
  if (stringified.includes(folded)) return true
  const isBlocked = [password.normalize("NFC"), folded].some((spelling) =>
    "has" in blocklist ? blocklist.has(spelling) : blocklist.includes(spelling),
  )
  // Loaded at the first check, because most pages of an application never check a new password.
  return isBlocked || (await import("./common-passwords.ts")).commonPasswords.has(folded)
}

import { checkOptions, invalidOption } from "../core/options.ts"
import { isWellFormed } from "./hashable-password.ts"

/** The rules for new passwords. */
export interface PasswordPolicy {
  /** The fewest code points. Default and minimum 8. NIST SP 800-63B-4 requires 15 if the password is the only factor. */
  minLength?: number | undefined
  /** The most code points. Default and maximum 256, minimum 64 (NIST SP 800-63B-4, 3.1.1.2). */
  maxLength?: number | undefined
  /**
   * Additional passwords to refuse, such as the name of your site. The whole password is looked up twice: as typed (in
   * NFC), and in NFKC and lower case. Keep the list in lower case.
   */
  blocklist?: readonly string[] | { has(password: string): boolean } | undefined
}

/** Why a password was refused. */
export type PasswordReason = "password_too_short" | "password_too_long" | "password_invalid" | "password_common"

/**
 * Checks a new password, and resolves to `null` if it can be hashed. It must be well-formed text with a valid length in
 * code points. It must not be in the blocklist or among the 3,000 most common passwords (ASVS 5.0, 6.2.4), in any case.
 * Every character is allowed, and none is required. `undefined`, `[object Object]` and `[object File]` count as common:
 * `String()` turns a missing field into one of them. The list of common passwords is part of this package: it is loaded
 * at the first check, and nothing is sent anywhere.
 *
 * `password_invalid`: it is not a string, or contains half a surrogate pair. Input of any size is refused quickly.
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

/** Makes the checks that do not need the list of common passwords. */
export function checkText(
  password: unknown,
  { minLength = 8, maxLength = 256 }: PasswordPolicy = {},
): Exclude<PasswordReason, "password_common"> | null {
  if (typeof password !== "string") return "password_invalid"
  // A code point has at most two UTF-16 units, so this text is too long whatever it contains.
  if (password.length > 2 * maxLength) return "password_too_long"
  if (!isWellFormed(password)) return "password_invalid"
  // At most 256 code points have at most 1,024 bytes of UTF-8, the most that a hasher takes.
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

// What String() makes of a missing or unexpected field. With a misspelt field, all users would have this password.
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

import { AuthError } from "../core/errors.ts"

import { normalizeUsername } from "./normalize-username.ts"

const encoder = new TextEncoder()

/**
 * Checks what a stranger calls themselves at a provider, and gives the form in which it is stored; `null` if it cannot be
 * one: 1 to 200 bytes of well-formed text without control characters.
 */
export function toStoredId(providerUserId: unknown, isNormalized: boolean): string | null {
  // Long text is turned away before it is worked on.
  if (typeof providerUserId !== "string" || providerUserId.length > 200 || !isPlainText(providerUserId)) return null
  const id = isNormalized ? normalizeUsername(providerUserId) : providerUserId
  const bytes = encoder.encode(id).length
  return bytes > 0 && bytes <= 200 ? id : null
}

// A lone surrogate would be stored as the same replacement character as every other.
function isPlainText(text: string): boolean {
  return !/[\p{Cc}\p{Surrogate}]/u.test(text)
}

/** Throws `invalid_option` unless this can name a provider: 1 to 50 characters, without `:` and control characters. */
export function checkProviderId(providerId: string): void {
  if (typeof providerId === "string" && /^[^:\p{Cc}\p{Surrogate}]{1,50}$/u.test(providerId)) return
  throw new AuthError(
    "invalid_option",
    "A provider id is 1 to 50 characters without a colon, such as username or github.",
  )
}

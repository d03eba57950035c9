import { invalidOption } from "../core/options.ts"
import type { KeyName } from "../core/ports.ts"
import { toUtf8 } from "../platform/bytes.ts"

const maxBytes = 254

/**
 * Returns the form in which a provider user id is stored, or `null` if it is invalid. It must be 1 to 254 bytes of
 * well-formed text without control characters, and `normalize` must accept it.
 */
export function toStoredId(
  providerUserId: unknown,
  normalize: (text: string) => string | null = (text) => text,
): string | null {
  // Refuses long text before any work.
  if (!isPlainText(providerUserId) || providerUserId.length > maxBytes) return null
  const id = normalize(providerUserId)
  if (id === null) return null
  const bytes = toUtf8(id).length
  return bytes > 0 && bytes <= maxBytes ? id : null
}

/**
 * Returns whether a value is text without control characters and lone surrogates. All surrogates would be stored as one
 * character.
 */
export function isPlainText(value: unknown): value is string {
  return typeof value === "string" && !/[\p{Cc}\p{Surrogate}]/u.test(value)
}

/** Throws `invalid_option` unless a provider id is valid: 1 to 50 characters, without `:` and control characters. */
export function checkProviderId(providerId: string): void {
  if (typeof providerId === "string" && /^[^:\p{Cc}\p{Surrogate}]{1,50}$/u.test(providerId)) return
  throw invalidOption(
    "providerId",
    providerId,
    'is not a provider id; use 1 to 50 characters without a colon, such as "github"',
  )
}

/** Returns whether two names identify the same key. */
export function isSameKey(key: KeyName, other: KeyName | null): boolean {
  return key.providerId === other?.providerId && key.providerUserId === other.providerUserId
}

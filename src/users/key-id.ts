import { invalidOption } from "../core/options.ts"
import type { KeyName } from "../core/ports.ts"
import { toUtf8 } from "../platform/bytes.ts"

const maxBytes = 254

/**
 * Checks a provider user id and returns the form in which it is stored; `null` if it is invalid: not 1 to 254 bytes of
 * well-formed text without control characters, or nothing that `normalize` takes.
 */
export function toStoredId(
  providerUserId: unknown,
  normalize: (text: string) => string | null = (text) => text,
): string | null {
  // Long text is refused before any work.
  if (!isPlainText(providerUserId) || providerUserId.length > maxBytes) return null
  const id = normalize(providerUserId)
  if (id === null) return null
  const bytes = toUtf8(id).length
  return bytes > 0 && bytes <= maxBytes ? id : null
}

/** Returns whether a value is text without control characters and lone surrogates, which would all be stored as one. */
export function isPlainText(value: unknown): value is string {
  return typeof value === "string" && !/[\p{Cc}\p{Surrogate}]/u.test(value)
}

/** Throws `invalid_option` unless this can name a provider: 1 to 50 characters, without `:` and control characters. */
export function checkProviderId(providerId: string): void {
  if (typeof providerId === "string" && /^[^:\p{Cc}\p{Surrogate}]{1,50}$/u.test(providerId)) return
  throw invalidOption(
    "providerId",
    providerId,
    'is not a provider id; use 1 to 50 characters without a colon, such as "github"',
  )
}

/** Returns whether two names are of one key. */
export function isSameKey(key: KeyName, other: KeyName | null): boolean {
  return key.providerId === other?.providerId && key.providerUserId === other.providerUserId
}

import { toUtf8 } from "../platform/bytes.ts"
import type { OAuthProfile } from "./provider.ts"

/**
 * Checks what a provider has answered, which no compiler has seen. `null` without an id that a key can have: text of 1 to
 * 254 bytes, or an integer. Everything that is not surely true is false.
 */
export function checkProfile<P extends OAuthProfile>(profile: P | null): P | null {
  const providerUserId = idOf(profile?.providerUserId)
  if (!profile || providerUserId === null) return null
  const { emailVerified, authenticatedAt } = profile
  const email = filledText(profile.email)
  return {
    ...profile,
    providerUserId,
    email,
    emailVerified: emailVerified === true && email !== null,
    name: filledText(profile.name),
    authenticatedAt: authenticatedAt instanceof Date && !Number.isNaN(Number(authenticatedAt)) ? authenticatedAt : null,
  }
}

/** A provider that leaves the id out, or sends `null`, must not make all its users one. */
function idOf(id: unknown): string | null {
  if (Number.isSafeInteger(id) || typeof id === "bigint") return String(id)
  const isText = typeof id === "string" && /^[^\p{Cc}\p{Surrogate}]{1,254}$/u.test(id)
  return isText && toUtf8(id).length <= 254 ? id : null
}

/** Text that is not empty, or `null`. */
export function filledText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null
}

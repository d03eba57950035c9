import { toUtf8 } from "../platform/bytes.ts"
import type { OAuthProfile } from "./provider.ts"

/** In bytes, as JSON. A ticket holds the profile, and stores limit the size of a row. */
const maxBytes = 8192

/**
 * Checks the answer of a provider at run time. Throws unless its id is text of 1 to 254 bytes or an integer, and if it is
 * too large or not JSON. An address is verified only by the boolean `true`.
 */
export function checkProfile<P extends OAuthProfile>(profile: P | null): P {
  const providerUserId = idOf(profile?.providerUserId)
  if (!profile || providerUserId === null) throw new Error("there is no user id in the answer")
  const { emailVerified, authenticatedAt } = profile
  const email = filledText(profile.email)
  const checked = {
    ...profile,
    providerUserId,
    email,
    emailVerified: emailVerified === true && email !== null,
    name: filledText(profile.name),
    authenticatedAt: authenticatedAt instanceof Date && !Number.isNaN(Number(authenticatedAt)) ? authenticatedAt : null,
  }
  if (toUtf8(JSON.stringify(checked)).length > maxBytes) throw new Error(`a profile of more than ${maxBytes} bytes`)
  return checked
}

/** Never text such as "undefined": a provider that leaves the id out would make all its users one. */
function idOf(id: unknown): string | null {
  const text = Number.isSafeInteger(id) || typeof id === "bigint" ? String(id) : filledText(id)
  return text && !/[\p{Cc}\p{Surrogate}]/u.test(text) && toUtf8(text).length <= 254 ? text : null
}

/** Text that is not empty, or `null`. */
export function filledText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null
}

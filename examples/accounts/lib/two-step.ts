import "server-only"
import { passkeys, recovery, totp } from "./auth"

/** The flow cookie of an authenticator app that is being set up. */
export const enrollmentFlow = "two-step"

/**
 * Removes the recovery codes of a user without an app or a passkey, and returns whether it did. Otherwise a thief could keep
 * some, and use them even after the owner sets up a second factor.
 */
export async function dropLoneRecoveryCodes(userId: string): Promise<boolean> {
  const [apps, keys] = await Promise.all([totp.factorsOf(userId), passkeys.factorsOf(userId)])
  const areAlone = apps.length + keys.length === 0
  if (areAlone) await recovery.removeCodes(userId)
  return areAlone
}

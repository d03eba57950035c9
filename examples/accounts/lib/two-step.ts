import "server-only"
import { passkeys, recovery, totp } from "./auth"

/** The flow cookie of an authenticator app that is being set up. */
export const enrollmentFlow = "two-step"

/**
 * Removes the recovery codes of a user who has neither app nor passkey that they could stand in for, and says whether it
 * did. A thief could keep some, and a second factor that the owner sets up later would not stop the thief.
 */
export async function dropLoneRecoveryCodes(userId: string): Promise<boolean> {
  const [apps, keys] = await Promise.all([totp.factorsOf(userId), passkeys.factorsOf(userId)])
  const areAlone = apps.length + keys.length === 0
  if (areAlone) await recovery.removeCodes(userId)
  return areAlone
}

import type { PasswordAttempt } from "../../src/users/users.ts"

/** What a visitor types to sign in by a user name. */
export function attemptOf(providerUserId: unknown, password: unknown): PasswordAttempt {
  return { providerId: "username", providerUserId, password }
}

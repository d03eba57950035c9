import { AuthError, isAuthError } from "../core/errors.ts"

/** Runs one hashing. What it throws becomes `hash_failed`, so a failing platform never looks like a wrong password. */
export async function attemptHash<Result>(work: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    throw isAuthError(cause) ? cause : new AuthError("hash_failed", "Password hashing failed: see the cause", { cause })
  }
}

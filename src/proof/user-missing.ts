import { isAuthError } from "../core/errors.ts"

/** For `catch`: turns the error that a user does not exist into `null`. Throws any other. */
export function nullIfUserMissing(error: unknown): null {
  if (isAuthError(error) && error.code === "user_missing") return null
  throw error
}

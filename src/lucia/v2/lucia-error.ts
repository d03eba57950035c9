import { isAuthError } from "../../core/errors.ts"

/** Every message that a {@link LuciaError} can have. */
export type ErrorMessage =
  | "AUTH_INVALID_SESSION_ID"
  | "AUTH_INVALID_PASSWORD"
  | "AUTH_DUPLICATE_KEY_ID"
  | "AUTH_INVALID_KEY_ID"
  | "AUTH_INVALID_USER_ID"
  | "AUTH_INVALID_REQUEST"
  | "AUTH_NOT_AUTHENTICATED"
  | "REQUEST_UNAUTHORIZED"
  | "UNKNOWN_ERROR"
  | "AUTH_OUTDATED_PASSWORD"

/** Thrown for errors that a visitor may have caused. Compare `message`. */
export class LuciaError extends Error {
  declare message: ErrorMessage
  detail: string

  constructor(errorMsg: ErrorMessage, detail?: string) {
    super(errorMsg)
    this.detail = detail ?? ""
  }
}

/** The class that adapters receive, so that they throw the library's errors. */
export type LuciaErrorConstructor = typeof LuciaError

/** Awaits a write for a user. Throws `AUTH_INVALID_USER_ID` if the user does not exist. */
export async function ofUser<Result>(write: Promise<Result>): Promise<Result> {
  try {
    return await write
  } catch (error) {
    throw isAuthError(error) && error.code === "user_missing" ? new LuciaError("AUTH_INVALID_USER_ID") : error
  }
}

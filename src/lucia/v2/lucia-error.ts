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

/** Thrown for what a visitor may have caused. Tests are made on `message`. */
export class LuciaError extends Error {
  declare message: ErrorMessage
  detail: string

  constructor(errorMsg: ErrorMessage, detail?: string) {
    super(errorMsg)
    this.detail = detail ?? ""
  }
}

/** The class that adapters get, so that theirs are the library's errors. */
export type LuciaErrorConstructor = new (errorMsg: ErrorMessage, detail?: string) => LuciaError

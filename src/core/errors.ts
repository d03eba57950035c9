/** Every code an {@link AuthError} can have. Codes are stable; messages are not. */
export type AuthErrorCode =
  | "invalid_option"
  | "missing_port"
  | "store_failed"
  | "user_missing"
  | "unsupported"
  | "cookie_too_large"
  | "hash_failed"
  | "headers_sent"
  | "proof_void"
  | "provider_failed"

// All copies of a module and all realms of a process share the registry of symbols.
const brand: unique symbol = Symbol.for("nightlatch.AuthError")

/** Thrown for developer mistakes and outages. What a visitor can cause is a returned value instead. */
export class AuthError extends Error {
  override readonly name = "AuthError"
  /** Lets {@link isAuthError} recognize the error. */
  get [brand](): true {
    return true
  }
  declare readonly code: AuthErrorCode

  constructor(code: AuthErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** Returns whether a caught value is an {@link AuthError}, from any copy of this package and any realm. */
export function isAuthError(error: unknown): error is AuthError {
  return (error as Partial<AuthError> | null | undefined)?.[brand] === true
}

type Methods = Record<string, (...values: never[]) => Promise<unknown>>

/**
 * Guards a port: errors of its methods become `store_failed`, so that an outage never looks like "signed out". Throws
 * `missing_port` if a method is missing. `owner` is the option that has the methods.
 */
export function guardPort<Port extends object>(
  port: Port,
  methods: readonly (keyof Port & string)[],
  owner = "adapter",
): Port {
  return Object.fromEntries(methods.map((name) => [name, guard(port as Methods, name, owner)])) as Port
}

function guard(port: Methods, name: string, owner: string) {
  if (typeof port?.[name] !== "function") throw new AuthError("missing_port", `${owner}: ${name}() is missing; add it`)
  return async (...values: never[]) => {
    try {
      return await port[name]!(...values)
    } catch (cause) {
      throw isAuthError(cause) ? cause : new AuthError("store_failed", "The store failed", { cause })
    }
  }
}

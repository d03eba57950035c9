import { isAuthError } from "../core/errors.ts"
import type { OAuthRefusal, OAuthResult } from "./oauth.ts"

/** Makes the result of a flow that has led nowhere. `problem` is for logs. */
export function refuse(reason: OAuthRefusal, problem?: string): OAuthResult<never, never> {
  // Visitors and providers have written it. In a log it must not look like another line.
  return Object.defineProperty({ outcome: "refused", reason } as const, "problem", {
    value: problem?.replace(/\p{Cc}/gu, " "),
  })
}

/**
 * Returns what an error says, and what the provider said. Never the answer itself, which may hold tokens. Throws an error
 * of this package again: the provider has not failed then.
 */
export function problemOf(thrown: unknown): string {
  if (isAuthError(thrown)) throw thrown
  const { message, cause } = Object(thrown) as { message?: unknown; cause?: { body?: unknown } }
  // GitHub reports errors with status 200: there the body is not that of an error.
  const { error, error_description } = Object(cause?.body ?? cause) as Record<string, unknown>
  return [message, error, error_description].filter((part) => typeof part === "string").join(": ")
}

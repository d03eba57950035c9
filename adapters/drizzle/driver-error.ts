import { withoutValues } from "../retry/driver-error.ts"

/**
 * Takes off what Drizzle wraps a driver's error in: that message repeats the parameters, password hashes among them,
 * and what a visitor has sent could read there like the error of a driver.
 */
export function driverErrorOf(error: unknown): unknown {
  const { message, cause } = Object(error) as { message?: unknown; cause?: unknown }
  const isWrapper = typeof message === "string" && message.startsWith("Failed query: ")
  return isWrapper && cause ? driverErrorOf(cause) : withoutValues(error)
}

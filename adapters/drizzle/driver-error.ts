import { isError } from "../../src/core/realm.ts"
import { withoutValues } from "../sql/driver-error.ts"

/**
 * Takes off what Drizzle wraps a driver's error in: that message repeats the parameters, password hashes among them,
 * and what a stranger has sent could read there like the error of a driver.
 */
export function driverErrorOf(error: unknown): unknown {
  if (isError(error) && error.message.startsWith("Failed query: ") && isError(error.cause))
    return driverErrorOf(error.cause)
  return withoutValues(error)
}

import { isError } from "../../src/core/realm.ts"

const deepest = 5

/** Tells whether an error, or one it was caused by, fits: drivers are often wrapped by what runs them. */
export function causedBy(error: unknown, fits: (error: DriverError) => boolean): boolean {
  let current = error
  for (let depth = 0; depth < deepest && isError(current); depth++) {
    if (fits(current)) return true
    current = current.cause
  }
  return false
}

// The statement, into which mysql2 writes the parameters; the parameters; and PostgreSQL's detail, which may be a row.
const telling = ["sql", "params", "parameters", "args"]
const rowDetail = "Failing row contains"

/** Takes the values off a driver's error, password hashes among them: who logs the error would keep them. */
export function withoutValues(error: unknown): unknown {
  if (!isError(error)) return error
  const { detail } = error as { detail?: unknown }
  const names = String(detail).startsWith(rowDetail) ? [...telling, "detail"] : telling
  const isOpen = (name: string) => Object.getOwnPropertyDescriptor(error, name)?.configurable !== false
  return names.every(isOpen) ? without(error, names) : copyOf(error, names)
}

function without(error: object, names: string[]): object {
  for (const name of names) Reflect.deleteProperty(error, name)
  return error
}

// postgres.js makes properties that cannot be deleted, and with its option `debug` every log shows them.
function copyOf(error: Error, names: string[]): object {
  const properties = Object.entries(Object.getOwnPropertyDescriptors(error)).filter(([name]) => !names.includes(name))
  // An error by birth: only such a one is recognised across realms.
  const copy = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error) as object) as object
  return Object.defineProperties(copy, Object.fromEntries(properties))
}

/** The fields by which drivers say what went wrong. */
export interface DriverError extends Error {
  code?: unknown
  errno?: unknown
}

import { isError as isErrorByBirth } from "../../src/platform/realm.ts"

const maxDepth = 5

/** The fields that drivers set on their errors. */
export interface DriverError extends Error {
  code?: unknown
  errno?: unknown
}

/** Returns whether an error, or one that caused it, fits. Libraries often wrap their driver's errors. */
export function causedBy(error: unknown, fits: (error: DriverError) => boolean): boolean {
  let current = error
  for (let depth = 0; depth < maxDepth && isError(current); depth++) {
    if (fits(current)) return true
    current = current.cause
  }
  return false
}

// Checked by shape: an error may come from another realm, as in Jest.
function isError(value: unknown): value is DriverError {
  return isObject(value) && typeof (value as { message?: unknown }).message === "string"
}

// Fields that can hold values: statements, into which mysql2 writes the parameters; the parameters, by their names in
// drivers, query builders and ORMs; and what PostgreSQL adds: a row or key in `detail`, and the parameters in `where`
// if the server logs them on errors.
const valueFields = ["sql", "query", "params", "parameters", "args", "bindings", "values", "command", "detail", "where"]

/**
 * Removes the values that were sent from a driver's error and everything it contains. Otherwise anyone who logs the
 * error would store token hashes and password hashes.
 */
export function withoutValues(error: unknown): unknown {
  return isError(error) ? cleaned(error, new Map()) : error
}

/**
 * Removes the values from an object, or from a copy if its properties cannot be changed. `seen` maps each object to its
 * result.
 */
function cleaned(value: object, seen: Map<object, object>): object {
  const copied = seen.get(value)
  if (copied) return copied
  const target = canChange(value) ? value : copyOf(value)
  seen.set(value, target).set(target, target)
  for (const name of valueFields) Reflect.deleteProperty(target, name)
  for (const [name, { value: inner }] of Object.entries(Object.getOwnPropertyDescriptors(target)))
    if (typeof inner === "string") replace(target, name, inner, withoutSecrets(inner))
    else if (mayHoldValues(name, inner)) replace(target, name, inner, cleaned(inner, seen))
  return target
}

// The errors inside an error, and the objects that Prisma adds to its own.
function mayHoldValues(name: string, inner: unknown): inner is object {
  return isError(inner) || Array.isArray(inner) || (isObject(inner) && (name === "meta" || name === "cause"))
}

function replace(target: object, name: string, before: unknown, after: unknown): void {
  if (after !== before) Object.defineProperty(target, name, { value: after })
}

// Drizzle's list of parameters after a statement, a session's id, and password hashes in PHC or crypt format.
const parameters = /\nparams: [^]*?(?=\n {4}at |$)/g
const secrets = /\b[0-9a-f]{64}\b|\$[a-z0-9-]+\$[^\s"')]+/gi

function withoutSecrets(text: string): string {
  return text.replace(parameters, "").replace(secrets, "[hidden]")
}

// postgres.js defines properties that are not configurable, and its option `debug` shows them in every log. A frozen
// error does not allow any change.
function canChange(value: object): boolean {
  return Object.entries(Object.getOwnPropertyDescriptors(value)).every(
    ([name, { configurable, writable }]) => configurable || (writable === true && !valueFields.includes(name)),
  )
}

function copyOf(value: object): object {
  if (Array.isArray(value)) return Array.from(value)
  const properties = Object.entries(Object.getOwnPropertyDescriptors(value))
    .filter(([name]) => !valueFields.includes(name))
    .map(([name, property]) => [name, { ...property, configurable: true }] as const)
  // The copy must be created as an error: only such an object is recognised across realms.
  const copy = Object.setPrototypeOf(isErrorByBirth(value) ? new Error() : {}, Object.getPrototypeOf(value)) as object
  return Object.defineProperties(copy, Object.fromEntries(properties))
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null
}

import { checkOption } from "../core/options.ts"
import { toUtf8 } from "../platform/bytes.ts"

/**
 * Writes the application's data as JSON, and `undefined` as empty text. Throws `invalid_option` if the data would come
 * back different, such as a `Date`, or exceeds 8,192 bytes.
 */
export function writeData(data: unknown): string {
  if (data === undefined) return ""
  const json = isJson(data) ? JSON.stringify(data) : ""
  const fits = json !== "" && toUtf8(json).length <= 8192
  checkOption("data", data, fits, "is not JSON of at most 8192 bytes; use text, numbers, lists and plain objects")
  return json
}

/** Reads what {@link writeData} wrote. */
export function readData(json: string): unknown {
  return json === "" ? null : JSON.parse(json)
}

/** The depth is limited because data may contain itself. */
function isJson(value: unknown, depth = 0): boolean {
  if (Object(value) !== value) return value === null || /^(str|boo)/.test(typeof value) || Number.isFinite(value)
  if (depth > 99) return false
  const isInside = (one: unknown) => isJson(one, depth + 1)
  if (Array.isArray(value)) return value.every(isInside)
  const prototype: unknown = Object.getPrototypeOf(value)
  // An instance of a class would come back without its methods. A plain object may come from another realm.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null
  // JSON leaves out a property that is undefined, like an optional one that was not given.
  return isPlain && Object.values(value as object).every((one) => one === undefined || isInside(one))
}

import { AuthError } from "./errors.ts"

type NamesOf<Options> = keyof Options & string

/**
 * Throws `invalid_option` for an option that `taker` does not read, and suggests the name that was probably meant.
 * `names` are all the options of the type, which the compiler checks.
 *
 * @example
 * checkOptions("session", options, "idleTimeout", "absoluteTimeout")
 */
export function checkOptions<Options extends object, Name extends NamesOf<Options>>(
  taker: string,
  options: Options | undefined,
  ...names: [NamesOf<Options>] extends [Name] ? Name[] : never[]
): void {
  // Text may come from a changed Object.prototype, and has no options.
  for (const name of Object.keys(typeof options === "string" ? {} : (Object(options) as object))) {
    if (!(names as string[]).includes(name))
      throw invalidOption(taker, name, `is not an option; ${hintFor(name, names)}`)
  }
}

/** Throws {@link invalidOption} unless the value is valid. */
export function checkOption(path: string, value: unknown, isValid: boolean | undefined, problem: string): void {
  if (!isValid) throw invalidOption(path, value, problem)
}

/**
 * Creates the error of an option: `session.idleTimeout: "30 days" is not a duration; use one such as "30d"`. `problem`
 * says what is wrong and, after a semicolon, what to do. The value must not be a secret.
 */
export function invalidOption(path: string, value: unknown, problem: string): AuthError {
  return new AuthError("invalid_option", `${path}: ${shown(value)} ${problem}`)
}

/** Formats a value for a message: text in quotes, cut to 40 characters, and an object only as its type. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40))
  return Object(value) === value ? typeof value : String(value)
}

/**
 * Suggests the option that was probably meant, otherwise lists all of them. An option is suggested if two thirds of the
 * letters are in the same place, counted from its start or its end.
 */
export function hintFor(wrong: string, names: readonly string[]): string {
  const letters = Array.from(wrong.toLowerCase())
  const meant = names.find((name) => {
    const lower = name.toLowerCase()
    const hits = letters.filter((letter, at) => letter === lower[at] || letter === lower.at(at - letters.length))
    return hits.length >= (letters.length * 2) / 3
  })
  return meant ? `did you mean "${meant}"?` : `use ${names.join(", ")}`
}

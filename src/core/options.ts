import { AuthError } from "./errors.ts"

type NamesOf<Options> = keyof Options & string

/**
 * Throws `invalid_option` for an option that `taker` does not read, with the name that was probably meant. `names` are
 * all the options of the type, which the compiler checks.
 *
 * @example
 * checkOptions("session", options, "idleTimeout", "absoluteTimeout")
 */
export function checkOptions<Options extends object, Name extends NamesOf<Options>>(
  taker: string,
  options: Options | undefined,
  ...names: [NamesOf<Options>] extends [Name] ? Name[] : never[]
): void {
  // Text may come from an Object.prototype that somebody has changed, and has no options in it.
  for (const name of Object.keys(typeof options === "string" ? {} : (Object(options) as object))) {
    if (!(names as string[]).includes(name))
      throw new AuthError("invalid_option", `${taker} has no option "${name}". ${hintFor(name, names)}`)
  }
}

/** Throws `invalid_option`, which names the option, its value and what to do, unless the value is valid. */
export function checkOption(option: string, value: unknown, isValid: boolean | undefined, remedy: string): void {
  if (!isValid) throw new AuthError("invalid_option", `${option}: ${JSON.stringify(value)} is invalid. ${remedy}`)
}

/** Names the option that differs in one place only, where a third of it may be other letters, five at most. */
function hintFor(unknown: string, names: string[]): string {
  const near = names.find((name) =>
    Array.from(name).some((_, at) =>
      RegExp(`^${name.slice(0, at)}.{0,5}${name.slice(at + name.length / 3)}$`, "i").test(unknown),
    ),
  )
  return near ? `Did you mean "${near}"?` : `It takes ${names.join(", ")}.`
}

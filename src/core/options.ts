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
  if (typeof options !== "object") return
  for (const unknown of Object.keys(options ?? {})) {
    if ((names as string[]).includes(unknown)) continue
    const near = names.find((name) => isNear(unknown.toLowerCase(), name.toLowerCase(), name.length / 3))
    const hint = near ? `Did you mean "${near}"?` : `It takes ${names.join(", ")}.`
    throw new AuthError("invalid_option", `${taker} has no option "${unknown}". ${hint}`)
  }
}

/** Returns whether at most `edits` characters must be added, removed or replaced to turn one name into the other. */
function isNear(a: string, b: string, edits: number): boolean {
  if (a === b) return edits >= 0
  if (edits < 1) return false
  const [aRest, bRest] = [a.slice(1), b.slice(1)]
  if (a[0] === b[0]) return isNear(aRest, bRest, edits)
  return isNear(aRest, bRest, edits - 1) || isNear(aRest, b, edits - 1) || isNear(a, bRest, edits - 1)
}

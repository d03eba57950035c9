import { checkOption } from "../../core/options.ts"

/**
 * Throws `invalid_option` unless each attribute can be one of the application's own columns. Lucia's adapters let
 * attributes overwrite their own columns, and quote names without escaping them.
 */
export function requireColumns(path: string, names: readonly string[], ...reserved: string[]): void {
  for (const name of names) {
    const isReserved = reserved.some((column) => plainName(column) === plainName(name))
    checkOption(path, name, !isReserved, "would overwrite a column of the library; rename it")
    const isPlain = name !== "__proto__" && /^[\p{L}\p{N}_$-]+$/u.test(name)
    checkOption(path, name, isPlain, 'cannot be a column; use letters, digits, "_", "$" and "-"')
  }
}

function plainName(name: string): string {
  return name.replaceAll("_", "").toLowerCase()
}

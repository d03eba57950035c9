import { invalidOption } from "../../core/options.ts"

const reserved = {
  user: ["id"],
  session: ["id", "userid", "activeexpires", "idleexpires"],
}

/**
 * Throws `invalid_option` unless each attribute can be a column of the application's own. Adapters of Lucia write the
 * names into their statements without escaping them, and spread the values over columns of the library.
 */
export function requireColumns(owner: keyof typeof reserved, attributes: object): void {
  for (const name of Object.keys(attributes)) {
    if (reserved[owner].includes(name.replaceAll("_", "").toLowerCase()))
      throw invalidOption(`${owner} attributes`, name, "would overwrite a column of the library; rename it")
    if (name === "__proto__" || !/^[\p{L}\p{N}_$-]+$/u.test(name))
      throw invalidOption(`${owner} attributes`, name, 'cannot be a column; use letters, digits, "_", "$" and "-"')
  }
}

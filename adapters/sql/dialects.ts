import { invalidOption } from "../../src/core/options.ts"
import type { Dialect, DialectName } from "./dialect.ts"
import { mysql } from "./mysql-dialect.ts"
import { postgres } from "./postgres-dialect.ts"
import { sqlite } from "./sqlite-dialect.ts"

const dialects: Record<DialectName, Dialect> = { sqlite, postgres, mysql }

/** Finds a dialect by its name. Throws `invalid_option` for an unknown one. */
export function dialectOf(name: DialectName): Dialect {
  if (Object.hasOwn(dialects, name)) return dialects[name]
  throw invalidOption("dialect", name, 'is unknown; use "sqlite", "postgres" or "mysql"')
}

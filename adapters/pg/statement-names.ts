import { causedBy } from "../sql/driver-error.ts"

/** The names under which statements are prepared. */
export interface StatementNames {
  /** The name of a statement; `undefined` where it is to go without. */
  of(sql: string): string | undefined
  /** Whether the server refused a statement because of what it has prepared under this name, or has not. */
  isRefused(error: unknown): boolean
}

// Far more than the adapter's statements and the sets of attributes of any application: each stays on the server.
const mostNames = 500

// Appendix A of PostgreSQL's manual. A table was altered, so that the plan no longer fits.
const stalePlan = "0A000"
// invalid_sql_statement_name and duplicate_prepared_statement: a pooler gave the connection to somebody else.
const pooled = new Set<unknown>(["26000", "42P05"])

/** Makes names that nobody else uses on the same connections. */
export function statementNames(): StatementNames {
  let names = new Map<string, string>()
  let prefix = newPrefix()
  let isPooled = false
  return {
    of(sql) {
      if (isPooled) return undefined
      const known = names.get(sql)
      if (known !== undefined || names.size === mostNames) return known
      const name = `${prefix}${names.size}`
      names.set(sql, name)
      return name
    },
    isRefused(error) {
      const isPoolers = causedBy(error, ({ code }) => pooled.has(code))
      const isStale = causedBy(error, ({ code }) => code === stalePlan)
      if (isPoolers) isPooled = true
      if (isStale) [names, prefix] = [new Map(), newPrefix()]
      return isPoolers || isStale
    },
  }
}

function newPrefix(): string {
  const random = crypto.getRandomValues(new Uint32Array(2))
  return `nightlatch_${random.join("_")}_`
}

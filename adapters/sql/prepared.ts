import { causedBy } from "../retry/driver-error.ts"

// Appendix A of PostgreSQL's manual: invalid_sql_statement_name and duplicate_prepared_statement.
const pooled = new Set<unknown>(["26000", "42P05"])
// "cached plan must not change result type".
const stalePlan = "0A000"

/** Returns whether a connection pooler, such as PgBouncer, gave the connection that had prepared a statement to others. */
export function isPooled(error: unknown): boolean {
  return causedBy(error, ({ code }) => pooled.has(code))
}

/** Returns whether a table was altered, so that the plan of a prepared statement no longer fits. */
export function isStalePlan(error: unknown): boolean {
  return causedBy(error, ({ code }) => code === stalePlan)
}

/** Returns whether the server refused a prepared statement, which was then not run. */
export function isPreparedRefused(error: unknown): boolean {
  return isPooled(error) || isStalePlan(error)
}

import type { DialectName } from "./dialect.ts"
import type { SqlExecutor } from "./executor.ts"
import type { Executor } from "./store.ts"

/** An executor that the entry of a driver makes. It tells whose SQL its database speaks. */
export interface DriverExecutor extends SqlExecutor {
  readonly dialect: DialectName
}

/** Makes an executor for the application of the one that an adapter uses, whose driver may answer at once. */
export function driverExecutor(dialect: DialectName, executor: Executor): DriverExecutor {
  return { ...executor, dialect, query: async (sql, params) => executor.query(sql, params) }
}

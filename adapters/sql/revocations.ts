import { AuthError } from "../../src/core/errors.ts"
import { checkOptions } from "../../src/core/options.ts"
import type { Revocations } from "../../src/core/ports.ts"
import { hashText } from "../../src/platform/crypto.ts"
import { checkedTable, quotedTable } from "../port/names.ts"
import { timeOf } from "../port/parameters.ts"
import type { Dialect, DialectName } from "./dialect.ts"
import type { SqlExecutor, SqlStatement, SqlValue } from "./executor.ts"
import { createTable } from "./create-table.ts"
import { bind, template } from "./statement.ts"
import { pooledStore } from "./store.ts"

/** Options of the revocations of stateless sessions. */
export interface RevocationTable {
  /** The name of the table, `auth.revocation` with a schema. Default: `session_revocation`. */
  table?: string | undefined
}

/** Revocations in a table, which needs regular cleanup. */
export interface SqlRevocations extends Revocations {
  /** Deletes expired revocations in batches. Resolves to how many. Run it from a daily job. */
  deleteExpiredRevocations(): Promise<number>
}

const defaultTable = "session_revocation"
const batchSize = 1000

const columns: Record<DialectName, string[]> = {
  sqlite: ["id TEXT NOT NULL PRIMARY KEY", "expires_at INTEGER NOT NULL"],
  postgres: ["id TEXT NOT NULL PRIMARY KEY", "expires_at BIGINT NOT NULL"],
  mysql: ["id VARBINARY(64) NOT NULL PRIMARY KEY", "expires_at BIGINT NOT NULL"],
}

/**
 * Returns the statements that create the table of revocations with its index. Throws `invalid_option` if the name is
 * not a plain identifier.
 */
export function revocationStatements({ name }: Dialect, options: RevocationTable): string[] {
  checkOptions("revocationSchema()", options, "table")
  const { table = defaultTable } = options
  return createTable(name, checkedTable(table), columns[name], ["expires_at"])
}

/** Stores revocations in a table under the SHA-256 of their keys, so that a key can be any text and reveals no user. */
export function createSqlRevocations(
  dialect: Dialect,
  executor: SqlExecutor,
  options: RevocationTable & { now?: (() => number) | undefined },
): SqlRevocations {
  const { table = defaultTable, now = Date.now } = options
  const name = quotedTable(checkedTable(table), dialect.quote)
  const store = pooledStore(executor, dialect)
  const statement = (text: string, values: SqlValue[]): SqlStatement => bind(template(dialect, text), values)

  return {
    async revoke(key, until) {
      const insert = `INSERT INTO ${name} (id, expires_at) VALUES (?1, ?2) ${keepLonger(dialect, name)}`
      await store.execute(statement(insert, [hashText(key), timeOf(until)]))
    },
    async isRevoked(keys) {
      const ids = keys.map(hashText)
      if (ids.length === 0) return false
      const places = ids.map((_, n) => `?${n + 2}`).join(", ")
      const find = `SELECT id FROM ${name} WHERE id IN (${places}) AND expires_at > ?1 LIMIT 1`
      const rows = await store.query(statement(find, [now(), ...ids]))
      if (Array.isArray(rows)) return rows.length > 0
      throw new AuthError("store_failed", "query() of the SQL executor resolves to a list of rows.")
    },
    async deleteExpiredRevocations() {
      const text = dialect.deleteSome(name, "expires_at <= ?1", batchSize, "expires_at")
      let total = 0
      for (;;) {
        const deleted = await store.execute(statement(text, [now()]))
        total += deleted
        if (deleted < batchSize) return total
      }
    },
  }
}

function keepLonger({ name }: Dialect, table: string): string {
  if (name === "mysql") return "ON DUPLICATE KEY UPDATE expires_at = GREATEST(expires_at, ?2)"
  return `ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at WHERE ${table}.expires_at < excluded.expires_at`
}

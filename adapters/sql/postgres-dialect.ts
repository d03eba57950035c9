import type { UserIdType } from "../port/user-ids.ts"
import { causedBy } from "../retry/driver-error.ts"
import type { Column, Dialect } from "./dialect.ts"
import { kindsOf } from "./dialect.ts"

const castOf: Record<UserIdType, string> = { text: "", integer: "::bigint", bigint: "::bigint", uuid: "::uuid" }

// Appendix A of PostgreSQL's manual: unique_violation; serialization_failure and deadlock_detected.
const taken = "23505"
const passing = new Set<unknown>(["40001", "40P01"])
// invalid_sql_statement_name and duplicate_prepared_statement; then "cached plan must not change result type".
const pooled = new Set<unknown>(["26000", "42P05"])
const stalePlan = "0A000"

const kinds = kindsOf({
  // format_type() returns `bpchar` for a character(n) without its length.
  text: ["text", "character varying", "bpchar", "citext", "name"],
  integer: ["smallint", "integer", "bigint"],
  number: ["real", "double precision", "numeric"],
  boolean: ["boolean"],
  time: ["date", "timestamp without time zone", "timestamp with time zone"],
  json: ["json", "jsonb"],
  bytes: ["bytea"],
  uuid: ["uuid"],
})

const plainText = new Set(["text", "character varying"])

/** PostgreSQL 12 and later. */
export const postgres: Dialect = {
  name: "postgres",
  quote: (name) => `"${name.replaceAll('"', '""')}"`,
  placeholder: (n) => `$${n}`,

  // For a domain, reads its base type.
  columns: (table) =>
    `SELECT attname AS name, format_type(base, -1) AS type, CASE WHEN base IN (1042, 1043) AND length > 4 THEN length - 4 END AS size, (attgenerated = '' AND attidentity <> 'a')::int AS writable, NULL AS charset, (SELECT 'deterministic' FROM pg_collation WHERE oid = attcollation AND collisdeterministic) AS collation, 'DEFAULT' AS fresh, (atthasdef OR attidentity <> '' OR typdefault IS NOT NULL)::int AS has_default, 1 AS is_generated FROM pg_attribute JOIN (SELECT oid AS of_type, typtype, typdefault, typtypmod, CASE typtype WHEN 'd' THEN typbasetype ELSE oid END AS base FROM pg_type) t ON of_type = atttypid, LATERAL (SELECT CASE typtype WHEN 'd' THEN typtypmod ELSE atttypmod END AS length) l WHERE attrelid = to_regclass(${table}) AND attnum > 0 AND NOT attisdropped`,
  catalogueName: (table, schema) => (schema === null ? `"${table}"` : `"${schema}"."${table}"`),
  kindOf: (type) => (type.endsWith("[]") ? "array" : (kinds[type] ?? "other")),
  userIdType: ({ kind }) => (kind === "text" || kind === "uuid" || kind === "integer" ? kind : null),
  words: { id: "TEXT", passkeyId: "TEXT", time: "BIGINT" },
  idProblem({ type, kind, size }, length) {
    // PostgreSQL returns shorter ids padded with spaces.
    if (type === "bpchar" && length !== null && size !== length) return `has the type character(${size})`
    return kind === "text" || kind === "other" ? null : `has the type ${type}`
  },
  holdsTime: ({ type }) => type === "bigint" || type === "numeric" || type === "double precision",

  userId: (parameter, type) => parameter + castOf[type],
  asText: (column) => `${column}::text`,
  sameUser: (column, value, type, id) =>
    type === "text" || id.kind === "text" ? sameText(column, value, id) : `${column} = ${value}`,
  providerOf: (column) => `split_part(${column}::text, ':', 1) COLLATE "C"`,
  same: (left, right) => `${left} IS NOT DISTINCT FROM ${right}`,
  time: (column) => column,
  reader: () => undefined,
  value: (parameter, { type }) => (type.startsWith("json") ? `${parameter}::text::${type}` : parameter),
  // postgres.js converts every value of a JSON column to JSON, even one that already is JSON.
  typed: (parameter, { type }) => `${parameter}${type.startsWith("json") ? "::text" : ""}::${type}`,

  idTable: (ids) => ({
    table: "(SELECT id, place - 1 AS place FROM unnest(string_to_array(?1, ',')) WITH ORDINALITY AS ids(id, place)) i",
    values: [ids.join(",")],
  }),

  keep: " FOR KEY SHARE",
  lock: " FOR UPDATE",
  // PostgreSQL builds an array once, but may run a subquery under IN again and delete more than the limit. The
  // condition is checked again once the row is locked, and rows that another cleanup has locked are skipped. The order
  // is the index's, because the planner may otherwise read the whole table.
  sliceRows: null,
  deleteSome: (table, condition, limit, column) =>
    `DELETE FROM ${table} WHERE id = ANY(ARRAY(SELECT id FROM ${table} WHERE ${condition} ORDER BY ${column} LIMIT ${limit} FOR UPDATE SKIP LOCKED)) AND ${condition}`,
  skipTaken: " ON CONFLICT (id) DO NOTHING",
  returning: true,
  bytewise: (column) => `${column}::text COLLATE "C"`,
  defaultRow: "DEFAULT VALUES",
  lastUser: null,

  isUniqueViolation: (error) => causedBy(error, ({ code }) => code === taken),
  isTransient: (error) => causedBy(error, ({ code }) => passing.has(code)),
}

/**
 * Text with a deterministic collation is equal only byte for byte. Other columns may treat `a` as `A`, so their own
 * comparison comes first, for the index, and a second one compares bytes. Not used for all columns, because it costs a
 * tenth of an unprepared statement.
 */
function sameText(column: string, value: string, { type, collation }: Column): string {
  if (collation === "deterministic" && plainText.has(type)) return `${column} = ${value}::text`
  // Cast to text first: PostgreSQL would treat the parameter as "bpchar" and drop its trailing spaces.
  const own = `${value}::text::${type}`
  return `${column} = ${own} AND ${column}::text COLLATE "C" = ${value}::text`
}

/**
 * Returns whether a connection pooler, such as PgBouncer, gave the connection with a prepared statement to another
 * client.
 */
export function isPooled(error: unknown): boolean {
  return causedBy(error, ({ code }) => pooled.has(code))
}

/** Returns whether a table was altered, so that a prepared statement's plan is outdated. */
export function isStalePlan(error: unknown): boolean {
  return causedBy(error, ({ code }) => code === stalePlan)
}

/** Returns whether the server refused a prepared statement without running it. */
export function isPreparedRefused(error: unknown): boolean {
  return isPooled(error) || isStalePlan(error)
}

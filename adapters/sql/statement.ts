import type { Dialect } from "./dialect.ts"
import type { SqlStatement, SqlValue } from "./executor.ts"

/** A statement in one dialect, to be bound to values many times. */
export interface Template {
  sql: string
  /** For each placeholder, the index of its value, counted from 0. */
  order: number[]
}

// Matches names and strings first, so that a question mark inside one is not a parameter.
const parameter = /"(?:[^"]|"")*"|`(?:[^`]|``)*`|'(?:[^']|'')*'|\?(\d+)/g

/** Converts `?1`, `?2`, which may repeat, to the dialect's placeholders. */
export function template(dialect: Dialect, text: string): Template {
  const order: number[] = []
  const sql = text.replace(parameter, (match, number: string | undefined) => {
    if (number === undefined) return match
    order.push(Number(number) - 1)
    return dialect.placeholder(order.length)
  })
  return { sql, order }
}

/** Binds the values of `?1`, `?2` and so on to a statement. */
export function bind({ sql, order }: Template, values: SqlValue[]): SqlStatement {
  return { sql, params: order.map((index) => values[index] ?? null) }
}

// Only a bound: no application's statements and attribute sets come near it.
const maxMade = 500

/** Returns the value of a key, or creates it. */
export function madeOnce<Value>(made: Map<string, Value>, key: string, make: () => Value): Value {
  const existing = made.get(key)
  if (existing !== undefined) return existing
  const value = make()
  if (made.size >= maxMade) made.clear()
  made.set(key, value)
  return value
}

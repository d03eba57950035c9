import type { Dialect } from "./dialect.ts"
import type { SqlStatement, SqlValue } from "./executor.ts"

/** A statement in one dialect's words, to be given values again and again. */
export interface Template {
  sql: string
  /** For each placeholder, which of the values it takes, counted from 0. */
  order: number[]
}

// Names and strings are matched first, so that a question mark in them stays one.
const parameter = /"(?:[^"]|"")*"|`(?:[^`]|``)*`|'(?:[^']|'')*'|\?(\d+)/g

/** Turns `?1`, `?2`, which may repeat, into the dialect's placeholders. */
export function template(dialect: Dialect, text: string): Template {
  const order: number[] = []
  const sql = text.replace(parameter, (match, number: string | undefined) => {
    if (number === undefined) return match
    order.push(Number(number) - 1)
    return dialect.placeholder(order.length)
  })
  return { sql, order }
}

/** Gives a statement the values of `?1`, `?2` and so on. */
export function bind({ sql, order }: Template, values: SqlValue[]): SqlStatement {
  return { sql, params: order.map((index) => values[index] ?? null) }
}

// Far more than the adapter's statements and the sets of attributes of any application: only a bound.
const maxMade = 500

/** Returns what was made under a key, or makes it. */
export function madeOnce<Value>(made: Map<string, Value>, key: string, make: () => Value): Value {
  const existing = made.get(key)
  if (existing !== undefined) return existing
  const value = make()
  if (made.size >= maxMade) made.clear()
  made.set(key, value)
  return value
}

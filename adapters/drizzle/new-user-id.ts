import type { Column } from "drizzle-orm"
import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { DialectName } from "../sql/dialect.ts"
import { declaredLength, textId } from "../port/random-id.ts"

const text = /^(?:text|varchar|char|character|citext|uuid)\b/i

/** Makes an id that fits a user table; `undefined` if Drizzle or the database makes it and returns it. */
export function newUserId(id: Column, dialect: DialectName): UserId | undefined {
  // Of what MySQL makes, Drizzle is told numbers only.
  const isTold = id.hasDefault && (dialect !== "mysql" || id.defaultFn !== undefined)
  const type = id.getSQLType()
  if (isTold || !isText(id, type)) return undefined
  const made = type.toLowerCase() === "uuid" ? crypto.randomUUID() : textId(declaredLength(type))
  if (made !== null) return made
  throw new AuthError(
    "invalid_option",
    `generateUserId: no id fits the user table, whose column "${id.name}" is ${type}; give it a $defaultFn(), or pass generateUserId to createUsers()`,
  )
}

/** A column of customType() says nothing but its SQL type. */
function isText({ dataType }: Column, type: string): boolean {
  return dataType === "string" || (dataType === "custom" && text.test(type))
}

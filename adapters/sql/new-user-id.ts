import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import { declaredLength, randomId, textId } from "../port/random-id.ts"
import type { Database } from "./database.ts"
import type { Column } from "./dialect.ts"
import { idColumn } from "./user-lookup.ts"

/** Makes an id that fits the user table; `undefined` if the database makes it and returns it. */
export function generateUserId(db: Database): UserId | undefined {
  const id = idColumn(db)
  if (id.hasDefault && id.generated) return undefined
  if (db.ids.type === "integer" || db.ids.type === "bigint") throw noId(id, "no default")
  if (db.ids.type === "uuid" || id.kind === "uuid") return crypto.randomUUID()
  // SQLite keeps a length in the type's name.
  const room = id.size ?? declaredLength(id.type)
  const made = textId(room)
  if (made === null) throw noId(id, `room for ${room} characters`)
  // A "character" of PostgreSQL's must be filled, or it comes back with blanks.
  return id.type === "bpchar" ? made + randomId(room - made.length) : made
}

function noId({ type }: Column, has: string): AuthError {
  return new AuthError(
    "invalid_option",
    `generateUserId: no id fits the user table, whose column "id" has the type ${type} and ${has}; let the database number the rows (INTEGER PRIMARY KEY, IDENTITY, AUTO_INCREMENT), or pass generateUserId to createUsers()`,
  )
}

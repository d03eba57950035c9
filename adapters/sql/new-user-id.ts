import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import { randomId } from "../values/random-id.ts"
import type { Database } from "./database.ts"
import type { Column } from "./dialect.ts"
import { idColumn } from "./user-lookup.ts"

const usualLength = 16
// 60 random bits. With fewer, two of a billion users would have the same id.
const shortest = 12
const uuidLength = 36

/** Makes an id that fits the user table; `undefined` where the database makes it, and tells which. */
export async function generateUserId(db: Database): Promise<UserId | undefined> {
  const open = await db.open("user")
  const id = idColumn(open)
  if (id.hasDefault && id.generated) return undefined
  if (open.ids.type === "integer" || open.ids.type === "bigint") throw noId(id, "no default")
  const length = id.size ?? declaredSize(id.type)
  if (open.ids.type === "uuid" || id.kind === "uuid" || length === uuidLength) return crypto.randomUUID()
  if (length < shortest) throw noId(id, `room for ${length} characters`)
  // A "character" of PostgreSQL's must be filled, or it comes back with blanks.
  return randomId(id.type === "bpchar" ? length : Math.min(length, usualLength))
}

/** SQLite keeps a length in the type's name. */
function declaredSize(type: string): number {
  return Number(/\((\d+)\)/.exec(type)?.[1] ?? Infinity)
}

function noId({ type }: Column, has: string): AuthError {
  return new AuthError(
    "invalid_option",
    `No id fits the user table: its column "id" has the type ${type} and ${has}. Let the database number the rows (INTEGER PRIMARY KEY, IDENTITY, AUTO_INCREMENT), or give createUsers() the option generateUserId.`,
  )
}

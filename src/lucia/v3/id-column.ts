import { AuthError } from "../../core/errors.ts"
import type { SessionAdapter, SessionRecord } from "../../core/ports.ts"
import { hashToken } from "../../core/session-token.ts"

interface DriverError {
  code?: unknown
  errno?: unknown
  name?: unknown
  message?: unknown
  cause?: unknown
}

// PostgreSQL: string_data_right_truncation and invalid_text_representation. MySQL and MariaDB: data too long, incorrect
// value for the column. Prisma: value too long, inconsistent column data. Mongoose: a value of another type.
const unfitCodes = new Set<unknown>(["22001", "22P02", 1292, 1366, 1406, "P2000", "P2023", "CastError"])
// Unique violations, and references to the row from other tables, by driver code.
const takenCodes = new Set<unknown>(["23505", 1062, "P2002", 11000])
const referencedCodes = new Set<unknown>(["23503", "23001", 1451, "P2003"])

/** Creates the error for an id column that cannot hold hashed ids. */
export function unfitColumn(cause?: unknown): AuthError {
  return new AuthError(
    "invalid_option",
    'session.id: the id column cannot hold a hash of 64 characters, because it is too short or has another type such as UUID; make it TEXT or VARCHAR(255), or set storedIds: "clear"',
    { cause },
  )
}

/** Returns whether a store refused a session because its id column cannot hold a hash. */
export function isUnfit(error: unknown): boolean {
  return causedBy(error, (one) => has(unfitCodes, one) && !blamesAnotherColumn(String(one.message)))
}

/** Returns whether a store refused a session because of a unique column. */
export function isUniqueViolation(error: unknown): boolean {
  return causedBy(error, (one) => has(takenCodes, one) || /UNIQUE constraint failed/.test(String(one.message)))
}

/** Returns whether a store refused to delete a session because rows of other tables reference it. */
export function isReferenced(error: unknown): boolean {
  return causedBy(
    error,
    (one) => has(referencedCodes, one) || /FOREIGN KEY constraint failed/.test(String(one.message)),
  )
}

type SessionWriter = Pick<SessionAdapter<object>, "insertSession" | "findSession" | "listSessions" | "deleteSession">

/**
 * Creates a function that stores sessions under the hashes of their ids. Throws `invalid_option` if the column cannot
 * hold them, which some databases do not report: MySQL without strict mode truncates the id, and `CHAR` pads it with
 * spaces.
 */
export function hashedInsert(store: SessionWriter): (session: SessionRecord) => Promise<void> {
  let isProven = false

  return async (clear) => {
    const session = { ...clear, id: hashToken(clear.id) }
    try {
      await store.insertSession(session)
    } catch (error) {
      throw isUnfit(error) ? unfitColumn(error) : error
    }
    isProven ||= await isKeptWhole(store, session)
  }
}

/** Returns whether a stored session can be found again. If its id was changed, deletes it and throws `invalid_option`. */
async function isKeptWhole(store: SessionWriter, { id, userId }: SessionRecord): Promise<boolean> {
  if (await store.findSession(id)) return true
  // A missing row may also mean a replica that lags, or a sign-out. Only a changed id proves the problem.
  const listed = await store.listSessions(userId)
  const changed = listed.find((row) => row.id !== id && row.id.length > 8 && isChangedFrom(row.id, id))
  if (!changed) return false
  await store.deleteSession(changed.id)
  throw unfitColumn()
}

function isChangedFrom(stored: string, id: string): boolean {
  return id.startsWith(stored.trimEnd()) || stored.toLowerCase() === id
}

function blamesAnotherColumn(message: string): boolean {
  const [, column = "id"] = /column [`'"](?:\w+[`'"]?\.[`'"]?)*(\w+)[`'"]/.exec(message) ?? []
  const [, length = "0"] = /type character(?: varying)?\((\d+)\)/.exec(message) ?? []
  return !["id", "_id"].includes(column) || Number(length) >= 64
}

function has(codes: Set<unknown>, { code, errno, name }: DriverError): boolean {
  return codes.has(code) || codes.has(errno) || codes.has(name)
}

// ORMs wrap their drivers' errors, and so do the adapters of this package.
function causedBy(error: unknown, fits: (error: DriverError) => boolean): boolean {
  let current = error
  for (let depth = 0; depth < 5 && typeof current === "object" && current !== null; depth++) {
    if (fits(current)) return true
    current = (current as DriverError).cause
  }
  return false
}

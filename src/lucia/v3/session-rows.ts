import { AuthError } from "../../core/errors.ts"
import type { SessionRecord, UserId } from "../../core/ports.ts"
import { isUniqueViolation } from "./id-column.ts"

/** The rows of Lucia's sessions, whose adapters have neither conditional writes nor transactions. */
export interface SessionRows<Row extends { id: string }> {
  /** Finds the row with just this id: some databases take an id in another case, or of another type, for the same. */
  find(id: string): Promise<Row | null>
  /** Lists a user's rows. */
  list(userId: UserId): Promise<Row[]>
  insert(session: SessionRecord): Promise<void>
  /** Inserts a row that was found before. */
  restore(row: Row): Promise<void>
  /** Deletes a row. It may hide errors, as Prisma's adapters do. */
  delete(id: string): Promise<void>
}

/** Changes a row by a call that may reject where there is no row any more. Resolves to whether there was one. */
export async function changeRow<Row extends { id: string }>(
  rows: SessionRows<Row>,
  id: string,
  change: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await change()
    return true
  } catch (error) {
    if (await rows.find(id)) throw error
    return false
  }
}

/** Moves the session of a row that was found to a new id. Resolves to `false` if it was ended in the meantime. */
export async function replaceRow<Row extends { id: string }>(
  rows: SessionRows<Row>,
  oldId: string,
  session: SessionRecord,
): Promise<boolean> {
  // Some stores overwrite the row, and a second move of one session would then take back the first.
  if (await rows.find(session.id)) throw new AuthError("store_failed", "The new id of the session is taken.")
  try {
    await rows.insert(session)
  } catch (error) {
    // The new id may be what is taken, by another request or process that was faster.
    if (!isUniqueViolation(error) || (await rows.find(session.id))) throw error
    return insertInPlaceOf(rows, oldId, session)
  }
  // The new row must not outlive a sign-out during this call.
  const isCurrent = (await rows.find(oldId)) !== null
  await (isCurrent ? removeOld(rows, oldId, session.id) : removeRow(rows, session.id))
  return isCurrent
}

/** Deletes a row. Rejects with `store_failed` if it is still there: a session that lives on must not look ended. */
export async function removeRow<Row extends { id: string }>(rows: SessionRows<Row>, id: string): Promise<void> {
  await rows.delete(id)
  if (await rows.find(id)) throw notDeleted()
}

/** Deletes a user's rows. Looks until none is left: a session may have been replaced or extended in the meantime. */
export async function removeRows<Row extends { id: string }>(
  rows: Pick<SessionRows<Row>, "list" | "delete">,
  userId: UserId,
  exceptId: string | undefined,
): Promise<void> {
  const ended = new Set([exceptId])
  for (;;) {
    const listed = await rows.list(userId)
    const others = listed.map(({ id }) => id).filter((id) => id !== exceptId)
    if (others.length === 0) return
    if (others.every((id) => ended.has(id))) throw notDeleted()
    for (const id of others) await rows.delete(id)
    for (const id of others) ended.add(id)
  }
}

// Where rows of other tables refer to the old session it stays, and a second one must not.
async function removeOld<Row extends { id: string }>(
  rows: SessionRows<Row>,
  oldId: string,
  newId: string,
): Promise<void> {
  try {
    await removeRow(rows, oldId)
  } catch (error) {
    await removeRow(rows, newId)
    throw error
  }
}

// In a table with a unique user id there is room for the new row only without the old one. A crash in between signs
// the visitor out.
async function insertInPlaceOf<Row extends { id: string }>(
  rows: SessionRows<Row>,
  oldId: string,
  session: SessionRecord,
): Promise<boolean> {
  const old = await rows.find(oldId)
  if (!old) return false
  await removeRow(rows, oldId)
  try {
    await rows.insert(session)
    return true
  } catch (error) {
    if (!(await rows.find(session.id))) await rows.restore(old)
    throw error
  }
}

function notDeleted(): AuthError {
  return new AuthError("store_failed", "The session is still there after its deletion: the adapter may hide an error.")
}

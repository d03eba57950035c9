import type { UserAdapter, UserId } from "../core/ports.ts"

/** What a new key changes in its user's row. */
export interface ColumnChanges {
  lookBefore(): Promise<void>
  lookAfter(): Promise<void>
  /** Puts back what was there before, unless it has been changed once more since. */
  undo(): Promise<void>
}

/** Remembers the columns that a new key changes, in case the key is taken back. Asks the store only if there are any. */
export function columnChanges<UserRow extends { id: UserId }, NewUser>(
  store: Pick<UserAdapter<UserRow, NewUser>, "findUser" | "updateUser">,
  userId: UserRow["id"],
  attributes: Partial<NewUser> | undefined,
): ColumnChanges {
  // Until the store can be asked, what it was given.
  let [before, after] = [new Map<string, unknown>(), new Map<string, unknown>(Object.entries(attributes ?? {}))]

  async function look(): Promise<Map<string, unknown>> {
    const row = attributes ? await store.findUser(userId) : null
    return new Map(Object.entries(row ?? {}).filter(([column]) => column in Object(attributes)))
  }

  async function undo(): Promise<void> {
    const now = await look()
    // Compared with what the store returned, which may be written in another way than what it was given.
    const own = [...before].filter(([column]) => String(now.get(column)) === String(after.get(column)))
    // The attributes of a user are columns of the row.
    if (own.length > 0) await store.updateUser(userId, Object.fromEntries(own) as Partial<NewUser>)
  }

  return {
    lookBefore: async () => void (before = await look()),
    lookAfter: async () => void (after = await look()),
    undo,
  }
}

import type { SessionAdapter } from "../../core/ports.ts"
import { isSessionId } from "../../core/session-token.ts"

type ById<UserRow, SessionRow> = Pick<SessionAdapter<UserRow, SessionRow>, "findSession" | "deleteSession">

/**
 * Returns whether an id looks like a hash: 64 hex digits, in any case, with white space around them. Columns that
 * ignore case or trailing spaces treat such an id as equal to the stored hash, so it is never a session id in clear.
 */
export function isHashLike(id: string): boolean {
  return /^\s*[0-9a-f]{64}\s*$/i.test(id)
}

/** Wraps a store to find and delete only the row whose id is equal byte for byte. */
export function exactly<UserRow, SessionRow, S extends ById<UserRow, SessionRow>>(store: S): S {
  const byId: ById<UserRow, SessionRow> = {
    async findSession(id) {
      const found = await store.findSession(id)
      return found?.session.id === id ? found : null
    },
    async deleteSession(id, ...owner) {
      // A hash has one spelling, so no other row can match. Any other id is looked up first.
      const isThere = isSessionId(id) || (await byId.findSession(id)) !== null
      return isThere && store.deleteSession(id, ...owner)
    },
  }
  return { ...store, ...byId }
}

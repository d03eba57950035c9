import type { SessionAdapter } from "../../core/ports.ts"
import { isSessionId } from "../../core/session-token.ts"

type ById<UserRow, SessionRow> = Pick<SessionAdapter<UserRow, SessionRow>, "findSession" | "deleteSession">

/**
 * Returns whether an id looks like a hash: 64 hex digits, in any case, with blanks around them. Columns that ignore case
 * or pad with blanks take such spellings for the stored hash, so none of them is ever a session id in clear.
 */
export function isHashLike(id: string): boolean {
  return /^\s*[0-9a-f]{64}\s*$/i.test(id)
}

/** The same store, which finds and deletes only the row whose id is, byte for byte, the one asked for. */
export function exactly<UserRow, SessionRow, S extends ById<UserRow, SessionRow>>(store: S): S {
  const byId: ById<UserRow, SessionRow> = {
    async findSession(id) {
      const found = await store.findSession(id)
      return found?.session.id === id ? found : null
    },
    async deleteSession(id, ...owner) {
      // A hash has one spelling, so no other row's id is taken for it. Any other id is looked up first.
      const isThere = isSessionId(id) || (await byId.findSession(id)) !== null
      return isThere && store.deleteSession(id, ...owner)
    },
  }
  return { ...store, ...byId }
}

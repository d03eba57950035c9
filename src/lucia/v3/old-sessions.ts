import { guardPort } from "../../core/errors.ts"
import type { Emit } from "../../core/events.ts"
import type { FoundSession, SessionAdapter, SessionRecord, UserId } from "../../core/ports.ts"
import { isSessionId } from "../../core/session-token.ts"
import { exactly } from "./exact-ids.ts"
import { listingAll } from "./from-lucia-adapter.ts"
import { isSplitId, opens, readOldToken, withoutSecretHash } from "./old-tokens.ts"
import type { OldToken } from "./old-tokens.ts"
import { moveSession } from "./stored-ids.ts"
import { belongsTo } from "./user-ids.ts"

const needed = ["findSession", "listSessions", "replaceSession", "deleteSession"] as const

/** Makes what finds, moves, lists and ends the sessions of old tokens in a store. Throws `missing_port` if that is not one. */
export function createOldSessions<UserRow, SessionRow extends object>(
  adapter: SessionAdapter<UserRow, SessionRow>,
  emit: Emit,
) {
  type Found = FoundSession<UserRow, SessionRow>
  type Row = SessionRecord<SessionRow>

  const store = exactly(guardPort<SessionAdapter<UserRow, SessionRow>>(listingAll(adapter), needed))

  /** Finds the session of an old token, and moves it to its new id if it is not there yet. */
  async function find(old: OldToken): Promise<Found | null> {
    const moved = await store.findSession(old.id)
    if (moved) return moved
    for (const id of old.oldIds) {
      const found = await store.findSession(id)
      if (found && (await opens(old, found.session))) return move(found, old.id)
    }
    // Another request may have moved it between two of the reads.
    return store.findSession(old.id)
  }

  async function move(found: Found, id: string): Promise<Found | null> {
    const session = { ...found.session, id, attributes: withoutSecretHash(found.session.attributes) }
    const moved = await moveSession(store, found, session)
    if (moved?.session === session) emit("session_rotated", { sessionId: id, userId: session.userId })
    return moved
  }

  /** Ends what a crash in the middle of a move has left under the old ids. */
  async function endRemains(id: string, userId: UserId, old: OldToken | undefined): Promise<void> {
    const rows = await store.listSessions(userId)
    const clear = rows.map((row) => row.id).filter((rowId) => readOldToken(rowId)?.id === id)
    for (const oldId of new Set([...clear, ...(old?.oldIds ?? [])])) await store.deleteSession(oldId)
  }

  /** The same for a session by its id, if it is this owner's. */
  async function endRemainsOf(id: string, owner: { userId?: UserId }, old: OldToken | undefined): Promise<void> {
    const found = isSessionId(id) ? await store.findSession(id) : null
    if (!found || ("userId" in owner && !isOwner(found.session, owner.userId))) return
    await endRemains(id, found.session.userId, old)
  }

  /** Lists with the new ids, since an old one may be a token; then moves those sessions that were found to be live. */
  function list() {
    const clear = new Map<string, Row>()

    async function listSessions(userId: UserId): Promise<Row[]> {
      const rows = await store.listSessions(userId)
      const ids = new Set(rows.map(({ id }) => id))
      return rows.flatMap((row) => {
        if (isSessionId(row.id) || isSplitId(row.id)) return [row]
        const old = readOldToken(row.id)
        if (!old || ids.has(old.id)) return []
        clear.set(old.id, row)
        return [{ ...row, id: old.id }]
      })
    }

    // Otherwise they could not be ended by the ids that are listed.
    async function moveListed<Listed extends { id: string }>(live: Listed[]): Promise<Listed[]> {
      const moved: Listed[] = []
      for (const session of live) {
        const row = clear.get(session.id)
        if (!row || (await move({ session: row }, session.id))) moved.push(session)
      }
      return moved
    }

    return { listSessions, moveListed }
  }

  return { find, endRemains, endRemainsOf, list, end: store.deleteSession }
}

function isOwner(session: SessionRecord, userId: UserId | undefined): boolean {
  return userId !== undefined && belongsTo(session, userId)
}

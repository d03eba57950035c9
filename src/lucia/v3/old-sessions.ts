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

/**
 * Creates the functions that find, move, list and end old tokens' sessions in a store. Throws `missing_port` if it is
 * not a store.
 */
export function createOldSessions<UserRow, SessionRow extends object>(
  adapter: SessionAdapter<UserRow, SessionRow>,
  emit: Emit,
) {
  type Found = FoundSession<UserRow, SessionRow>
  type Listed = { row: SessionRecord<SessionRow>; id: string }

  const store = exactly(guardPort<SessionAdapter<UserRow, SessionRow>>(listingAll(adapter), needed))

  /** Finds the session of an old token, and moves it to its new id unless it was already moved. */
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

  /** Ends what a crash during a move has left under the old ids. */
  async function endRemains(id: string, userId: UserId, old: OldToken | undefined): Promise<void> {
    const rows = await store.listSessions(userId)
    const clear = rows.map((row) => row.id).filter((rowId) => readOldToken(rowId)?.id === id)
    for (const oldId of new Set([...clear, ...(old?.oldIds ?? [])])) await store.deleteSession(oldId)
  }

  /** Does the same for a session by its id, if it belongs to this owner. */
  async function endRemainsOf(id: string, owner: { userId?: UserId }, old: OldToken | undefined): Promise<void> {
    const found = isSessionId(id) ? await store.findSession(id) : null
    if (!found || ("userId" in owner && !isOwner(found.session, owner.userId))) return
    await endRemains(id, found.session.userId, old)
  }

  /** Lists sessions with the new ids, because an old id may be a token. */
  async function list(userId: UserId): Promise<Listed[]> {
    const rows = await store.listSessions(userId)
    const ids = new Set(rows.map(({ id }) => id))
    return rows.flatMap((row) => {
      if (isSessionId(row.id) || isSplitId(row.id)) return [{ row, id: row.id }]
      const old = readOldToken(row.id)
      return !old || ids.has(old.id) ? [] : [{ row, id: old.id }]
    })
  }

  /** Moves a listed session, because it could not be ended by its listed id otherwise. Resolves to whether it exists. */
  async function moveListed({ row, id }: Listed): Promise<boolean> {
    return row.id === id || (await move({ session: row }, id)) !== null
  }

  return { find, endRemains, endRemainsOf, list, moveListed, end: store.deleteSession }
}

function isOwner(session: SessionRecord, userId: UserId | undefined): boolean {
  return userId !== undefined && belongsTo(session, userId)
}

import { AuthError } from "../../core/errors.ts"
import { checkOption } from "../../core/options.ts"
import type { FoundSession, SessionAdapter, SessionRecord, UserId } from "../../core/ports.ts"
import { hashToken, isSessionId } from "../../core/session-token.ts"
import type { MaybePromise } from "../../platform/maybe-promise.ts"
import { isHashLike } from "./exact-ids.ts"
import { hashedInsert, isReferenced, isUnfit, unfitColumn } from "./id-column.ts"

/**
 * How session ids are stored. `rekey` hashes new ids, and replaces clear ones when they are next used. `clear` is
 * Lucia's own format, so that you can go back. `hashed` ends the sessions that are still in clear.
 *
 * `rekey` and `hashed` need an id column that holds 64 characters of text. `rekey` changes the ids of stored sessions.
 * Lucia's adapters then insert a row and delete the old one, so rows of other tables that reference `session.id` are
 * deleted too (`ON DELETE CASCADE`), or keep the session in clear.
 */
export type StoredIds = "clear" | "rekey" | "hashed"

const maxIdLength = 255

// Returns whether a value can be a cookie's session id. Anything else is never looked up.
function isPossibleId(sessionId: unknown): sessionId is string {
  if (typeof sessionId !== "string") return false
  // PostgreSQL rejects NUL with an error, and an attacker can set the cookie.
  return sessionId.length > 0 && sessionId.length <= maxIdLength && !sessionId.includes("\0")
}

type Found = FoundSession<object>
/** A store that finds and deletes only the row with exactly the given id: see `exactly`. */
type Store = Pick<
  SessionAdapter<object>,
  "insertSession" | "findSession" | "listSessions" | "replaceSession" | "deleteSession"
>

/** Stores, finds, lists and ends sessions by the ids that the application knows, in any stored form. */
export interface SessionsById {
  /** Stores a new session. Throws `invalid_option` for an id that could not be found again or does not fit its column. */
  insert(session: SessionRecord): Promise<void>
  /** Finds a usable session by the cookie's value, and replaces a clear id. */
  find(sessionId: string, isUsable: (found: Found) => boolean): Promise<Found | null>
  /** Lists a user's live sessions. If ids are hashed, nobody can sign in with a listed id. */
  list(userId: UserId, isLive: (session: SessionRecord) => boolean): Promise<SessionRecord[]>
  /** Ends a session by the cookie's value, or by a listed id. */
  end(sessionId: string): Promise<void>
}

interface StoredKind extends Omit<SessionsById, "list"> {
  /** Selects the valid sessions of a user's live ones, with the ids that the application may know. */
  list(live: SessionRecord[]): MaybePromise<SessionRecord[]>
}

/** Opens a store for a kind of stored ids. Throws `invalid_option` for an unknown one. */
export function sessionsById(storedIds: StoredIds, store: Store): SessionsById {
  checkOption("storedIds", storedIds, Object.hasOwn(kinds, storedIds), 'is unknown; use "clear", "rekey" or "hashed"')
  const sessions = kinds[storedIds](store)

  return {
    list: async (userId, isLive) => sessions.list((await store.listSessions(userId)).filter(isLive)),
    async insert(session) {
      if (!isPossibleId(session.id) || (storedIds === "clear" && isHashLike(session.id)))
        throw new AuthError("invalid_option", unfitId)
      await sessions.insert(session)
    },
    async find(sessionId, isUsable) {
      const found = isPossibleId(sessionId) ? await sessions.find(sessionId, isUsable) : null
      return found && isUsable(found) ? found : null
    },
    async end(sessionId) {
      if (isPossibleId(sessionId)) await sessions.end(sessionId)
    },
  }
}

const kinds = { clear: clearIds, rekey: rekeyedIds, hashed: hashedIds }
const unfitId = "sessionId: not an id; use 1 to 255 characters without NUL and, with clear ids, not a hash"

/**
 * Writes session ids in clear, and also finds moved ones: servers with `rekey` may run at the same time, or have run
 * before. Ids that look like hashes are invalid, because a copied hash must not sign in.
 */
function clearIds(store: Store): StoredKind {
  return {
    insert: (session) => store.insertSession(session),
    async find(sessionId) {
      if (isHashLike(sessionId)) return null
      // The clear row first: a move writes the new row before it deletes the old one.
      return (await store.findSession(sessionId)) ?? findMoved(sessionId)
    },
    list(sessions) {
      // A crash during a move leaves both rows of a session.
      const doubled = new Set(sessions.filter(({ id }) => !isHashLike(id)).map(({ id }) => hashToken(id)))
      return sessions.filter(({ id }) => !doubled.has(id))
    },
    async end(sessionId) {
      if (isHashLike(sessionId)) return rekeyedIds(store).end(sessionId)
      await store.deleteSession(sessionId)
      const moved = await findMoved(sessionId)
      if (moved) await store.deleteSession(moved.session.id)
    },
  }

  async function findMoved(sessionId: string): Promise<Found | null> {
    try {
      return await store.findSession(hashToken(sessionId))
    } catch {
      // A UUID column cannot be searched for a hash. If it was an outage, this fails too.
      return store.findSession(sessionId)
    }
  }
}

/** Stores sessions under the hashes of their ids. Clear ids are invalid. */
function hashedIds(store: Store): StoredKind {
  return {
    insert: hashedInsert(store),
    find: (sessionId) => store.findSession(hashToken(sessionId)),
    list: (sessions) => sessions.filter(({ id }) => isSessionId(id)),
    async end(sessionId) {
      await store.deleteSession(hashToken(sessionId))
      if (isSessionId(sessionId)) await store.deleteSession(sessionId)
    },
  }
}

/** Stores new sessions under the hashes of their ids, and moves clear ones there when they are used. */
function rekeyedIds(store: Store): StoredKind {
  return {
    insert: hashedInsert(store),
    async find(sessionId, isUsable) {
      const stored = hashToken(sessionId)
      const found = await findHashed(stored, sessionId)
      if (found || isHashLike(sessionId)) return found
      const clear = await store.findSession(sessionId)
      // Another request may have moved it between the two reads.
      if (!clear) return store.findSession(stored)
      if (!isUsable(clear)) return clear
      return moveUsed(clear)
    },
    async list(sessions) {
      const listed = new Map(sessions.filter(({ id }) => isSessionId(id)).map((session) => [session.id, session]))
      // Moved, because a session in clear could not be ended by its listed id.
      for (const session of sessions) {
        if (isHashLike(session.id) || listed.has(hashToken(session.id))) continue
        const moved = await move({ session })
        if (moved) listed.set(moved.session.id, moved.session)
      }
      return [...listed.values()]
    },
    async end(sessionId) {
      if (isSessionId(sessionId)) await endListed(sessionId)
      // The clear row first: a concurrent move then notices that it is gone, and deletes the new row again.
      else if (!isHashLike(sessionId)) await store.deleteSession(sessionId)
      await store.deleteSession(hashToken(sessionId))
    },
  }

  async function findHashed(hash: string, sessionId: string): Promise<Found | null> {
    try {
      return await store.findSession(hash)
    } catch (error) {
      // If the store can search for the id in clear, it is not down: its column has another type.
      const isUp = (await store.findSession(sessionId).catch(() => undefined)) !== undefined
      throw isUp || isUnfit(error) ? unfitColumn(error) : error
    }
  }

  async function moveUsed(clear: Found): Promise<Found | null> {
    try {
      return await move(clear)
    } catch (error) {
      if (isUnfit(error)) throw unfitColumn(error)
      if (isReferenced(error)) warnOfReferences()
      // The session is still live, unless it was ended in the meantime, and the next request tries again.
      return store.findSession(clear.session.id)
    }
  }

  function move(clear: Found): Promise<Found | null> {
    return moveSession(store, clear, { ...clear.session, id: hashToken(clear.session.id) })
  }

  // A crash during a move also leaves the clear row, which would revive the session.
  async function endListed(id: string): Promise<void> {
    const found = await store.findSession(id)
    if (!found) return
    const sessions = await store.listSessions(found.session.userId)
    for (const session of sessions)
      if (!isHashLike(session.id) && hashToken(session.id) === id) await store.deleteSession(session.id)
    await store.deleteSession(id)
  }
}

/** Gives a session another id. Resolves to the session that then exists; `null` if it was ended in the meantime. */
export async function moveSession<UserRow, SessionRow>(
  store: Pick<SessionAdapter<UserRow, SessionRow>, "findSession" | "replaceSession">,
  found: FoundSession<UserRow, SessionRow>,
  session: SessionRecord<SessionRow>,
): Promise<FoundSession<UserRow, SessionRow> | null> {
  try {
    if (await store.replaceSession(found.session.id, session)) return { ...found, session }
  } catch (error) {
    // If the store cannot replace atomically, the second of two requests finds the new id taken.
    const winner = await store.findSession(session.id)
    if (!winner && (await store.findSession(found.session.id))) throw error
    return winner
  }
  return store.findSession(session.id)
}

let isWarned = false

function warnOfReferences(): void {
  if (isWarned) return
  isWarned = true
  // oxlint-disable-next-line eslint/no-console -- the session keeps working, so nothing else shows the problem.
  console.warn(
    'nightlatch: rows of another table refer to session.id, so storedIds: "rekey" cannot replace the ids of those sessions. They stay in clear. Add ON UPDATE CASCADE and use an adapter of nightlatch, or set storedIds: "clear".',
  )
}

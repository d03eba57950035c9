import { AuthError } from "../../src/core/errors.ts"
import type { FoundSession, SessionAdapter, SessionRecord, UserId } from "../../src/core/ports.ts"
import { isPromise } from "../../src/platform/maybe-promise.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import { yieldToEventLoop } from "./event-loop.ts"
import type { Owner } from "./names.ts"
import { exceptionOf, foundRow, isEmpty, newSessionIdOf, sessionIdOf, timeOf } from "./parameters.ts"
import { missingUser } from "./user-ids.ts"

/** A session to be stored, checked and encoded. Times are milliseconds since 1970. */
export interface NewSession<User, Attributes> {
  id: string
  user: User
  createdAt: number
  expiresAt: number
  attributes: Attributes
}

/**
 * The sessions of one kind of store, as rows of encoded values: what {@link sessionPort} is made of. `db` is what the
 * functions need of the store. Ids are those that a row can have, and times are milliseconds since 1970.
 */
export interface SessionRows<Db, User, Attributes, UserRow, SessionRow extends object> {
  /** Encodes a user id; `null` if no user can have it. Throws `invalid_option` for another JavaScript type. */
  encodeUser(db: Db, id: UserId): User | null
  /** Encodes attributes; those that are `undefined` are left out. Throws `invalid_option` for what cannot be stored. */
  encodeAttributes(db: Db, attributes: object): Attributes
  /** Explains that no user can have an id, where a session is to be stored. Default: `user_missing`. */
  impossibleUser?(id: UserId): AuthError
  /** Returns whether the store can keep a session under an id. Default: any text of at most 255 bytes. */
  isStorable?(id: string): boolean

  /** Throws `user_missing` for a user who does not exist, if the store knows its users. */
  insert(db: Db, session: NewSession<User, Attributes>): Promise<void>
  find(db: Db, id: string): MaybePromise<FoundSession<UserRow, SessionRow> | null>
  list(db: Db, user: User): Promise<SessionRecord<SessionRow>[]>
  extend(db: Db, id: string, expiresAt: number, ifBefore: number): Promise<boolean>
  /** Changes a session; with `ifNull` only while that attribute is null or absent. */
  update(db: Db, id: string, attributes: Attributes, ifNull: string | null): Promise<boolean>
  /**
   * Finds out whether there is such a session. A store that counts the rows of an update has this function: it is asked
   * after an update of none, and instead of an update without attributes.
   */
  has?(db: Db, id: string, ifNull: string | null): Promise<boolean>
  replace(db: Db, oldId: string, session: NewSession<User, Attributes>): Promise<boolean>
  delete(db: Db, id: string, user: User | null): Promise<boolean>
  deleteOfUser(db: Db, user: User, exceptId: string | null): Promise<void>
  deleteExpired(db: Db, before: number, limit: number): Promise<number>
}

/** Opens a store that keeps these rows, and has these attributes where it can tell. Often it is open already. */
export type Open<Db> = (needed: readonly Owner[], attributes?: object) => MaybePromise<Db>

const sessions: readonly Owner[] = ["session"]
const sessionsAndUsers: readonly Owner[] = ["session", "user"]

/**
 * Makes the port of rows: checks and encodes the arguments of every method. What is no mistake and can be in no row is
 * answered without asking the store, once all arguments are checked.
 */
export function sessionPort<Db, User, Attributes, UserRow, SessionRow extends object>(
  open: Open<Db>,
  rows: SessionRows<Db, User, Attributes, UserRow, SessionRow>,
): SessionAdapter<UserRow, SessionRow> {
  function idOf(id: unknown): string | null {
    const known = sessionIdOf(id)
    return known !== null && (rows.isStorable?.(known) ?? true) ? known : null
  }

  function encode(
    db: Db,
    { id, userId, createdAt, expiresAt, attributes }: SessionRecord,
  ): NewSession<User, Attributes> {
    const user = rows.encodeUser(db, userId)
    const times = { createdAt: timeOf(createdAt), expiresAt: timeOf(expiresAt) }
    const session = { id: newSessionIdOf(id, idOf(id)), ...times, attributes: rows.encodeAttributes(db, attributes) }
    if (user === null) throw rows.impossibleUser?.(userId) ?? missingUser()
    return { ...session, user }
  }

  return {
    async insertSession(session) {
      const db = await open(sessionsAndUsers, session.attributes)
      await rows.insert(db, encode(db, session))
    },
    async findSession(id) {
      const known = idOf(id)
      if (known === null) return null
      // Every request comes by here: what is there at once is not awaited.
      const opened = open(sessionsAndUsers)
      return rows.find(isPromise(opened) ? await opened : opened, known)
    },
    async listSessions(userId) {
      const db = await open(sessionsAndUsers)
      const user = rows.encodeUser(db, userId)
      return user === null ? [] : rows.list(db, user)
    },
    async extendSession(id, expiresAt, ifBefore) {
      const [known, to, limit] = [idOf(id), timeOf(expiresAt), timeOf(ifBefore)]
      return known !== null && rows.extend(await open(sessions), known, to, limit)
    },
    async updateSession(id, attributes, options) {
      const [known, ifNull] = [idOf(id), options?.ifNull ?? null]
      const db = await open(sessions, ifNull === null ? attributes : { ...attributes, [ifNull]: null })
      const encoded = rows.encodeAttributes(db, attributes)
      if (ifNull !== null) rows.encodeAttributes(db, { [ifNull]: null })
      if (known === null) return false
      if (rows.has && isEmpty(attributes)) return rows.has(db, known, ifNull)
      const isUpdated = await rows.update(db, known, encoded, ifNull)
      // What sets the attribute changes each row that it finds. Asked again, the row may be as another caller made it.
      if (ifNull !== null && sets(attributes, ifNull)) return isUpdated
      return foundRow(isUpdated, async () => rows.has?.(db, known, ifNull) ?? false)
    },
    async replaceSession(oldId, session) {
      const known = idOf(oldId)
      const db = await open(sessionsAndUsers, session.attributes)
      const encoded = encode(db, session)
      return known !== null && rows.replace(db, known, encoded)
    },
    async deleteSession(id, userId) {
      const known = idOf(id)
      const db = await open(sessionsAndUsers)
      const user = userId === undefined ? null : rows.encodeUser(db, userId)
      if (known === null || (userId !== undefined && user === null)) return false
      return rows.delete(db, known, user)
    },
    async deleteUserSessions(userId, exceptId) {
      const except = exceptionOf(exceptId)
      const db = await open(sessionsAndUsers)
      const user = rows.encodeUser(db, userId)
      if (user !== null) await rows.deleteOfUser(db, user, except)
    },
    async deleteExpiredSessions(before, limit) {
      const time = timeOf(before)
      if (!Number.isSafeInteger(limit) || limit < 0)
        throw new AuthError("invalid_option", "limit: not a whole number from 0; use one such as 1000")
      const deleted = await rows.deleteExpired(await open(sessions), time, limit)
      if (deleted > 0 && deleted === limit) await yieldToEventLoop()
      return deleted
    },
  }
}

function sets(attributes: object, name: string): boolean {
  return ((attributes as Record<string, unknown>)[name] ?? null) !== null
}

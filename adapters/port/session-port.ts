import type { AuthError } from "../../src/core/errors.ts"
import type { FoundSession, SessionAdapter, SessionRecord, UserId } from "../../src/core/ports.ts"
import { isPromise } from "../../src/platform/maybe-promise.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import type { Owner } from "./names.ts"
import {
  exceptionOf,
  foundRow,
  newSessionIdOf,
  sessionIdOf,
  timeOf,
  wholeNumberOf,
  withoutUndefined,
} from "./parameters.ts"
import { missingUser } from "./user-ids.ts"

/** A session to insert, checked and encoded. Times are milliseconds since 1970. */
export interface NewSession<User, Attributes> {
  id: string
  user: User
  createdAt: number
  expiresAt: number
  attributes: Attributes
}

/**
 * The sessions of one kind of store, as rows of encoded values. {@link sessionPort} builds on them. `db` is what the
 * functions need of the store. The ids passed are ones that a row can have, and times are milliseconds since 1970.
 */
export interface SessionRows<Db, User, Attributes, UserRow, SessionRow extends object> {
  /** Encodes a user id; `null` if no user can have it. Throws `invalid_option` for another JavaScript type. */
  encodeUser(db: Db, id: UserId): User | null
  /** Encodes attributes, none of which is `undefined`. Throws `invalid_option` if one cannot be stored. */
  encodeAttributes(db: Db, attributes: Record<string, unknown>): Attributes
  /** Returns the error for a new session whose user id no user can have. Default: `user_missing`. */
  impossibleUser?(id: UserId): AuthError
  /** Returns whether the store can keep a session under an id. Default: any text of at most 255 bytes. */
  isStorable?(id: string): boolean

  /** Throws `user_missing` for a user who does not exist, if the store knows its users. */
  insert(db: Db, session: NewSession<User, Attributes>): Promise<void>
  find(db: Db, id: string): MaybePromise<FoundSession<UserRow, SessionRow> | null>
  list(db: Db, user: User): Promise<SessionRecord<SessionRow>[]>
  extend(db: Db, id: string, expiresAt: number, ifBefore: number): Promise<boolean>
  /** Changes a session. With `ifNull`, only while that attribute is null or absent. */
  update(db: Db, id: string, attributes: Attributes, ifNull: string | null): Promise<boolean>
  /**
   * Returns whether such a session exists. Needed in a store that counts the rows of an update: it is called after an
   * update of no rows, and instead of an update without attributes.
   */
  has?(db: Db, id: string, ifNull: string | null): Promise<boolean>
  replace(db: Db, oldId: string, session: NewSession<User, Attributes>): Promise<boolean>
  delete(db: Db, id: string, user: User | null): Promise<boolean>
  deleteOfUser(db: Db, user: User, exceptId: string | null): Promise<void>
  deleteExpired(db: Db, before: number, limit: number): Promise<number>
}

/** Opens a store for these rows, with columns for these attributes if it can check that. Often it is already open. */
export type Open<Db> = (needed: readonly Owner[], attributes?: object) => MaybePromise<Db>

const sessions: readonly Owner[] = ["session"]
const sessionsAndUsers: readonly Owner[] = ["session", "user"]

/**
 * Creates the port from rows. It checks and encodes the arguments of every method. Once all arguments are checked, a
 * valid argument that no row can have is answered without a query.
 */
export function sessionPort<Db, User, Attributes, UserRow, SessionRow extends object>(
  open: Open<Db>,
  rows: SessionRows<Db, User, Attributes, UserRow, SessionRow>,
): SessionAdapter<UserRow, SessionRow> {
  function idOf(id: unknown): string | null {
    const text = sessionIdOf(id)
    return text !== null && (rows.isStorable?.(text) ?? true) ? text : null
  }

  async function encode(session: SessionRecord): Promise<[Db, NewSession<User, Attributes>]> {
    const given = withoutUndefined(session.attributes)
    const db = await open(sessionsAndUsers, given)
    const user = rows.encodeUser(db, session.userId)
    const times = { createdAt: timeOf(session.createdAt), expiresAt: timeOf(session.expiresAt) }
    const id = newSessionIdOf(session.id, idOf(session.id))
    const attributes = rows.encodeAttributes(db, given)
    if (user === null) throw rows.impossibleUser?.(session.userId) ?? missingUser()
    return [db, { id, user, ...times, attributes }]
  }

  return {
    async insertSession(session) {
      const [db, encoded] = await encode(session)
      await rows.insert(db, encoded)
    },
    async findSession(id) {
      const rowId = idOf(id)
      if (rowId === null) return null
      // Every request runs this, so a synchronous result is not awaited.
      const opened = open(sessionsAndUsers)
      return rows.find(isPromise(opened) ? await opened : opened, rowId)
    },
    async listSessions(userId) {
      const db = await open(sessionsAndUsers)
      const user = rows.encodeUser(db, userId)
      return user === null ? [] : rows.list(db, user)
    },
    async extendSession(id, expiresAt, ifBefore) {
      const [rowId, to, limit] = [idOf(id), timeOf(expiresAt), timeOf(ifBefore)]
      return rowId !== null && rows.extend(await open(sessions), rowId, to, limit)
    },
    async updateSession(id, attributes, options) {
      const [rowId, ifNull, given] = [idOf(id), options?.ifNull ?? null, withoutUndefined(attributes)]
      const db = await open(sessions, ifNull === null ? given : { ...given, [ifNull]: null })
      const encoded = rows.encodeAttributes(db, given)
      if (ifNull !== null) rows.encodeAttributes(db, { [ifNull]: null })
      if (rowId === null) return false
      if (rows.has && Object.keys(given).length === 0) return rows.has(db, rowId, ifNull)
      const isUpdated = await rows.update(db, rowId, encoded, ifNull)
      // An update that sets this attribute changes every row it matches, so its count is exact. A second query could
      // see another caller's change.
      if (ifNull !== null && (given[ifNull] ?? null) !== null) return isUpdated
      return foundRow(isUpdated, async () => rows.has?.(db, rowId, ifNull) ?? false)
    },
    async replaceSession(oldId, session) {
      const rowId = idOf(oldId)
      const [db, encoded] = await encode(session)
      return rowId !== null && rows.replace(db, rowId, encoded)
    },
    async deleteSession(id, userId) {
      const rowId = idOf(id)
      const db = await open(sessionsAndUsers)
      const user = userId === undefined ? null : rows.encodeUser(db, userId)
      if (rowId === null || (userId !== undefined && user === null)) return false
      return rows.delete(db, rowId, user)
    },
    async deleteUserSessions(userId, exceptId) {
      const except = exceptionOf(exceptId)
      const db = await open(sessionsAndUsers)
      const user = rows.encodeUser(db, userId)
      if (user !== null) await rows.deleteOfUser(db, user, except)
    },
    async deleteExpiredSessions(before, limit) {
      const [time, most] = [timeOf(before), wholeNumberOf("limit", limit)]
      return deletedBatch(most, await rows.deleteExpired(await open(sessions), time, most))
    },
  }
}

/** Resolves to how many rows a cleanup batch deleted. More may follow a full batch, so it yields first. */
export async function deletedBatch(limit: number, deleted: number): Promise<number> {
  if (deleted > 0 && deleted === limit) await yieldToEventLoop()
  return deleted
}

/** Yields to the event loop. A synchronous driver never does, so a long cleanup would block every request until it ends. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}

import { AuthError } from "../../core/errors.ts"
import { checkOptions, invalidOption } from "../../core/options.ts"
import type { SessionAdapter, SessionRecord, UserId } from "../../core/ports.ts"
import type { Adapter, DatabaseSession, DatabaseUser } from "./lucia-adapter.ts"
import { isSessionId } from "../../core/session-token.ts"
import { changeRow, removeRow, removeRows, replaceRow } from "./session-rows.ts"
import type { SessionRows } from "./session-rows.ts"
import { belongsTo, fromStored, isUserId, requireColumn, toStored } from "./stored-session.ts"

const contract = [
  "getSessionAndUser",
  "getUserSessions",
  "setSession",
  "updateSessionExpiration",
  "deleteSession",
  "deleteUserSessions",
  "deleteExpiredSessions",
] as const

/** What {@link fromLuciaAdapter} takes besides the adapter. */
export interface FromLuciaAdapterOptions<CreatedAt extends string = string> {
  /**
   * The session column, as the adapter names it, that keeps when the user signed in: 64-bit integers of milliseconds, or
   * numbers as large. Default none; then `createAuth` demands `absoluteTimeout: false` and `createdAt` is 1970.
   */
  createdAt?: CreatedAt
}

// Survives a spread of the adapter.
const everySession = Symbol("every session")

type Found<A extends Adapter> = Awaited<ReturnType<A["getSessionAndUser"]>>

/** The row of a user, as an adapter of Lucia v3 types it. */
export type LuciaUserRow<A extends Adapter> =
  NonNullable<Found<A>[1]> extends DatabaseUser<infer Attributes, infer Id extends UserId>
    ? { id: Id } & Attributes
    : never

/** The session columns that are the application's, as an adapter of Lucia v3 types them. */
export type LuciaSessionRow<A extends Adapter, CreatedAt extends string> =
  NonNullable<Found<A>[0]> extends DatabaseSession<infer Attributes> ? Omit<Attributes, CreatedAt> : never

/**
 * Lets `createAuth` keep its sessions through an adapter of Lucia v3. Rows are typed as Lucia's `Register` types them, or
 * as the two type arguments say.
 *
 * Its limits are those of that contract, which has no conditional write and no transaction:
 * - of racing extensions all write, and of racing rotations of one token all succeed;
 * - `invalidateSession` during a rotation of that session may leave the new one; `invalidateUserSessions` does not;
 * - a crash in the middle of a rotation leaves the old session live;
 * - `updateSession` rejects with `unsupported`: there is no call for it, and to delete a row and insert it again could
 *   lose a session, or revive one that was ended;
 * - `deleteExpiredSessions` resolves to 0, because nothing is counted, and deletes what is over by this machine's clock,
 *   without a margin: run it where the clock is right;
 * - `createSession` for a user who does not exist rejects with `store_failed` and the driver's error.
 *
 * Stop Lucia before: while it still serves the same table, it takes for a token what is only a public id here. Sessions
 * that Lucia made are not valid here, and are not listed, because their ids are tokens; signing out everywhere ends them.
 *
 * Throws `missing_port` for any other adapter and `invalid_option` for an invalid column name. `createAuth` throws
 * `invalid_option` for an absolute timeout without `createdAt`.
 *
 * @example
 * const adapter = fromLuciaAdapter<UserRow>(new BetterSqlite3Adapter(db, { user: "user", session: "session" }))
 * export const auth = createAuth({ adapter, session: { absoluteTimeout: false } })
 */
export function fromLuciaAdapter<A extends Adapter, CreatedAt extends string = never>(
  adapter: A,
  options?: FromLuciaAdapterOptions<CreatedAt>,
): SessionAdapter<LuciaUserRow<A>, LuciaSessionRow<A, CreatedAt>>
export function fromLuciaAdapter<UserRow extends { id: UserId }, SessionRow extends object = {}>(
  adapter: Adapter,
  options?: FromLuciaAdapterOptions,
): SessionAdapter<UserRow, SessionRow>
export function fromLuciaAdapter(adapter: Adapter, options: FromLuciaAdapterOptions = {}): SessionAdapter<object> {
  checkOptions("fromLuciaAdapter()", options, "createdAt")
  const { createdAt } = options
  if (createdAt !== undefined) requireColumn(createdAt)
  const { listSessions, ...rest } = overLuciaAdapter(adapter, createdAt)
  const all = { [everySession]: listSessions }

  return {
    ...rest,
    ...all,
    checkSession({ absoluteTimeout }) {
      if (createdAt === undefined && absoluteTimeout !== Infinity)
        throw new AuthError(
          "invalid_option",
          "session.absoluteTimeout: Lucia's tables do not keep when a session was created; set session.absoluteTimeout to false, or name your own column with fromLuciaAdapter(adapter, { createdAt })",
        )
    },
    async listSessions(userId) {
      const sessions = await listSessions(userId)
      // A session of Lucia's own has its token for an id, which must not be shown.
      return sessions.filter(({ id }) => isSessionId(id))
    },
  }
}

/** The same adapter; one of {@link fromLuciaAdapter} then lists the sessions of Lucia's own too, whose ids may be tokens. */
export function listingAll<A extends object>(adapter: A): A {
  return adapter && everySession in adapter ? { ...adapter, listSessions: adapter[everySession] } : adapter
}

/**
 * Makes the session port out of an adapter of Lucia v3, for sessions of Lucia's own too: what it lists may be tokens.
 * Throws `missing_port` for any other adapter.
 */
export function overLuciaAdapter(adapter: Adapter, createdAt?: string): SessionAdapter<object> {
  requireContract(adapter)
  const rows: SessionRows<DatabaseSession> = {
    find: async (id) => (await find(id))[0],
    async list(userId) {
      const sessions = await adapter.getUserSessions(requireUserId(userId))
      return sessions.filter((session) => belongsTo(session, userId))
    },
    async insert(session) {
      requireUserId(session.userId)
      await adapter.setSession(toStored(session, createdAt))
    },
    restore: (row) => adapter.setSession(row),
    delete: (id) => adapter.deleteSession(id),
  }

  return {
    insertSession: async (session) => {
      requireColumns(Object.keys(session.attributes))
      await rows.insert(session)
    },
    async findSession(id) {
      const first = await find(id)
      // Lucia's adapters read both apart, and the session may have been replaced in between: its user is not gone.
      const [session, user] = first[0] && !first[1] ? await find(id) : first
      return session && { session: fromStored(session, createdAt), user: user && { ...user.attributes, id: user.id } }
    },
    async listSessions(userId) {
      const sessions = (await rows.list(userId)).map((session) => fromStored(session, createdAt))
      return sessions.sort(newestFirst)
    },
    async extendSession(id, expiresAt, ifBefore) {
      const [session] = await find(id)
      if (!session || !(fromStored(session, createdAt).expiresAt <= ifBefore)) return false
      return changeRow(rows, id, () => adapter.updateSessionExpiration(id, new Date(expiresAt)))
    },
    async updateSession() {
      throw new AuthError(
        "unsupported",
        "updateSession(): an adapter of Lucia v3 cannot change the attributes of a session; keep them in your own table",
      )
    },
    async replaceSession(oldId, session) {
      const [old] = await find(oldId)
      if (!old) return false
      // What the row has already is a column, whatever its name.
      requireColumns(Object.keys(session.attributes).filter((name) => !Object.hasOwn(old.attributes, name)))
      return replaceRow(rows, oldId, session)
    },
    async deleteSession(id, userId) {
      const [session] = await find(id)
      if (!session || (userId !== undefined && !belongsTo(session, requireUserId(userId)))) return false
      await removeRow(rows, id)
      return true
    },
    async deleteUserSessions(userId, exceptId) {
      const listed = await adapter.getUserSessions(requireUserId(userId))
      const own = listed.filter((session) => belongsTo(session, userId))
      // Where one session stays, or the database takes other users for this one, each must be ended by its id.
      const isWhole = own.length === listed.length && own.every(({ id }) => id !== exceptId)
      if (isWhole) await adapter.deleteUserSessions(userId)
      await removeRows(rows, userId, exceptId)
    },
    async deleteExpiredSessions() {
      await adapter.deleteExpiredSessions()
      return 0
    },
  }

  async function find(id: string): ReturnType<Adapter["getSessionAndUser"]> {
    const [session, user] = await adapter.getSessionAndUser(id)
    // Some databases take an id in another case, or of another type, for the same.
    return session?.id === id ? [session, user] : [null, null]
  }

  function requireColumns(names: string[]): void {
    for (const name of names) requireColumn(name, createdAt)
  }
}

function requireContract(adapter: Adapter): void {
  for (const name of contract)
    if (typeof adapter?.[name] !== "function")
      throw new AuthError("missing_port", `adapter: ${name}() is missing; use an adapter of Lucia v3`)
}

function requireUserId(userId: UserId): UserId {
  if (isUserId(userId)) return userId
  throw invalidOption(
    "userId",
    userId,
    "is not an id; use a string, a number, a bigint, or an id object of the database, such as an ObjectId",
  )
}

// If the time of creation is unknown, the deadline shows how new a session is, or how recently it was used.
function newestFirst(a: SessionRecord, b: SessionRecord): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || b.expiresAt.getTime() - a.expiresAt.getTime()
}

import { AuthError } from "../../core/errors.ts"
import { checkOptions } from "../../core/options.ts"
import type { SessionAdapter, SessionRecord, UserId } from "../../core/ports.ts"
import type { Adapter, DatabaseSession, DatabaseUser } from "./lucia-adapter.ts"
import { isSessionId } from "../../core/token.ts"
import { isUniqueViolation } from "./id-column.ts"
import { belongsTo, fromStored, isUserId, notDeleted, requireColumn, toStored } from "./stored-session.ts"

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
 * It is as good as that contract, which has no conditional write and no transaction:
 * - of racing extensions all write, and of racing rotations of one token all succeed;
 * - `invalidateSession` beside a rotation of that session may leave the new one; `invalidateUserSessions` does not;
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
 * Throws `missing_port` for what is no such adapter and `invalid_option` for a column that cannot be. `createAuth` throws
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
          "Lucia's tables do not keep when a session was created: set session.absoluteTimeout to false, or name a column of yours with fromLuciaAdapter(adapter, { createdAt }).",
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
 * Throws `missing_port` for what is no such adapter.
 */
export function overLuciaAdapter(adapter: Adapter, createdAt?: string): SessionAdapter<object> {
  requireContract(adapter)

  return {
    insertSession: async (session) => {
      requireColumns(Object.keys(session.attributes))
      await insert(session)
    },
    async findSession(id) {
      const first = await find(id)
      // Lucia's adapters read both apart, and the session may have been replaced in between: its user is not gone.
      const [session, user] = first[0] && !first[1] ? await find(id) : first
      return session && { session: fromStored(session, createdAt), user: user && { ...user.attributes, id: user.id } }
    },
    async listSessions(userId) {
      const sessions = (await sessionsOf(userId)).map((session) => fromStored(session, createdAt))
      return sessions.sort(newestFirst)
    },
    async extendSession(id, expiresAt, ifBefore) {
      const [session] = await find(id)
      if (!session || !(fromStored(session, createdAt).expiresAt <= ifBefore)) return false
      return move(id, new Date(expiresAt))
    },
    async updateSession() {
      throw new AuthError(
        "unsupported",
        "An adapter of Lucia v3 cannot change the attributes of a session: keep them in a table of your own.",
      )
    },
    async replaceSession(oldId, session) {
      const [old] = await find(oldId)
      if (!old) return false
      // What the row has already is a column, whatever its name.
      requireColumns(Object.keys(session.attributes).filter((name) => !Object.hasOwn(old.attributes, name)))
      // Some stores overwrite the row, and a second move of one session would then take back the first.
      if (await exists(session.id)) throw new AuthError("store_failed", "The new id of the session is taken.")
      try {
        await insert(session)
      } catch (error) {
        // The new id may be what is taken, by a request that was faster.
        if (!isUniqueViolation(error) || (await exists(session.id))) throw error
        return insertInPlaceOf(old, session)
      }
      // The new session must not outlive a sign-out that ran beside it.
      const isCurrent = await exists(oldId)
      await (isCurrent ? removeOld(oldId, session.id) : remove(session.id))
      return isCurrent
    },
    async deleteSession(id, userId) {
      const [session] = await find(id)
      if (!session || (userId !== undefined && !belongsTo(session, requireUserId(userId)))) return false
      await remove(id)
      return true
    },
    async deleteUserSessions(userId, exceptId) {
      const listed = await adapter.getUserSessions(requireUserId(userId))
      const own = listed.filter((session) => belongsTo(session, userId))
      // Where one session stays, or the database takes other users for this one, each must be ended by its id.
      const isWhole = own.length === listed.length && own.every(({ id }) => id !== exceptId)
      if (isWhole) await adapter.deleteUserSessions(userId)
      await removeOthers(userId, exceptId)
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

  async function exists(id: string): Promise<boolean> {
    const [session] = await find(id)
    return session !== null
  }

  async function sessionsOf(userId: UserId): Promise<DatabaseSession[]> {
    const sessions = await adapter.getUserSessions(requireUserId(userId))
    return sessions.filter((session) => belongsTo(session, userId))
  }

  async function insert(session: SessionRecord): Promise<void> {
    requireUserId(session.userId)
    await adapter.setSession(toStored(session, createdAt))
  }

  // Prisma's adapter rejects where there is no row any more.
  async function move(id: string, expiresAt: Date): Promise<boolean> {
    try {
      await adapter.updateSessionExpiration(id, expiresAt)
      return true
    } catch (error) {
      if (await exists(id)) throw error
      return false
    }
  }

  // Prisma's adapter hides every error of a deletion, and a session that lives on must not look ended.
  async function remove(id: string): Promise<void> {
    await adapter.deleteSession(id)
    if (await exists(id)) throw notDeleted()
  }

  // Where rows of other tables refer to the old session it stays, and a second one must not.
  async function removeOld(oldId: string, newId: string): Promise<void> {
    try {
      await remove(oldId)
    } catch (error) {
      await remove(newId)
      throw error
    }
  }

  // In a table with a unique user id there is room for the new row only without the old one. A crash in between signs
  // the visitor out.
  async function insertInPlaceOf(old: DatabaseSession, session: SessionRecord): Promise<boolean> {
    if (!(await exists(old.id))) return false
    await remove(old.id)
    try {
      await insert(session)
      return true
    } catch (error) {
      if (!(await exists(session.id))) await adapter.setSession(old)
      throw error
    }
  }

  // Looks until none is left, because a rotation may have replaced one meanwhile.
  async function removeOthers(userId: UserId, exceptId: string | undefined): Promise<void> {
    const ended = new Set([exceptId])
    for (let others = await othersOf(userId, exceptId); others.length > 0; others = await othersOf(userId, exceptId)) {
      if (others.every((id) => ended.has(id))) throw notDeleted()
      for (const id of others) await adapter.deleteSession(id)
      for (const id of others) ended.add(id)
    }
  }

  async function othersOf(userId: UserId, exceptId: string | undefined): Promise<string[]> {
    const sessions = await sessionsOf(userId)
    return sessions.map(({ id }) => id).filter((id) => id !== exceptId)
  }
}

function requireContract(adapter: Adapter): void {
  for (const name of contract)
    if (typeof adapter?.[name] !== "function")
      throw new AuthError(
        "missing_port",
        `The adapter has no ${name}(): give fromLuciaAdapter() an adapter of Lucia v3.`,
      )
}

function requireUserId(userId: UserId): UserId {
  if (isUserId(userId)) return userId
  throw new AuthError(
    "invalid_option",
    "A user's id must be a string, a number, a bigint, or an id object of the database, such as an ObjectId.",
  )
}

// Where the time of creation is unknown, the deadline tells how new a session is, or how lately it was used.
function newestFirst(a: SessionRecord, b: SessionRecord): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || b.expiresAt.getTime() - a.expiresAt.getTime()
}

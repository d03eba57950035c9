import { AuthError } from "../../core/errors.ts"
import { checkOptions } from "../../core/options.ts"
import type { SessionAdapter, SessionRecord, UserId } from "../../core/ports.ts"
import { isSessionId } from "../../core/session-token.ts"
import { requireColumns } from "./columns.ts"
import { requireMethods } from "./lucia-adapter.ts"
import type { Adapter, DatabaseSession, DatabaseUser } from "./lucia-adapter.ts"
import { sessionPort } from "./session-port.ts"
import type { SessionRows } from "./session-port.ts"
import { fromStored, toStored } from "./stored-session.ts"
import { requireUserId } from "./user-ids.ts"

const reads = ["getSessionAndUser", "getUserSessions"] as const
const writes = ["setSession", "updateSessionExpiration", "deleteSession"] as const

/** Options of {@link fromLuciaAdapter}. */
export interface FromLuciaAdapterOptions<CreatedAt extends string = string> {
  /**
   * The session column, by its name in the adapter, that stores when the user signed in, as 64-bit integers of
   * milliseconds or numbers as large. Default: none. Without it, `createAuth` requires `absoluteTimeout: false`, and
   * `createdAt` is 1970.
   */
  createdAt?: CreatedAt
}

// Kept when the adapter is spread.
const everySession = Symbol("every session")

type Found<A extends Adapter> = Awaited<ReturnType<A["getSessionAndUser"]>>

/** A user's row, as an adapter of Lucia v3 types it. */
export type LuciaUserRow<A extends Adapter> =
  NonNullable<Found<A>[1]> extends DatabaseUser<infer Attributes, infer Id extends UserId>
    ? { id: Id } & Attributes
    : never

/** The application's own session columns, as an adapter of Lucia v3 types them. */
export type LuciaSessionRow<A extends Adapter, CreatedAt extends string> =
  NonNullable<Found<A>[0]> extends DatabaseSession<infer Attributes> ? Omit<Attributes, CreatedAt> : never

/**
 * Lets `createAuth` store its sessions through an adapter of Lucia v3. The types of rows come from Lucia's `Register`,
 * or from the two type arguments.
 *
 * Such an adapter has no conditional write and no transaction, which sets these limits:
 * - racing extensions all write, and racing rotations of one token all succeed;
 * - `invalidateSession` during a rotation of that session may leave the new one; `invalidateUserSessions` does not;
 * - a crash during a rotation leaves the old session live;
 * - `updateSession` rejects with `unsupported`: the adapter has no method for it, and deleting and inserting a row
 *   again could lose a session, or revive one that was ended;
 * - `deleteExpiredSessions` resolves to 0, because the adapter does not count. It deletes what has expired by this
 *   machine's clock, without a margin: run it where the clock is right;
 * - `createSession` for a user who does not exist rejects with `store_failed` and the driver's error.
 *
 * Stop Lucia first: if it still serves the same table, it accepts an id that is public here as a token. Lucia's own
 * sessions are not valid here and not listed, because their ids are tokens. Signing out everywhere ends them.
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
  if (createdAt !== undefined) requireSessionColumns([createdAt], undefined)
  const port = overLuciaAdapter(adapter, createdAt)
  const all = { [everySession]: port.listSessions }

  return {
    ...port,
    ...all,
    checkSession({ absoluteTimeout }) {
      if (createdAt === undefined && absoluteTimeout !== Infinity)
        throw new AuthError(
          "invalid_option",
          "session.absoluteTimeout: Lucia's tables do not keep when a session was created; set session.absoluteTimeout to false, or name your own column with fromLuciaAdapter(adapter, { createdAt })",
        )
    },
    async listSessions(userId) {
      const sessions = await port.listSessions(userId)
      // Lucia's own sessions have their token as id, which must not be shown.
      return sessions.filter(({ id }) => isSessionId(id))
    },
  }
}

/**
 * Returns the same adapter. One from {@link fromLuciaAdapter} then also lists Lucia's own sessions, whose ids may be
 * tokens.
 */
export function listingAll<A extends object>(adapter: A): A {
  return adapter && everySession in adapter ? { ...adapter, listSessions: adapter[everySession] } : adapter
}

/**
 * Creates the session port from an adapter of Lucia v3. It also lists Lucia's own sessions, whose ids may be tokens.
 * Throws `missing_port` for any other adapter.
 */
export function overLuciaAdapter(adapter: Adapter, createdAt?: string): SessionAdapter<object> {
  const names = [...reads, ...writes, "deleteUserSessions", "deleteExpiredSessions"] as const
  requireMethods<Adapter>(adapter, names, "use an adapter of Lucia v3")
  const toRecord = (session: DatabaseSession) => fromStored(session, createdAt)
  const rows: SessionRows = {
    async find(id) {
      const [session] = await find(id)
      return session && toRecord(session)
    },
    async list(userId) {
      const sessions = await adapter.getUserSessions(requireUserId(userId))
      return sessions.map(toRecord).sort(newestFirst)
    },
    async insert(session, old) {
      // Everything that the row already has is a column, whatever its name.
      const added = Object.keys(session.attributes).filter((name) => !Object.hasOwn(old?.attributes ?? {}, name))
      requireSessionColumns(added, createdAt)
      requireUserId(session.userId)
      await adapter.setSession(toStored(session, createdAt))
    },
    extend: (id, expiresAt) => adapter.updateSessionExpiration(id, new Date(expiresAt)),
    delete: (id) => adapter.deleteSession(id),
    deleteAll: (userId) => adapter.deleteUserSessions(userId),
  }

  return {
    ...sessionPort(rows),
    async findSession(id) {
      const first = await find(id)
      // Lucia's adapters read both separately, and the session may have been replaced in between. Its user still
      // exists.
      const [session, user] = first[0] && !first[1] ? await find(id) : first
      return session && { session: toRecord(session), user: user && { ...user.attributes, id: user.id } }
    },
    async updateSession() {
      throw new AuthError(
        "unsupported",
        "updateSession(): an adapter of Lucia v3 cannot change the attributes of a session; keep them in your own table",
      )
    },
    async deleteExpiredSessions() {
      await adapter.deleteExpiredSessions()
      return 0
    },
  }

  async function find(id: string): ReturnType<Adapter["getSessionAndUser"]> {
    const [session, user] = await adapter.getSessionAndUser(id)
    return session?.id === id ? [session, user] : [null, null]
  }
}

/** Throws `invalid_option` unless each session attribute can be one of the application's own columns. */
export function requireSessionColumns(names: string[], createdAt: string | undefined): void {
  requireColumns(
    "session attributes",
    names,
    "id",
    "userId",
    "expiresAt",
    ...(createdAt === undefined ? [] : [createdAt]),
  )
}

// Without a creation time, the deadline shows how new a session is, or how recently it was used.
function newestFirst(a: SessionRecord, b: SessionRecord): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || b.expiresAt.getTime() - a.expiresAt.getTime()
}

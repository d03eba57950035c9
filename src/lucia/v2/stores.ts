import { guardPort } from "../../core/errors.ts"
import type { SessionAdapter as SessionPort, SessionRecord, UserAdapter as UserPort } from "../../core/ports.ts"
import { exactly } from "../v3/exact-ids.ts"
import { requireMethods } from "../v3/lucia-adapter.ts"
import { isOwn, ownPort } from "../v3/own-adapter.ts"
import { belongsTo } from "../v3/user-ids.ts"
import type { Adapter, InitializeAdapter, OrNull, SessionAdapter, UserAdapter, UserSchema } from "./lucia-adapter.ts"
import { LuciaError } from "./lucia-error.ts"
import { overSessionAdapter, toTime } from "./session-port.ts"
import type { SessionStore } from "./session-port.ts"
import { overUserPort } from "./user-port.ts"

/** An adapter of this package that stores sessions. */
export type OwnSessionAdapter = SessionPort<object>

/** An adapter of this package that stores users and keys. */
export type OwnUserAdapter = UserPort<object, object>

/** An adapter of Lucia v2 or of this package, or one for users and one for sessions. */
export type AdapterOption =
  | InitializeAdapter<Adapter>
  | (OwnUserAdapter & OwnSessionAdapter)
  | {
      user: InitializeAdapter<Adapter> | InitializeAdapter<UserAdapter> | OwnUserAdapter
      session: InitializeAdapter<SessionAdapter> | OwnSessionAdapter
    }

/** The stores of an auth, over any of the adapters. */
export interface Stores {
  users: UserAdapter
  sessions: SessionStore
  /** Deletes a user with all keys and sessions. May be repeated. */
  deleteUser(userId: string): Promise<void>
  /** When the active period of a stored session ends, in milliseconds. */
  activeUntil(session: SessionRecord): number
}

const userMethods = ["getUser", "setUser", "updateUser", "deleteUser"] as const
const keyMethods = ["getKey", "getKeysByUserId", "setKey", "updateKey", "deleteKey", "deleteKeysByUserId"] as const
const sessionReads = ["getSession", "getSessionsByUserId"] as const
const sessionWrites = ["setSession", "updateSession", "deleteSession", "deleteSessionsByUserId"] as const
const userPort = ["insertUser", "findUser", "updateUser", "deleteUser"] as const
const keyPort = ["insertKey", "findKey", "listKeys", "replaceKeyPassword", "deleteKey"] as const
const remedy = "use one of Lucia v2, or of this package, for users and for sessions"

/** Opens the adapters of a configuration. Throws `missing_port` if one is not an adapter. */
export function openStores(option: AdapterOption, idlePeriod: number): Stores {
  const isSplit = typeof option === "object" && option !== null && "user" in option
  const user = initialized(isSplit ? option.user : option)
  const session = isSplit && option.session !== option.user ? initialized(option.session) : user
  const isOne = session === user
  const users = toUsers(user)
  const port = toSessions(session, isOne, idlePeriod)
  const sessions: typeof port = { ...port, findSession }
  return { users, sessions, deleteUser: isOne && isOwnUsers(user) ? users.deleteUser : deleteUser, activeUntil }

  function activeUntil({ expiresAt, attributes }: SessionRecord): number {
    // The tables of this package have only one deadline.
    const isKept = !isOwn(session) && "active_expires" in attributes
    return isKept ? toTime(attributes.active_expires) : expiresAt.getTime() - idlePeriod
  }

  async function findSession(id: string): ReturnType<typeof port.findSession> {
    const found = await port.findSession(id)
    // If users are stored elsewhere, the session adapter must not provide them.
    if (!found || (isOne && found.user !== undefined)) return found
    const { session } = found
    const owner: OrNull<UserSchema> = await users.getUser(session.userId as string)
    // Another database may treat the id of another user as equal.
    return { session, user: owner && belongsTo(session, owner.id) ? owner : null }
  }

  async function deleteUser(userId: string): Promise<void> {
    // Keys first, so that the user can no longer sign in.
    await users.deleteKeysByUserId(userId)
    await sessions.deleteUserSessions(userId)
    await users.deleteUser(userId)
    // Again, for a concurrent sign-in, if the session store does not know the users.
    await sessions.deleteUserSessions(userId)
  }
}

function initialized(option: unknown): unknown {
  return typeof option === "function" ? option(LuciaError) : option
}

function toUsers(adapter: unknown): UserAdapter {
  if (isOwnUsers(adapter)) return overUserPort(guardPort(adapter, [...userPort, ...keyPort]))
  requireMethods<UserAdapter>(adapter, [...userMethods, ...keyMethods], remedy)
  return adapter
}

function toSessions(adapter: unknown, hasUsers: boolean, idlePeriod: number): SessionStore {
  if (isOwn(adapter)) return exactly(guardPort<OwnSessionAdapter>(adapter, [...ownPort, "updateSession"]))
  requireMethods<Adapter>(adapter, [...sessionReads, ...sessionWrites], remedy)
  return overSessionAdapter(adapter, { hasUsers, idlePeriod })
}

function isOwnUsers(adapter: unknown): adapter is OwnUserAdapter {
  return typeof adapter === "object" && adapter !== null && "findUser" in adapter
}

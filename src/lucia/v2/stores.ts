import { AuthError, guardPort } from "../../core/errors.ts"
import type {
  FoundSession,
  SessionAdapter as SessionPort,
  SessionRecord,
  UserAdapter as UserPort,
} from "../../core/ports.ts"
import { exactly } from "../v3/exact-ids.ts"
import { belongsTo } from "../v3/stored-session.ts"
import type { Adapter, InitializeAdapter, OrNull, SessionAdapter, UserAdapter, UserSchema } from "./lucia-adapter.ts"
import { LuciaError } from "./lucia-error.ts"
import { overSessionAdapter, toTime } from "./session-port.ts"
import { overUserPort } from "./user-port.ts"

/** An adapter of this package that keeps sessions. */
export type OwnSessionAdapter = SessionPort<object>

/** An adapter of this package that keeps users and keys. */
export type OwnUserAdapter = UserPort<object, object>

/** An adapter of Lucia v2 or of this package, or one for users and one for sessions. */
export type AdapterOption =
  | InitializeAdapter<Adapter>
  | (OwnUserAdapter & OwnSessionAdapter)
  | {
      user: InitializeAdapter<Adapter> | InitializeAdapter<UserAdapter> | OwnUserAdapter
      session: InitializeAdapter<SessionAdapter> | OwnSessionAdapter
    }

/** Where an auth keeps everything, whatever adapters it was given. */
export interface Stores {
  users: UserAdapter
  sessions: SessionPort<object>
  /** Deletes a user with all keys and sessions. May be repeated. */
  deleteUser(userId: string): Promise<void>
  /** When the active period of a stored session ends, in milliseconds. */
  activeUntil(session: SessionRecord): number
  /** What a new session's attributes are, with the end of its active period where it is kept. */
  withActiveUntil(attributes: object, activeUntil: number): object
}

const userMethods = [
  "getUser",
  "setUser",
  "updateUser",
  "deleteUser",
  "getKey",
  "getKeysByUserId",
  "setKey",
  "updateKey",
  "deleteKey",
  "deleteKeysByUserId",
] as const
const sessionMethods = [
  "getSession",
  "getSessionsByUserId",
  "setSession",
  "updateSession",
  "deleteSession",
  "deleteSessionsByUserId",
] as const
const userPort = [
  "insertUser",
  "findUser",
  "updateUser",
  "deleteUser",
  "insertKey",
  "findKey",
  "listKeys",
  "replaceKeyPassword",
  "deleteKey",
] as const
const sessionPort = [
  "insertSession",
  "findSession",
  "listSessions",
  "extendSession",
  "updateSession",
  "replaceSession",
  "deleteSession",
  "deleteUserSessions",
  "deleteExpiredSessions",
] as const

/** Opens the adapters of a configuration. Throws `missing_port` if one is not an adapter. */
export function openStores(option: AdapterOption, idlePeriod: number): Stores {
  const isSplit = typeof option === "object" && option !== null && "user" in option
  const user = open(isSplit ? option.user : option)
  const session = isSplit && option.session !== option.user ? open(option.session) : user
  const users = toUsers(user)
  const isOne = session === user
  const clock = isOwnSessions(session) ? derivedClock(idlePeriod) : storedClock
  const sessions = toSessions(session, users, isOne, idlePeriod)
  return { users, sessions, deleteUser: isOne && isOwnUsers(user) ? users.deleteUser : deleteUser, ...clock }

  async function deleteUser(userId: string): Promise<void> {
    // Keys first, so that nobody signs in any more.
    await users.deleteKeysByUserId(userId)
    await sessions.deleteUserSessions(userId)
    await users.deleteUser(userId)
    // Once more, for a sign-in that was under way, where the sessions' store knows no users.
    await sessions.deleteUserSessions(userId)
  }
}

function open(option: unknown): unknown {
  return typeof option === "function" ? option(LuciaError) : option
}

function toUsers(adapter: unknown): UserAdapter {
  if (isOwnUsers(adapter)) return overUserPort(guardPort(adapter, userPort))
  requireMethods<UserAdapter>(adapter, userMethods)
  return adapter
}

function toSessions(adapter: unknown, users: UserAdapter, isOne: boolean, idlePeriod: number): SessionPort<object> {
  if (isOwnSessions(adapter)) {
    const port = exactly(guardPort(adapter, sessionPort))
    return isOne ? port : { ...port, findSession: (id) => findBoth(port, users, id) }
  }
  requireMethods<Adapter>(adapter, sessionMethods)
  return overSessionAdapter({ adapter, idlePeriod, join: joinOf(adapter, users, isOne) })
}

async function findBoth(port: OwnSessionAdapter, users: UserAdapter, id: string): Promise<FoundSession<object> | null> {
  const found = await port.findSession(id)
  return found && { session: found.session, user: await findOwner(users, String(found.session.userId)) }
}

function joinOf(adapter: Adapter, users: UserAdapter, isOne: boolean) {
  return async (id: string) => {
    // Where users are elsewhere, the adapter of the sessions must not answer for them.
    if (isOne && adapter.getSessionAndUser) {
      const [row, user] = await adapter.getSessionAndUser(id)
      return { row, user }
    }
    const row = await adapter.getSession(id)
    return { row, user: row && (await findOwner(users, row.user_id)) }
  }
}

// Another database, which may take the id of another user for this one.
async function findOwner(users: UserAdapter, userId: string): Promise<OrNull<UserSchema>> {
  const user: OrNull<UserSchema> = await users.getUser(userId)
  return user && belongsTo({ userId: user.id }, userId) ? user : null
}

const storedClock = {
  activeUntil: ({ attributes }: SessionRecord) => toTime("active_expires" in attributes && attributes.active_expires),
  withActiveUntil: (attributes: object, activeUntil: number) => ({ ...attributes, active_expires: activeUntil }),
}

// The tables of this package keep one deadline.
function derivedClock(idlePeriod: number) {
  return {
    activeUntil: ({ expiresAt }: SessionRecord) => expiresAt.getTime() - idlePeriod,
    withActiveUntil: (attributes: object) => ({ ...attributes }),
  }
}

function isOwnUsers(adapter: unknown): adapter is OwnUserAdapter {
  return typeof adapter === "object" && adapter !== null && "findUser" in adapter
}

function isOwnSessions(adapter: unknown): adapter is OwnSessionAdapter {
  return typeof adapter === "object" && adapter !== null && "findSession" in adapter
}

function requireMethods<Port extends object>(
  adapter: unknown,
  names: readonly (keyof Port & string)[],
): asserts adapter is Port {
  const methods = adapter as Record<string, unknown> | null | undefined
  for (const name of names)
    if (typeof methods?.[name] !== "function")
      throw new AuthError(
        "missing_port",
        `adapter: ${name}() is missing; use one of Lucia v2, or of this package, for users and for sessions`,
      )
}

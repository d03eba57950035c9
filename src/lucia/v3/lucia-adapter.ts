import { AuthError } from "../../core/errors.ts"

/** A session as Lucia v3 passes it to an adapter, and gets it back. The user's id may be a database object. */
export interface DatabaseSession<Attributes extends object = object, Id = unknown> {
  id: string
  userId: Id
  expiresAt: Date
  attributes: Attributes
}

/** A user as an adapter of Lucia v3 finds it. Every column except the id is an attribute. */
export interface DatabaseUser<Attributes extends object = object, Id = unknown> {
  id: Id
  attributes: Attributes
}

/** The methods that `lucia@3.2.2` requires of an adapter. */
export interface Adapter<Session = DatabaseSession, User = DatabaseUser, Id = unknown> {
  getSessionAndUser(sessionId: string): Promise<[session: Session | null, user: User | null]>
  getUserSessions(userId: Id): Promise<Session[]>
  setSession(session: Session): Promise<void>
  updateSessionExpiration(sessionId: string, expiresAt: Date): Promise<void>
  deleteSession(sessionId: string): Promise<void>
  deleteUserSessions(userId: Id): Promise<void>
  deleteExpiredSessions(): Promise<void>
}

/** Throws `missing_port` unless an adapter of Lucia has these methods. */
export function requireMethods<Port extends object>(
  adapter: unknown,
  names: readonly (keyof Port & string)[],
  remedy: string,
): asserts adapter is Port {
  const missing = names.find((name) => typeof (adapter as Record<string, unknown> | null)?.[name] !== "function")
  if (missing) throw new AuthError("missing_port", `adapter: ${missing}() is missing; ${remedy}`)
}

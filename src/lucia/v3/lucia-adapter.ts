/** A session as Lucia v3 gives it to an adapter, and gets it back. The user's id may be an object of the database. */
export interface DatabaseSession<Attributes extends object = object, Id = unknown> {
  id: string
  userId: Id
  expiresAt: Date
  attributes: Attributes
}

/** A user as an adapter of Lucia v3 finds it: every column but the id is an attribute. */
export interface DatabaseUser<Attributes extends object = object, Id = unknown> {
  id: Id
  attributes: Attributes
}

/** What `lucia@3.2.2` asks of an adapter. */
export interface Adapter {
  getSessionAndUser(sessionId: string): Promise<[session: DatabaseSession | null, user: DatabaseUser | null]>
  getUserSessions(userId: unknown): Promise<DatabaseSession[]>
  setSession(session: DatabaseSession): Promise<void>
  updateSessionExpiration(sessionId: string, expiresAt: Date): Promise<void>
  deleteSession(sessionId: string): Promise<void>
  deleteUserSessions(userId: unknown): Promise<void>
  deleteExpiredSessions(): Promise<void>
}

import type { FoundSession, SessionRecord } from "../../core/ports.ts"
import type { SessionFields, UserFields } from "./auth.ts"
import type { SessionSchema, UserSchema } from "./lucia-adapter.ts"
import { toLuciaId, toTime } from "./session-port.ts"
import type { Stores } from "./stores.ts"

/** What a session is made of for the application. */
export interface SessionTransformParts {
  stores: Stores
  transformDatabaseUser: (row: UserSchema) => UserFields
  getSessionAttributes: (row: SessionSchema) => object
}

/** A session as this package knows it inside. */
export type AnySession = SessionFields & { readonly user: UserFields }

/** Makes the functions that turn what a store found into what the application sees. */
export function createSessionTransform({ stores, transformDatabaseUser, getSessionAttributes }: SessionTransformParts) {
  function transformDatabaseSession<User>(row: SessionSchema, { user, fresh }: { user: User; fresh: boolean }) {
    const [active, idle] = [toTime(row.active_expires), toTime(row.idle_expires)]
    return {
      ...getSessionAttributes(row),
      user,
      sessionId: row.id as string,
      activePeriodExpiresAt: new Date(active),
      idlePeriodExpiresAt: new Date(idle),
      state: Date.now() <= active ? ("active" as const) : ("idle" as const),
      fresh,
    }
  }

  function toSession({ session, user }: FoundSession<object>, sessionId: string): AnySession {
    // Usable, so there is a user.
    const userRow = user as UserSchema
    return transformDatabaseSession(toRow(session, sessionId), { user: transformDatabaseUser(userRow), fresh: false })
  }

  function toRow(record: SessionRecord, sessionId: string): SessionSchema {
    // With the columns that the application has declared.
    return {
      ...record.attributes,
      id: sessionId,
      user_id: toLuciaId(record.userId),
      active_expires: stores.activeUntil(record),
      idle_expires: record.expiresAt.getTime(),
    } as SessionSchema
  }

  return { toRow, toSession, transformDatabaseSession }
}

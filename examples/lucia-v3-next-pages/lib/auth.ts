import { Lucia } from "nightlatch/lucia"
import { BetterSqlite3Adapter } from "@lucia-auth/adapter-sqlite"
import { db } from "./db"

import type { Session, User } from "nightlatch/lucia"
import type { IncomingMessage, ServerResponse } from "http"

const adapter = new BetterSqlite3Adapter(db, {
  user: "user",
  session: "session",
})

// Repaired: the tutorial has a second `new Lucia()`, without an adapter, above validateRequest().
export const lucia = new Lucia(adapter, {
  sessionCookie: {
    attributes: {
      // set to `true` when using HTTPS
      secure: process.env.NODE_ENV === "production",
    },
  },
  getUserAttributes: (attributes) => {
    return {
      // attributes has the type of DatabaseUserAttributes
      username: attributes.username,
    }
  },
})

declare module "nightlatch/lucia" {
  interface Register {
    Lucia: typeof lucia
    DatabaseUserAttributes: DatabaseUserAttributes
  }
}

interface DatabaseUserAttributes {
  username: string
}

export async function validateRequest(
  req: IncomingMessage,
  res: ServerResponse,
): Promise<{ user: User; session: Session } | { user: null; session: null }> {
  const sessionId = lucia.readSessionCookie(req.headers.cookie ?? "")
  if (!sessionId) {
    return {
      user: null,
      session: null,
    }
  }
  const result = await lucia.validateSession(sessionId)
  if (result.session && result.session.fresh) {
    res.appendHeader("Set-Cookie", lucia.createSessionCookie(result.session.id).serialize())
  }
  if (!result.session) {
    res.appendHeader("Set-Cookie", lucia.createBlankSessionCookie().serialize())
  }
  return result
}

import { checkOption, invalidOption } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"

/** The part of an auth that lists and ends a user's live sessions. */
export interface SessionSource<Id extends UserId = UserId> {
  getUserSessions(userId: Id): Promise<{ id: string }[]>
  invalidateSession(sessionId: string): Promise<boolean>
}

/**
 * Identifies the session that adds a way to sign in. Without `sessionId`, the application adds it, for a user it has
 * just created.
 */
export interface Asking<Id extends UserId = UserId> {
  userId: Id
  sessionId?: string
}

/**
 * Adds a way to sign in, while the session that asks for it is live and the user's. The session is checked before and
 * after. If it has ended, the addition is undone, the sessions that it opened end, and the result is `null`. If the
 * second check fails, the addition is undone too. Throws
 * `invalid_option` if `sessionId` is not text, or `auth` is missing.
 */
export async function whileSignedIn<Id extends UserId, Added>(
  auth: SessionSource<Id> | undefined,
  asking: Asking<Id>,
  add: () => Promise<Added>,
  takeBack: (added: Added) => Promise<void>,
): Promise<Added | null> {
  if (!("sessionId" in asking)) return add()
  const { userId, sessionId } = asking
  // Without this check, an undefined session id would let anyone add a key.
  checkOption("sessionId", sessionId, typeof sessionId === "string", "is not a session id; use session.id")
  if (!auth) throw invalidOption("auth", auth, "is needed for a sessionId; pass the auth as the option auth")

  const before = await sessionsOf(auth, userId)
  if (!before.includes(sessionId!)) return null
  const added = await add()
  const isLive = sessionsOf(auth, userId).then((after) => after.includes(sessionId!))
  if (await isLive.catch(() => false)) return added
  await takeBack(added)
  // Throws if nobody could tell.
  await isLive
  for (const id of await sessionsOf(auth, userId)) if (!before.includes(id)) await auth.invalidateSession(id)
  return null
}

async function sessionsOf<Id extends UserId>(auth: SessionSource<Id>, userId: Id): Promise<string[]> {
  return (await auth.getUserSessions(userId)).map(({ id }) => id)
}

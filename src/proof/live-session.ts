import { checkOption, invalidOption } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"

/** The part of an auth that says which sessions of a user are live. */
export interface SessionSource<Id extends UserId = UserId> {
  getUserSessions(userId: Id): Promise<{ id: string }[]>
  invalidateSession(sessionId: string): Promise<boolean>
}

/** Who asks for another way to sign in. Without `sessionId` it is the application itself, for a user it has just created. */
export interface Asking<Id extends UserId = UserId> {
  userId: Id
  sessionId?: string
}

/**
 * Runs what adds a way to sign in, while the session that asks for it is live and the user's. Looks before and once more
 * after: of a session that was ended meanwhile nothing stays, and no session that was opened by what it added. Resolves to
 * `null` if the session has ended. Throws `invalid_option` for a `sessionId` that is not text, and without an `auth`.
 */
export async function whileSignedIn<Id extends UserId, Added>(
  auth: SessionSource<Id> | undefined,
  asking: Asking<Id>,
  add: () => Promise<Added>,
  takeBack: (added: Added) => Promise<void>,
): Promise<Added | null> {
  if (!("sessionId" in asking)) return add()
  const { userId, sessionId } = asking
  // Skipping the look because nobody is signed in would let anyone add a key.
  checkOption("sessionId", sessionId, typeof sessionId === "string", "is not a session id; use session.id")
  if (!auth) throw invalidOption("auth", auth, "is needed for a sessionId; pass the auth as the option auth")

  const before = await sessionsOf(auth, userId)
  if (!before.includes(sessionId!)) return null
  const added = await add()
  if ((await sessionsOf(auth, userId)).includes(sessionId!)) return added
  await takeBack(added)
  for (const id of await sessionsOf(auth, userId)) if (!before.includes(id)) await auth.invalidateSession(id)
  return null
}

async function sessionsOf<Id extends UserId>(auth: SessionSource<Id>, userId: Id): Promise<string[]> {
  return (await auth.getUserSessions(userId)).map(({ id }) => id)
}

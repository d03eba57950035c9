import type { Stage } from "./acts.ts"
import { budget, lifetimes } from "./world.ts"

/** Lists what is broken of the invariants, once everything has come to rest. */
export async function checkInvariants(stage: Stage): Promise<string[]> {
  const broken: string[] = []
  const { world, sessions, revoked, found, accepted, userId } = stage
  const { adapter, auth, users } = world

  for (const session of sessions) {
    const { session: live } = await auth.validateSession(session.token)
    const revocations = revoked.filter((each) => each.covers(session))
    if (live && revocations.length > 0) broken.push("I1: a session is live that was revoked")
    const late = found.some(({ id, began }) => id === session.id && revocations.some(({ ended }) => ended < began))
    if (late) broken.push("I1: a validation found a session whose revocation had been acknowledged")
    if (!live) continue
    if (stage.isDeleted) broken.push("I3: a session of a deleted user is live")
    if (live.expiresAt.getTime() > live.createdAt.getTime() + lifetimes.absolute) {
      broken.push("I4: a session lives longer than the absolute timeout")
    }
    const listed = await auth.getUserSessions(userId)
    if (!listed.some(({ id }) => id === live.id)) broken.push("I5: a live session is not listed")
    const current = await passwordOf(stage)
    if (session.by.startsWith("password ") && session.by !== `password ${current}`) {
      broken.push("R6: a session that an earlier password has made is live")
    }
  }

  for (const times of accepted.values()) if (times > 1) broken.push("I2: something was accepted twice")
  const rows = await adapter.listSessions(userId)
  if (rows.length > 0 && !(await users.getUser(userId))) broken.push("I3: a session has no user")
  if (stage.isDeleted && (await adapter.countTokens(userId, "link")) > 0) broken.push("I3: a token has no user")
  if (stage.allowedAttempts > budget.limit) broken.push("I6: more attempts were let through than the limit")
  return broken
}

async function passwordOf({ world, username, passwords }: Stage): Promise<string | null> {
  for (const { password } of passwords) {
    const attempt = { providerId: "username", providerUserId: username, password }
    if (await world.users.verifyPassword(attempt)) return password
  }
  return null
}

import type { Auth } from "../../core/auth.ts"
import { checkOptions } from "../../core/options.ts"
import type { SessionAdapter, UserId } from "../../core/ports.ts"
import { plainToken } from "../../core/persistence.ts"
import { hashToken, isToken } from "../../core/session-token.ts"
import { createOldSessions } from "./old-sessions.ts"
import { isSplitId, readOldToken } from "./old-tokens.ts"
import type { OldToken } from "./old-tokens.ts"

/**
 * Lets an auth take over the sessions of Lucia v2 and v3, and of the code on Lucia's site, so that nobody is signed out.
 * Takes the auth, and the adapter that it was made with.
 *
 * A cookie of theirs is worth one token of ours, always the same, and on its first use the session's row is put under
 * that. The wrappers then replace the cookie as soon as a response can set one; who calls `validateSession` stores the
 * `token` that it resolves to. Until a cookie is replaced it stays good, as it is a secret that leads to the new token.
 *
 * Accepts what Lucia v2 and v3 made by default, 40 characters, whose row has the id in clear or its SHA-256; and
 * `id.secret`, whose row has `secret_hash` among its attributes. An unknown one costs at most four reads and no write.
 *
 * Throws `missing_port` without an adapter.
 *
 * @example
 * export const auth = acceptLuciaTokens(createAuth({ adapter, cookie: { name: "auth_session" } }), { adapter })
 */
export function acceptLuciaTokens<
  UserRow extends { id: UserId },
  SessionRow extends object,
  UserAttributes extends object,
  SessionAttributes extends object,
>(
  auth: Auth<UserRow, SessionRow, UserAttributes, SessionAttributes>,
  options: { adapter: SessionAdapter<NoInfer<UserRow>, NoInfer<SessionRow>> },
): Auth<UserRow, SessionRow, UserAttributes, SessionAttributes> {
  type OwnAuth = Auth<UserRow, SessionRow, UserAttributes, SessionAttributes>
  type OwnAdapter = SessionAdapter<UserRow, SessionRow>

  checkOptions("acceptLuciaTokens()", options, "adapter")
  return over(auth, options?.adapter)

  /** `presented` holds, for one request, the old tokens that led to the sessions with these ids. */
  function over(auth: OwnAuth, adapter: OwnAdapter, presented?: Map<string, OldToken>): OwnAuth {
    const sessions = createOldSessions(adapter, auth.emit)

    // The same auth, which finds one session more: the old one, after it has moved.
    function authFor(old: OldToken) {
      return auth.withAdapter({ ...adapter, findSession: () => sessions.find(old) })
    }

    return {
      ...auth,
      async validateSession(token) {
        const old = readOldToken(token)
        if (!old) return auth.validateSession(token)
        const result = await authFor(old).validateSession(old.token)
        if ("reason" in result) return result
        presented?.set(old.id, old)
        return { ...result, token: old.token }
      },
      async rotateSession(token) {
        const old = readOldToken(token)
        const rotated = await (old ? authFor(old).rotateSession(old.token) : auth.rotateSession(token))
        if (!rotated) return null
        const oldId = old?.id ?? hashToken(String(plainToken(token)))
        await sessions.endRemains(oldId, rotated.session.userId, old ?? presented?.get(oldId))
        return rotated
      },
      async invalidateSession(id, owner = {}) {
        // First what is left of the old row: a request with the old cookie could bring the session back.
        await sessions.endRemainsOf(id, owner, presented?.get(id))
        if (await auth.invalidateSession(id, owner)) return true
        if (!isSplitId(id) || !(await sessions.end(id, owner.userId))) return false
        auth.emit("session_ended", { sessionId: id, userId: owner.userId })
        return true
      },
      async getUserSessions(userId) {
        const listed = new Map((await sessions.list(userId)).map((each) => [each.id, each]))
        const listSessions = async () => Array.from(listed.values(), ({ row, id }) => ({ ...row, id }))
        const live = await auth.withAdapter({ ...adapter, listSessions }).getUserSessions(userId)
        const moved: typeof live = []
        for (const session of live) if (await sessions.moveListed(listed.get(session.id)!)) moved.push(session)
        return moved
      },
      async isTokenOf(presented, sessionId) {
        const token = plainToken(presented)
        return (isToken(token) ? hashToken(token) : readOldToken(token)?.id) === sessionId
      },
      withAdapter: (other) => over(auth.withAdapter(other), other, presented),
      withRequest: (request) => over(auth.withRequest(request), adapter, new Map()),
    }
  }
}

import type { Auth } from "../../core/auth.ts"
import { checkOptions } from "../../core/options.ts"
import type { SessionAdapter, UserId } from "../../core/ports.ts"
import { plainToken } from "../../core/persistence.ts"
import { hashToken, isToken } from "../../core/session-token.ts"
import { createOldSessions } from "./old-sessions.ts"
import { isSplitId, readOldToken } from "./old-tokens.ts"
import type { OldToken } from "./old-tokens.ts"

/**
 * Makes an auth accept the sessions of Lucia v2 and v3, and of the code on Lucia's site, so that nobody is signed out.
 * Pass the auth and its adapter.
 *
 * Each old cookie maps to one new token, always the same. On its first use, the session's row moves to that token. The
 * wrappers then replace the cookie as soon as a response can set one. If you call `validateSession` yourself, store the
 * `token` that it resolves to. The old cookie stays valid until it is replaced, because it is a secret that leads to
 * the new token.
 *
 * Accepts the default tokens of Lucia v2 and v3, 40 characters, whose row has the id in clear or its SHA-256. Also
 * accepts `id.secret`, whose row has `secret_hash` among its attributes. An unknown token costs at most four reads and
 * no write.
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

  /** `presented` holds one request's old tokens, by the ids of their sessions. */
  function over(auth: OwnAuth, adapter: OwnAdapter, presented?: Map<string, OldToken>): OwnAuth {
    const sessions = createOldSessions(adapter, auth.emit)

    // The same auth, with an adapter that finds the old session after it has moved.
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
        // Ends the remains of the old row first: a request with the old cookie could otherwise revive the session.
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

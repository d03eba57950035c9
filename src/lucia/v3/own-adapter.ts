import { guardPort } from "../../core/errors.ts"
import type { SessionAdapter, UserAdapter, UserId } from "../../core/ports.ts"
import { exactly } from "./exact-ids.ts"
import { overLuciaAdapter } from "./from-lucia-adapter.ts"
import type { Adapter as AnyLuciaAdapter } from "./lucia-adapter.ts"
import { belongsTo } from "./user-ids.ts"

/** An adapter of this package, which need not know the users. If it does not, its `findUser` is called if it exists. */
export type OwnAdapter = SessionAdapter<object> & Partial<Pick<UserAdapter<object>, "findUser">>

const reads = ["findSession", "listSessions"] as const
const writes = ["insertSession", "extendSession", "replaceSession", "deleteSession"] as const
/** The methods that the sessions of an adapter of this package must have. */
export const ownPort = [...reads, ...writes, "deleteUserSessions", "deleteExpiredSessions"] as const

/** Creates the session port from an adapter of either kind. Throws `missing_port` if it is not an adapter. */
export function toStore(adapter: AnyLuciaAdapter | OwnAdapter): SessionAdapter<object> {
  if (isOwn(adapter)) return exactly(guardPort<SessionAdapter<object>>(adapter, ownPort))
  return overLuciaAdapter(adapter)
}

/** Returns a function that finds a user with `findUser` of this package's adapter. Without one, every id is a user's. */
export function toFindUser(adapter: AnyLuciaAdapter | OwnAdapter): (userId: UserId) => Promise<object | null> {
  if (!isOwn(adapter) || typeof adapter.findUser !== "function") return async () => ({})
  const port: Pick<UserAdapter<{ id?: UserId }>, "findUser"> = { findUser: adapter.findUser }
  const { findUser } = guardPort(port, ["findUser"])
  return async (userId) => {
    const row = await findUser(userId)
    // Some columns treat another user's id as equal.
    return row?.id === undefined || belongsTo({ userId: row.id }, userId) ? row : null
  }
}

/** Returns whether an adapter is one of this package. */
export function isOwn(adapter: unknown): adapter is OwnAdapter {
  return typeof adapter === "object" && adapter !== null && "findSession" in adapter
}

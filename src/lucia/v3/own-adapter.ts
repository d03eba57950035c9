import { guardPort } from "../../core/errors.ts"
import type { SessionAdapter, UserAdapter } from "../../core/ports.ts"
import { exactly } from "./exact-ids.ts"
import { overLuciaAdapter } from "./from-lucia-adapter.ts"
import type { Adapter as AnyLuciaAdapter } from "./lucia-adapter.ts"

/** An adapter of this package, which need not know users; where it does not, its `findUser` is asked if there is one. */
export type OwnAdapter = SessionAdapter<object> & Partial<Pick<UserAdapter<object>, "findUser">>

/** What is asked of the sessions of an adapter of this package. */
export const ownPort = [
  "insertSession",
  "findSession",
  "listSessions",
  "extendSession",
  "replaceSession",
  "deleteSession",
  "deleteUserSessions",
  "deleteExpiredSessions",
] as const

/** Makes the session port out of an adapter of either kind. Throws `missing_port` if it is not an adapter. */
export function toStore(adapter: AnyLuciaAdapter | OwnAdapter): SessionAdapter<object> {
  if (isOwn(adapter)) return exactly(guardPort<SessionAdapter<object>>(adapter, ownPort))
  return overLuciaAdapter(adapter)
}

/** Takes the `findUser` of an adapter of this package, if it has one. */
export function toFindUser(adapter: AnyLuciaAdapter | OwnAdapter): UserAdapter<object>["findUser"] | undefined {
  if (!isOwn(adapter) || typeof adapter.findUser !== "function") return undefined
  return guardPort<Pick<UserAdapter<object>, "findUser">>({ findUser: adapter.findUser }, ["findUser"]).findUser
}

/** Returns whether an adapter is one of this package. */
export function isOwn(adapter: unknown): adapter is OwnAdapter {
  return typeof adapter === "object" && adapter !== null && "findSession" in adapter
}

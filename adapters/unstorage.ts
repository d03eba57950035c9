import type { SessionAdapter } from "../src/core/ports.ts"
import type { KeyValueOptions } from "./key-value/fields.ts"
import type { KeyValueStorage } from "./unstorage/items.ts"
import { storedSessions } from "./unstorage/sessions.ts"

export type { KeyValueOptions } from "./key-value/fields.ts"
export type { KeyValueStorage } from "./unstorage/items.ts"

/**
 * Keeps sessions wherever `unstorage` does. Users stay in the application's database: give createAuth `loadUser`.
 *
 * Such a store can get, set and remove an item, and nothing in one step: make one adapter for a storage, which then has
 * one writer to a session. Processes that share the storage can both win what only one may (two rotations of one token,
 * two extensions), and lose one of two changes to the attributes of a session. A deletion still wins over an extension
 * or a change beside it, for they never write what makes a session. What is said of sign-outs holds as far as the
 * driver shows each process at once what another has written. Nothing expires by itself: call
 * `deleteExpiredSessions()` now and then. Where Redis is at hand, use its own adapter.
 *
 * Two environments that use one storage without different prefixes share their sessions: give each its own `prefix`.
 *
 * Throws `invalid_option` for invalid options.
 *
 * @example
 * const storage = createStorage({ driver: fsDriver({ base: "./sessions" }) })
 * const adapter = unstorageAdapter(storage, { prefix: "shop:production:" })
 * const auth = createAuth({ adapter, loadUser: (id) => users.getUser(id) })
 */
export function unstorageAdapter<SessionRow extends object = {}>(
  storage: KeyValueStorage,
  options: KeyValueOptions = {},
): SessionAdapter<never, SessionRow> {
  return storedSessions(storage, options)
}

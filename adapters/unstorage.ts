import type { SessionAdapter } from "../src/core/ports.ts"
import type { KeyValueOptions } from "./key-value/fields.ts"
import type { KeyValueStorage } from "./unstorage/items.ts"
import { storedSessions } from "./unstorage/sessions.ts"

export type { KeyValueOptions } from "./key-value/fields.ts"
export type { KeyValueStorage } from "./unstorage/items.ts"

/**
 * Stores sessions in any `unstorage` storage. Users stay in your database: pass `loadUser` to `createAuth`.
 *
 * Such a storage can read, write and remove an item, but has no atomic operations. Create one adapter per storage, so
 * that each session has one writer. If several processes share the storage, both can win what only one may, such as two
 * rotations of one token or two extensions. One of two changes to a session's attributes can be lost. A deletion still
 * wins over a concurrent extension or change, because these never write the item that makes a session. Signing out is
 * reliable only if the driver immediately shows each process what another has written.
 *
 * Nothing expires by itself: call `deleteExpiredSessions()` regularly. If you have Redis, use its own adapter.
 *
 * Give each environment its own `prefix`. Two environments that use one storage with the same prefix share their
 * sessions.
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

import { AuthError } from "../../src/core/errors.ts"
import { hashText } from "../../src/platform/crypto.ts"
import type { Fields } from "../key-value/fields.ts"
import { quoted } from "../port/names.ts"

/** The methods that the adapter needs of a storage. */
export interface KeyValueStorage {
  getItem(key: string): Promise<unknown>
  setItem(key: string, value: Record<string, string>): Promise<void>
  removeItem(key: string): Promise<void>
  getKeys(base: string): Promise<string[]>
}

/** The three items of a session: the one that makes it a session, and the two that may change. */
export type Part = "session" | "deadline" | "attributes"

/** The items of a storage by meaning. */
export type Items = ReturnType<typeof itemsOf>

/** Returns the operations on named items. Throws `invalid_option` if the prefix is invalid. */
export function itemsOf(storage: KeyValueStorage, prefix = "nightlatch:") {
  // Storages cut a key at "?", treat "/" like ":" and join "::". File systems may not distinguish "a" from "A".
  if (typeof prefix !== "string" || !/^(?:[a-z0-9_-]+:)*$/.test(prefix))
    throw new AuthError(
      "invalid_option",
      `prefix: ${quoted(prefix)} is not a prefix; use words of a-z, 0-9, "_" and "-", each followed by ":"`,
    )

  const key = (part: Part, id: string) => `${prefix}${part}:${id}`
  // Hashed, because a user id can be longer than a file name and contain any character.
  const entry = (user: string, id = "") => `${prefix}user:${hashText(user)}:${id}`

  return {
    /** Reads a part of a session: `undefined` if it does not exist, `null` if it is malformed. */
    read: async (part: Part, id: string) => toFields(await storage.getItem(key(part, id))),
    write: (part: Part, id: string, fields: Fields) => storage.setItem(key(part, id), fields),
    remove: (part: Part, id: string) => storage.removeItem(key(part, id)),
    /** Lists the ids of all sessions that have this part. */
    ids: async (part: Part) => idsOf(await storage.getKeys(key(part, ""))),
    isListed: async (user: string, id: string) => (await storage.getItem(entry(user, id))) != null,
    enlist: (user: string, id: string) => storage.setItem(entry(user, id), { u: user }),
    strike: (user: string, id: string) => storage.removeItem(entry(user, id)),
    /** Lists the ids of a user's sessions. */
    listed: async (user: string) => idsOf(await storage.getKeys(entry(user))),
  }
}

function toFields(item: unknown): Fields | null | undefined {
  if (item === null || item === undefined) return undefined
  if (typeof item !== "object" || Array.isArray(item)) return null
  return Object.values(item).every((value) => typeof value === "string") ? (item as Fields) : null
}

function idsOf(keys: string[]): string[] {
  return keys.map((key) => key.slice(key.lastIndexOf(":") + 1)).filter(isStorableSession)
}

/** Returns whether an id can be part of a key. The library's own ids always can. */
export function isStorableSession(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id)
}

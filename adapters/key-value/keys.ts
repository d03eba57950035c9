import { AuthError } from "../../src/core/errors.ts"
import { checkOptions } from "../../src/core/options.ts"
import { quoted } from "../port/names.ts"
import type { UserIds, UserIdType } from "../port/user-ids.ts"
import { userIdsOf } from "../port/user-ids.ts"

/** What the adapters for key-value stores can be told. */
export interface KeyValueOptions {
  /**
   * What every key starts with. Default: `"nightlatch:"`. Give each environment and each application its own: those that
   * use one server with the same prefix share their sessions, so a sign-in to staging is valid in production.
   */
  prefix?: string | undefined
  /** The type of the user table's `id`. Default: `"text"`. */
  userIdType?: UserIdType | undefined
}

/** Where a store's sessions are, and how their users are written. */
export interface Keys {
  ids: UserIds
  /** The key of a session, or what those of all begin with. */
  session(id?: string): string
  /** The key of a user's index. */
  user(encodedId: string): string
}

/** Names the keys. Throws `invalid_option` for invalid options. */
export function keysOf(options: KeyValueOptions = {}): Keys {
  checkOptions("adapter", options, "prefix", "userIdType")
  const { prefix = "nightlatch:", userIdType } = options
  if (typeof prefix !== "string" || !prefix.isWellFormed())
    throw new AuthError("invalid_option", `prefix: ${quoted(prefix)} is not a text; use one such as "auth:"`)
  return {
    ids: userIdsOf(userIdType),
    session: (id = "") => `${prefix}session:${id}`,
    user: (encodedId) => `${prefix}user:${encodedId}`,
  }
}

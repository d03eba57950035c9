import type { AuthError } from "../../src/core/errors.ts"
import { invalidOption } from "../../src/core/options.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import type { ReplacedTokens, TokenAdapter, TokenRecord } from "../../src/tokens/token-port.ts"
import { newRowIdOf, rowIdOf, textOf, timeOf, wholeNumberOf } from "./parameters.ts"
import { deletedBatch } from "./session-port.ts"
import { missingUser } from "./user-ids.ts"

/** A token to insert, checked and encoded. Times are milliseconds since 1970. */
export interface NewToken<User> {
  id: string
  purpose: string
  user: User | null
  expiresAt: number | null
  attempts: number
  data: string
}

/** The older tokens that end when new ones are stored: those of a user and purpose, except the `keep` that expire last. */
export interface OlderTokens<User> {
  user: User
  purpose: string
  keep: number
}

/** The purposes of a user's tokens to delete: these, or all others. */
export interface DeletedPurposes {
  purposes: string[]
  isExcept: boolean
}

/** The tokens of one kind of store, as rows of encoded values. {@link tokenPort} builds on them. */
export interface TokenRows<Db, User> {
  /** Encodes a user id; `null` if no user can have it. Throws `invalid_option` for another JavaScript type. */
  encodeUser(db: Db, id: UserId): User | null
  /** Returns the error for a new token whose user id no user can have. Default: `user_missing`. */
  impossibleUser?(id: UserId): AuthError
  /**
   * Stores tokens and deletes older ones, all or nothing: `false` if an id already exists. Throws `user_missing` for a
   * user who does not exist, if the store knows its users.
   */
  insert(db: Db, tokens: NewToken<User>[], older: OlderTokens<User> | null): Promise<boolean>
  find(db: Db, id: string): Promise<TokenRecord | null>
  take(db: Db, id: string): Promise<TokenRecord | null>
  try(db: Db, id: string, limit: number): Promise<TokenRecord | null>
  count(db: Db, user: User, purpose: string): Promise<number>
  deleteOfUser(db: Db, user: User, deleted: DeletedPurposes): Promise<void>
  deleteExpired(db: Db, before: number, limit: number): Promise<number>
}

/** Opens a store of tokens. Often it is already open. */
export interface OpenTokens<Db> {
  /** Throws `invalid_option` if the store cannot keep tokens. */
  open(): MaybePromise<Db>
  /** Opens it; `null` if the application has not created its table, so that there are no tokens. */
  openIfMade(): MaybePromise<Db | null>
}

const maxPurposeBytes = 48
const maxDataBytes = 65_535

/** Creates the port from rows. It checks and encodes the arguments of every method. */
export function tokenPort<Db, User>({ open, openIfMade }: OpenTokens<Db>, rows: TokenRows<Db, User>): TokenAdapter {
  function userOf(db: Db, id: UserId): User {
    const user = rows.encodeUser(db, id)
    if (user === null) throw rows.impossibleUser?.(id) ?? missingUser()
    return user
  }

  function encode(db: Db, { userId, expiresAt, ...token }: TokenRecord): NewToken<User> {
    return {
      id: newRowIdOf(token.id),
      purpose: textOf("purpose", token.purpose, maxPurposeBytes),
      user: userId === null ? null : userOf(db, userId),
      expiresAt: expiresAt === null ? null : timeOf(expiresAt, "token"),
      attempts: wholeNumberOf("attempts", token.attempts),
      data: textOf("data", token.data, maxDataBytes),
    }
  }

  function encodeReplaced(db: Db, replaced: ReplacedTokens, tokens: TokenRecord[]): OlderTokens<User> {
    const { userId, purpose, keep } = replaced
    const added = tokens.filter((token) => token.userId === userId && token.purpose === purpose).length
    return { user: userOf(db, userId), purpose, keep: Math.max(0, wholeNumberOf("keep", keep) - added) }
  }

  return {
    async insertTokens(tokens, replacing) {
      const db = await open()
      const encoded = tokens.map((token) => encode(db, token))
      const older = replacing ? encodeReplaced(db, replacing, tokens) : null
      if (new Set(encoded.map(({ id }) => id)).size < encoded.length) return false
      return rows.insert(db, encoded, older)
    },
    async findToken(id) {
      const rowId = rowIdOf(id)
      return rowId === null ? null : rows.find(await open(), rowId)
    },
    async takeToken(id) {
      const rowId = rowIdOf(id)
      return rowId === null ? null : rows.take(await open(), rowId)
    },
    async tryToken(id, limit) {
      const [rowId, most] = [rowIdOf(id), wholeNumberOf("limit", limit)]
      return rowId === null ? null : rows.try(await open(), rowId, most)
    },
    async countTokens(userId, purpose) {
      const db = await open()
      const user = rows.encodeUser(db, userId)
      return user === null ? 0 : rows.count(db, user, textOf("purpose", purpose, maxPurposeBytes))
    },
    async deleteTokens(userId, purposes) {
      const deleted = deletedPurposesOf(purposes)
      const db = await openIfMade()
      const user = db && rows.encodeUser(db, userId)
      if (db && user !== null && !(deleted.purposes.length === 0 && !deleted.isExcept))
        await rows.deleteOfUser(db, user, deleted)
    },
    async deleteExpiredTokens(before, limit) {
      const [time, most] = [timeOf(before, "token"), wholeNumberOf("limit", limit)]
      return deletedBatch(most, await rows.deleteExpired(await open(), time, most))
    },
  }
}

function deletedPurposesOf(purposes: string[] | { except: string[] }): DeletedPurposes {
  const isExcept = !Array.isArray(purposes)
  const list: unknown = isExcept ? purposes.except : purposes
  if (Array.isArray(list)) return { purposes: list.map((one) => textOf("purposes", one, maxPurposeBytes)), isExcept }
  throw invalidOption("purposes", purposes, "is not a list; use purposes, or { except: purposes }")
}

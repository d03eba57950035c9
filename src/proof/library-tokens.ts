import type { Duration } from "../core/expiry.ts"
import type { UserId } from "../core/ports.ts"

/** Where `createTokens` keeps what the library's own modules need. Shared by all copies of this package. */
export const libraryTokens: unique symbol = Symbol.for("nightlatch.tokens.1")

/** The purposes of the library's own tokens. Those of applications never start with a colon. */
export const libraryPurposes = [":second_factor", ":known_browser", ":recovery", ":oauth", ":passkey"] as const

/** One of {@link libraryPurposes}. */
export type LibraryPurpose = (typeof libraryPurposes)[number]

/** A token of the library as stored. */
export interface LibraryToken {
  userId: UserId | null
  data: string
  attempts: number
  expiresAt: Date | null
}

/** What a new token of the library is made of. */
export interface NewLibraryToken {
  userId: UserId | null
  /** Is sealed: only the token opens it. Up to 40,000 bytes as UTF-8; an empty text costs nothing. */
  data: string
  /** `null`: it never expires. */
  expiresIn: Duration | null
  /** How many of this user's tokens of this purpose live on, the newest ones. Default: all. */
  keep?: number | undefined
  /** How many are made, in one step. Default 1. */
  count?: number | undefined
  /** How long they are: 20 random bytes are 32 characters, the default, and 15 are 24, for people to type. */
  bytes?: 15 | 20 | undefined
}

/** Tokens for the library's own modules. Like the application's: base32, only a hash is stored, one purpose each. No events. */
export interface LibraryTokens {
  create(purpose: LibraryPurpose, token: NewLibraryToken): Promise<string[]>
  /** Reads a live token. `null`, without a hash or a store call, for a value that is not shaped like one. */
  peek(purpose: LibraryPurpose, token: unknown): Promise<LibraryToken | null>
  /** Counts an attempt while fewer than `limit` were made; `null` after that. */
  try(purpose: LibraryPurpose, token: unknown, limit: number): Promise<LibraryToken | null>
  /** Takes a live token: of racing callers one gets it. */
  take(purpose: LibraryPurpose, token: unknown): Promise<LibraryToken | null>
  /** Marks the hash of a handle of any form as used, if it was not: of racing callers one gets `true`. */
  use(purpose: LibraryPurpose, handle: string, expiresIn: Duration): Promise<boolean>
  /** Counts a user's tokens of a purpose, expired ones too. */
  count(purpose: LibraryPurpose, userId: UserId): Promise<number>
  deleteAll(purpose: LibraryPurpose, userId: UserId): Promise<void>
}

/** What `createTokens` returns, as the library's modules see it. */
export interface HasLibraryTokens {
  readonly [libraryTokens]: LibraryTokens
}

import type { Duration } from "../core/expiry.ts"
import type { UserId } from "../core/ports.ts"

/** The key under which `createTokens` keeps what the library's own modules need. All copies of this package share it. */
export const libraryTokens: unique symbol = Symbol.for("nightlatch.tokens.1")

/** The purposes of the library's own tokens. Purposes of applications never start with a colon. */
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

/** The contents of a new token of the library. */
export interface NewLibraryToken {
  userId: UserId | null
  /** Encrypted: only the token opens it. Up to 40,000 bytes as UTF-8. Empty text costs nothing. */
  data: string
  /** `null`: it never expires. */
  expiresIn: Duration | null
  /** How many of this user's newest tokens of this purpose to keep. Default: all. */
  keep?: number | undefined
  /** How many tokens to create, in one step. Default 1. */
  count?: number | undefined
  /** The length: 20 random bytes are 32 characters (the default), and 15 are 24, for people to type. */
  bytes?: 15 | 20 | undefined
}

/**
 * Tokens for the library's own modules. Like the application's, they are base32, stored as a hash, and of one purpose.
 * They emit no events.
 */
export interface LibraryTokens {
  create(purpose: LibraryPurpose, token: NewLibraryToken): Promise<string[]>
  /** Reads a live token. Resolves to `null`, without a hash or a store call, if the value is malformed. */
  peek(purpose: LibraryPurpose, token: unknown): Promise<LibraryToken | null>
  /** Counts an attempt. Resolves to `null` after `limit` attempts. */
  try(purpose: LibraryPurpose, token: unknown, limit: number): Promise<LibraryToken | null>
  /** Takes a live token. Only one of several racing callers gets it. */
  take(purpose: LibraryPurpose, token: unknown): Promise<LibraryToken | null>
  /** Marks a handle of any form as used, and stores only its hash. Only one of several racing callers gets `true`. */
  use(purpose: LibraryPurpose, handle: string, expiresIn: Duration): Promise<boolean>
  /** Counts a user's tokens of a purpose, including expired ones. */
  count(purpose: LibraryPurpose, userId: UserId): Promise<number>
  deleteAll(purpose: LibraryPurpose, userId: UserId): Promise<void>
}

/** The part of `createTokens`' result that the library's modules use. */
export interface HasLibraryTokens {
  readonly [libraryTokens]: LibraryTokens
}

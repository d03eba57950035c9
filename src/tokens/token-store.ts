import type { UserId } from "../core/ports.ts"
import { openData, sealData, tokenId } from "./sealed-data.ts"
import type { TokenAdapter, TokenRecord } from "./token-port.ts"

/** The contents of a new token. */
export interface NewToken {
  userId: UserId | null
  data: string
  /** In milliseconds. `null`: it never expires. */
  lifetime: number | null
  attempts?: number
  /** How many of this user's newest tokens of this purpose to keep. Default: all. */
  keep?: number | undefined
}

/** A lookup of the adapter: `findToken`, `takeToken` or `tryToken`. */
export type Lookup = (id: string) => Promise<TokenRecord | null>

/** Stores tokens by their hashes, with their data encrypted. */
export function tokenStore(adapter: TokenAdapter, now: () => number, realm: string) {
  // User 7 of one realm is not user 7 of another, and the same store may have tokens of both.
  const inRealm = (purpose: string) => (realm === "user" ? purpose : `${realm}\0${purpose}`)

  /** Stores all tokens or none. Resolves to `false` if one of them already exists. */
  async function insert(purpose: string, tokens: readonly string[], token: NewToken): Promise<boolean> {
    const { userId, data, lifetime, attempts = 0, keep } = token
    const expiresAt = lifetime === null ? null : new Date(now() + lifetime)
    const record = async (text: string) => {
      const sealed = await sealData(inRealm(purpose), text, data)
      return { id: tokenId(inRealm(purpose), text), purpose, userId, expiresAt, attempts, data: sealed }
    }
    const records = await Promise.all(tokens.map(record))
    return adapter.insertTokens(records, keep && userId !== null ? { userId, purpose, keep } : undefined)
  }

  /** Resolves to the token with decrypted data, or to `null` if it does not exist or its data was changed. */
  async function read(purpose: string, token: string, lookUp: Lookup): Promise<TokenRecord | null> {
    const name = inRealm(purpose)
    const record = await lookUp(tokenId(name, token))
    const data = record && (await openData(name, token, record.data))
    return data === null ? null : { ...record!, data }
  }

  /** Returns whether a token is live now. It is live before its deadline, not at it. */
  function isLive({ expiresAt }: Pick<TokenRecord, "expiresAt">): boolean {
    return expiresAt === null || now() < expiresAt.getTime()
  }

  return { insert, read, isLive }
}

import type { UserId } from "../core/ports.ts"
import { openData, sealData, tokenId } from "./sealed-data.ts"
import type { TokenAdapter, TokenRecord } from "./token-port.ts"

/** What a new token is made of. */
export interface NewToken {
  userId: UserId | null
  data: string
  /** In milliseconds; `null`: it never expires. */
  lifetime: number | null
  attempts?: number
  /** How many of this user's tokens of this purpose live on, the newest ones. Default: all. */
  keep?: number | undefined
}

/** How a token is looked up: `findToken`, `takeToken` or `tryToken` of the adapter. */
export type Lookup = (id: string) => Promise<TokenRecord | null>

/** Stores tokens by their hashes and their data sealed. */
export function tokenStore(adapter: TokenAdapter, now: () => number, realm: string) {
  // User 7 of one realm is not user 7 of another, whose tokens may be in the same store.
  const inRealm = (purpose: string) => (realm === "user" ? purpose : `${realm}\0${purpose}`)

  /** Stores tokens, all or none; `false` if one of them is there already. */
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

  /** Resolves to the token with its data decrypted; `null` if it is not there, or its data was changed. */
  async function read(purpose: string, token: string, lookUp: Lookup): Promise<TokenRecord | null> {
    const name = inRealm(purpose)
    const record = await lookUp(tokenId(name, token))
    const data = record && (await openData(name, token, record.data))
    return data === null ? null : { ...record!, data }
  }

  /** Judged at the moment of the call: a token is live before its deadline, not at it. */
  function isLive({ expiresAt }: Pick<TokenRecord, "expiresAt">): boolean {
    return expiresAt === null || now() < expiresAt.getTime()
  }

  return { insert, read, isLive }
}

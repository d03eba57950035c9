import { parseDuration } from "../core/expiry.ts"
import { randomText } from "../platform/crypto.ts"
import type { LibraryPurpose, LibraryToken, LibraryTokens } from "../proof/library-tokens.ts"
import type { TokenAdapter } from "./token-port.ts"
import type { Lookup, tokenStore } from "./token-store.ts"

/** Makes the tokens of the library's own modules. */
export function createLibraryTokens(adapter: TokenAdapter, store: ReturnType<typeof tokenStore>): LibraryTokens {
  async function read(purpose: LibraryPurpose, token: unknown, lookUp: Lookup): Promise<LibraryToken | null> {
    const found = isLibraryToken(token) ? await store.read(purpose, token, lookUp) : null
    return found && store.isLive(found) ? found : null
  }

  return {
    async create(purpose, { expiresIn, count = 1, bytes = 20, ...token }) {
      const tokens = Array.from({ length: count }, () => randomText(bytes))
      await store.insert(purpose, tokens, { ...token, lifetime: expiresIn && parseDuration(expiresIn, "expiresIn") })
      return tokens
    },
    peek: (purpose, token) => read(purpose, token, adapter.findToken),
    try: (purpose, token, limit) => read(purpose, token, (id) => adapter.tryToken(id, limit)),
    take: (purpose, token) => read(purpose, token, adapter.takeToken),
    use: (purpose, handle, expiresIn) =>
      store.insert(purpose, [handle], { userId: null, data: "", lifetime: parseDuration(expiresIn, "expiresIn") }),
    count: (purpose, userId) => adapter.countTokens(userId, purpose),
    deleteAll: (purpose, userId) => adapter.deleteTokens(userId, [purpose]),
  }
}

/** 15 or 20 bytes fill base32 without spare bits, so a token has only one spelling. */
function isLibraryToken(value: unknown): value is string {
  return typeof value === "string" && /^[a-z2-7]{24}([a-z2-7]{8})?$/.test(value)
}

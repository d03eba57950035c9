import type { Adapter, InitializeAdapter, SessionAdapter, UserAdapter } from "../lucia/v2/lucia-adapter.ts"

export type { CookieAttributes } from "../lucia/v2/cookie.ts"
export { parseCookie, serializeCookie } from "../lucia/v2/cookie.ts"
export { generateLuciaPasswordHash, validateLuciaPasswordHash } from "../lucia/v2/password-hash.ts"
export { generateRandomString } from "../lucia/v3/generate-id.ts"

/** Returns whether a time in milliseconds has not passed. `false` for NaN. */
export function isWithinExpiration(expiresInMs: number | bigint): boolean {
  return Date.now() <= expiresInMs
}

type AnyAdapter = InitializeAdapter<Adapter | SessionAdapter | UserAdapter>

/** Joins adapters into one. Methods of later adapters replace those of earlier ones. */
function joinAdapters(
  baseAdapter: AnyAdapter,
  ...adapters: (Partial<Adapter> | AnyAdapter)[]
): InitializeAdapter<Adapter> {
  return (LuciaError) => {
    const parts = adapters.map((adapter) => (typeof adapter === "function" ? adapter(LuciaError) : adapter))
    return Object.assign(baseAdapter(LuciaError), ...parts)
  }
}

export { joinAdapters as __experimental_joinAdapters }

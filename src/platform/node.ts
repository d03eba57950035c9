type Crypto = typeof import("node:crypto")

/** The parts of Node's own modules that this package uses. Functions may be missing in older releases of Node.js. */
interface NodeModules {
  "node:async_hooks": { AsyncLocalStorage?: new <Store>() => ContextStorage<Store> }
  "node:buffer": NodeBuffer
  "node:crypto": NodeCrypto
  "node:util": { types?: Partial<Pick<typeof import("node:util").types, "isProxy">> }
}

/** The part of an `AsyncLocalStorage` that this package uses. */
export interface ContextStorage<Store> {
  run<Result>(store: Store, call: () => Result): Result
  getStore(): Store | undefined
}

/** The part of `node:buffer` that this package uses. */
export type NodeBuffer = Pick<typeof import("node:buffer"), "Buffer">

/** The part of `node:crypto` that this package uses. `hash` needs Node.js 20.12, `argon2` 24.7. */
export type NodeCrypto = Partial<Pick<Crypto, "argon2" | "hash">> &
  Pick<Crypto, "createCipheriv" | "createDecipheriv" | "createSecretKey" | "hkdfSync" | "scrypt">

interface Platform {
  process: { getBuiltinModule<Id extends keyof NodeModules>(id: Id): NodeModules[Id] | undefined }
}

/**
 * Returns a module of Node.js, or `undefined` if the platform has none. It does not import, because bundlers follow
 * every import. It needs `process.getBuiltinModule`, so Node.js 20.16 or later.
 */
export function nodeModule<Id extends keyof NodeModules>(id: Id): NodeModules[Id] | undefined {
  try {
    return (globalThis as unknown as Platform).process.getBuiltinModule(id)
  } catch {
    // The function is missing, or it throws, as in the edge runtime of Next.js.
  }
}

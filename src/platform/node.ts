type Crypto = typeof import("node:crypto")

/** What is used of Node's own modules. A function may be missing: some came with later releases of Node.js. */
interface NodeModules {
  "node:async_hooks": { AsyncLocalStorage?: new <Store>() => ContextStorage<Store> }
  "node:buffer": NodeBuffer
  "node:crypto": NodeCrypto
  "node:util": { types?: Partial<Pick<typeof import("node:util").types, "isProxy">> }
}

/** What is used of an `AsyncLocalStorage`. */
export interface ContextStorage<Store> {
  run<Result>(store: Store, call: () => Result): Result
  getStore(): Store | undefined
}

/** What is used of `node:buffer`. */
export type NodeBuffer = Pick<typeof import("node:buffer"), "Buffer">

/** What is used of `node:crypto`. `hash` needs Node.js 20.12, `argon2` 24.7. */
export type NodeCrypto = Partial<Pick<Crypto, "argon2" | "hash">> &
  Pick<Crypto, "createCipheriv" | "createDecipheriv" | "createSecretKey" | "hkdfSync" | "scrypt">

interface Platform {
  process: { getBuiltinModule<Id extends keyof NodeModules>(id: Id): NodeModules[Id] | undefined }
}

/**
 * Finds a module of Node.js; `undefined` where the platform has none. Never by an import, which every bundler would
 * follow: needs `process.getBuiltinModule`, so Node.js 20.16 or later.
 */
export function nodeModule<Id extends keyof NodeModules>(id: Id): NodeModules[Id] | undefined {
  try {
    return (globalThis as unknown as Platform).process.getBuiltinModule(id)
  } catch {
    // No such function; or one that throws, as in the edge runtime of Next.js.
  }
}

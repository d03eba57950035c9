type Done = (error: Error | null, key: Uint8Array) => void

/** The cost of scrypt (RFC 7914): `N` a power of two, block size `r`, parallelization `p`. It needs `128 * N * r` bytes. */
export interface ScryptCost {
  N: number
  r: number
  p: number
}

/** What is used of `node:crypto`. */
export interface NodeCrypto {
  scrypt(
    password: Uint8Array,
    salt: Uint8Array,
    length: number,
    options: ScryptCost & { maxmem: number },
    done: Done,
  ): void
  /** Node.js 24.19 and later. */
  argon2?(
    algorithm: "argon2id",
    parameters: {
      message: Uint8Array
      nonce: Uint8Array
      parallelism: number
      tagLength: number
      memory: number
      passes: number
    },
    done: Done,
  ): void
}

interface Platform {
  process?: { getBuiltinModule?(id: string): NodeCrypto | undefined }
}

/**
 * Finds `node:crypto`, or `null` where the platform has none. Never by an import, which every bundler would follow: needs
 * `process.getBuiltinModule`, so Node.js 20.16 or later.
 */
export function findNodeCrypto(): NodeCrypto | null {
  const { process } = globalThis as Platform
  try {
    return process?.getBuiltinModule?.("node:crypto") ?? null
  } catch {
    // Where it is there and not implemented.
    return null
  }
}

/** Waits for the key that a function of `node:crypto` passes on. */
export function receiveKey(start: (done: Done) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => start((error, key) => (error ? reject(error) : resolve(key))))
}

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

/** Loads `node:crypto`, which bundlers must not go looking for. Resolves to `null` where the platform has none. */
export async function loadNodeCrypto(): Promise<NodeCrypto | null> {
  const { process } = globalThis as Platform
  try {
    if (process?.getBuiltinModule) return process.getBuiltinModule("node:crypto") ?? null
    // Node.js before 20.16. Put together, because bundlers follow a name that they can read.
    return await import(
      /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ "node:".concat("crypto")
    )
  } catch {
    return null
  }
}

/** Waits for the key that a function of `node:crypto` passes on. */
export function receiveKey(start: (done: Done) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => start((error, key) => (error ? reject(error) : resolve(key))))
}

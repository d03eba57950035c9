import { inTurn } from "./password-queue.ts"

/** The cost of scrypt (RFC 7914): `N` a power of two, block size `r`, parallelization `p`. It needs `128 * N * r` bytes. */
export interface ScryptCost {
  N: number
  r: number
  p: number
}

type Done = (error: Error | null, key: Uint8Array) => void

interface NodeCrypto {
  scrypt(
    password: Uint8Array,
    salt: Uint8Array,
    length: number,
    options: ScryptCost & { maxmem: number },
    done: Done,
  ): void
}

/** Makes a key by the platform's scrypt, off the event loop. Rejects where there is no `node:crypto`. */
export function nodeScrypt(
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  cost: ScryptCost,
): Promise<Uint8Array> {
  return inTurn(async () => {
    const { scrypt } = await loadNodeCrypto()
    const options = { ...cost, maxmem: 128 * cost.r * (cost.N + cost.p + 2) }
    return new Promise((resolve, reject) => {
      scrypt(password, salt, length, options, (error, key) => (error ? reject(error) : resolve(key)))
    })
  })
}

// Asked for at run time, so that pages without scrypt load where there is no node:crypto and no bundler goes looking for it.
async function loadNodeCrypto(): Promise<NodeCrypto> {
  const { process } = globalThis as { process?: { getBuiltinModule?(id: string): NodeCrypto | undefined } }
  return (
    process?.getBuiltinModule?.("node:crypto") ??
    import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ "node:crypto")
  )
}

/** The part of Deno KV that the adapter asks for: other stores with compare-and-set look much alike. */
export interface KvStore {
  get<Value>(key: KvKey): Promise<KvEntry<Value>>
  list<Value>(selector: { prefix: KvKey }): AsyncIterable<KvEntry<Value>>
  atomic(): KvAtomic
}

/** Changes that happen together, or not at all once something checked has changed. */
export interface KvAtomic {
  check(entry: Pick<KvEntry<unknown>, "key" | "versionstamp">): KvAtomic
  set(key: KvKey, value: unknown): KvAtomic
  delete(key: KvKey): KvAtomic
  commit(): Promise<{ ok: boolean }>
}

/** Where a value is. The adapter's keys are strings, numbers and bigints; the other types are Deno's. */
export type KvKey = readonly (string | number | bigint | boolean | symbol | Uint8Array)[]

export interface KvEntry<Value> {
  key: KvKey
  value: Value | null
  /** Another one after every change; `null` where there is nothing. */
  versionstamp: string | null
}

/** Makes a store that lives in this process, for trying the adapter without a server. */
export function mapStore(): KvStore {
  const entries = new Map<string, KvEntry<unknown>>()
  let version = 0

  // Only `set` puts values in, so what a key holds is what its reader says.
  const read = <Value>(key: KvKey) =>
    structuredClone(entries.get(nameOf(key)) ?? { key, value: null, versionstamp: null }) as KvEntry<Value>

  return {
    async get(key) {
      await answer()
      return read(key)
    },
    async *list<Value>({ prefix }: { prefix: KvKey }) {
      const isListed = ({ key }: KvEntry<unknown>) => nameOf(key.slice(0, prefix.length)) === nameOf(prefix)
      for (const { key } of [...entries.values()].filter(isListed)) yield read<Value>(key)
    },
    atomic() {
      const checks: (() => boolean)[] = []
      const changes: (() => void)[] = []
      const atomic: KvAtomic = {
        check({ key, versionstamp }) {
          checks.push(() => read(key).versionstamp === versionstamp)
          return atomic
        },
        set(key, value) {
          const entry = structuredClone({ key, value })
          changes.push(() => entries.set(nameOf(key), { ...entry, versionstamp: String(++version) }))
          return atomic
        },
        delete(key) {
          changes.push(() => entries.delete(nameOf(key)))
          return atomic
        },
        async commit() {
          const ok = checks.every((holds) => holds())
          if (ok) for (const change of changes) change()
          return { ok }
        },
      }
      return atomic
    },
  }
}

// After one to four turns, so that racing callers overtake each other as they do before a server.
async function answer(): Promise<void> {
  for (let turns = Math.random() * 4; turns > 0; turns--) await Promise.resolve()
}

function nameOf(key: KvKey): string {
  return JSON.stringify(key.map((part) => [typeof part, String(part)]))
}

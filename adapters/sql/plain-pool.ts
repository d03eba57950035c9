import { nodeModule } from "../../src/platform/node.ts"

interface Platform {
  navigator?: { userAgent?: string }
}

/** The methods and own properties by which a driver's pool is known. All methods must come from one class. */
export interface PoolShape {
  methods: string[]
  own: string
}

/**
 * Returns whether a pool is just what its driver makes. A proxy, a replaced method or a subclass may choose another
 * database for each caller, and so may a listener that prepares each connection for its caller.
 */
export function isPlainPool(pool: object, { methods, own }: PoolShape): boolean {
  if (isOnWorkers() || mayBeProxy(pool) || !Object.hasOwn(pool, own)) return false
  const [first, ...others] = methods.map((name) => ownerOf(pool, name))
  return first !== null && first !== pool && others.every((owner) => owner === first) && !preparesConnections(pool)
}

// There a statement ends with the request that sent it, and the others would wait for ever.
function isOnWorkers(): boolean {
  return (globalThis as Platform).navigator?.userAgent === "Cloudflare-Workers"
}

// Only Node's own utility can tell. Without it nothing is certain.
function mayBeProxy(value: object): boolean {
  return nodeModule("node:util")?.types?.isProxy?.(value) ?? true
}

function ownerOf(value: object, name: string): object | null {
  let owner: object | null = value
  while (owner && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner) as object | null
  return owner
}

function preparesConnections(pool: object): boolean {
  const { listenerCount } = pool as { listenerCount?(event: string): number }
  return (listenerCount?.call(pool, "acquire") ?? 0) > 0
}

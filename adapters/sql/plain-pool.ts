import { nodeModule } from "../../src/platform/node.ts"

interface Platform {
  navigator?: { userAgent?: string }
}

/** The methods and own properties that identify a driver's pool. All methods must come from one class. */
export interface PoolShape {
  methods: string[]
  own: string
}

/**
 * Returns whether a pool is exactly what its driver creates. A proxy, a replaced method or a subclass may choose
 * another database for each caller. So may a listener that prepares each connection for its caller.
 */
export function isPlainPool(pool: object, { methods, own }: PoolShape): boolean {
  if (isOnWorkers() || mayBeProxy(pool) || !Object.hasOwn(pool, own)) return false
  const [first, ...others] = methods.map((name) => ownerOf(pool, name))
  return first !== null && first !== pool && others.every((owner) => owner === first) && !preparesConnections(pool)
}

// On Workers, a statement ends with the request that sent it, and the other requests would wait forever.
function isOnWorkers(): boolean {
  return (globalThis as Platform).navigator?.userAgent === "Cloudflare-Workers"
}

// Only Node's own utility can detect a proxy. Without it, any object may be one.
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

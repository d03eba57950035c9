import { Cluster, Redis } from "ioredis"
import { createClient, createClientPool, createCluster } from "redis"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import type { KeyValueOptions, RedisAdapter as AnyRedisAdapter } from "../../adapters/redis.ts"
import { redisAdapter } from "../../adapters/redis.ts"
import type { AdapterSetup } from "../../src/testing.ts"
import { redisServer, startRedisCluster } from "../redis-servers.ts"
import { observed } from "./observed.ts"

// The prefix of all keys in this test file.
const ownKeys = `test-${crypto.randomUUID()}:`

/** The attributes of sessions in these tests. */
export interface LabelRow {
  label?: string | null
}

/** Every port that Redis has. */
export type RedisAdapter = AnyRedisAdapter<LabelRow>

export type RedisClientName = "redis" | "redis-pool" | "ioredis"

/** Which client to open, and where the servers are: one, or the nodes of a cluster. */
export interface RedisAddress {
  client: RedisClientName
  urls: string[]
}

/** A connected client. */
export interface RedisStore {
  /** The adapter with a separate key prefix. */
  adapter(options?: KeyValueOptions): RedisAdapter
  /** See `nightlatch/testing`. */
  onStatement: NonNullable<AdapterSetup["onStatement"]>
  /** Sends any command that has a key to the server that holds it. */
  send(command: string, key: string, ...args: string[]): Promise<unknown>
  close(): Promise<void>
}

/** Connects a client. */
export async function openRedis({ client, urls }: RedisAddress): Promise<RedisStore> {
  const [url = ""] = urls
  const isCluster = urls.length > 1
  if (client === "ioredis") return isCluster ? openIoredisCluster(urls) : openIoredis(url)
  if (isCluster) return openNodeRedisCluster(urls)
  return client === "redis" ? openNodeRedis(url) : openNodeRedisPool(url)
}

/** Finds or starts one server and a cluster. Returns their addresses, none without Redis, and how to stop them. */
export async function redisAddresses() {
  const [server, cluster] = [await redisServer(ownKeys), await startRedisCluster()]
  return {
    places: [
      { name: "one server", urls: server ? [server.url] : [] },
      { name: "a cluster", urls: cluster?.urls ?? [] },
    ],
    close: async () => {
      await server?.close()
      await cluster?.close()
    },
  }
}

/** A beginning for keys that no other test has. */
export function ownPrefix(): string {
  return `${ownKeys}${crypto.randomUUID()}:`
}

async function openNodeRedis(url: string): Promise<RedisStore> {
  const client = await createClient({ url }).on("error", ignore).connect()
  const { client: watched, onStatement } = observed(client)
  return {
    onStatement,
    adapter: (options) => redisAdapter<LabelRow>(watched, { prefix: ownPrefix(), ...options }),
    send: (command, key, ...args) => client.sendCommand([command, key, ...args]),
    close: () => client.close(),
  }
}

async function openNodeRedisPool(url: string): Promise<RedisStore> {
  const pool = createClientPool({ url }, { minimum: 2, maximum: 6 }).on("error", ignore)
  await pool.connect()
  const { client: watched, onStatement } = observed(pool)
  return {
    onStatement,
    adapter: (options) => redisAdapter<LabelRow>(watched, { prefix: ownPrefix(), ...options }),
    send: (command, key, ...args) => pool.sendCommand([command, key, ...args]),
    close: () => pool.close(),
  }
}

async function openNodeRedisCluster(urls: string[]): Promise<RedisStore> {
  const cluster = createCluster({ rootNodes: urls.map((url) => ({ url })) }).on("error", ignore)
  await cluster.connect()
  const { client: watched, onStatement } = observed(cluster)
  return {
    onStatement,
    adapter: (options) => redisAdapter<LabelRow>(watched, { prefix: ownPrefix(), ...options }),
    send: (command, key, ...args) => cluster.sendCommand(key, false, [command, key, ...args]),
    close: () => cluster.close(),
  }
}

async function openIoredis(url: string): Promise<RedisStore> {
  const client = new Redis(url).on("error", ignore)
  const { client: watched, onStatement } = observed(client)
  return {
    onStatement,
    adapter: (options) => ioredisAdapter<LabelRow>(watched, { prefix: ownPrefix(), ...options }),
    send: (command, key, ...args) => client.call(command, key, ...args),
    close: async () => void (await client.quit()),
  }
}

async function openIoredisCluster(urls: string[]): Promise<RedisStore> {
  const cluster = new Cluster(urls).on("error", ignore)
  const { client: watched, onStatement } = observed(cluster)
  return {
    onStatement,
    adapter: (options) => ioredisAdapter<LabelRow>(watched, { prefix: ownPrefix(), ...options }),
    send: (command, key, ...args) => cluster.call(command, key, ...args),
    close: async () => void (await cluster.quit()),
  }
}

// The call that uses a connection reports its errors.
function ignore(): void {}

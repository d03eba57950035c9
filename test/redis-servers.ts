import type { ChildProcess } from "node:child_process"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { createClient } from "redis"
import { leaveOut } from "./machine.ts"

/** A Redis server for tests. */
export interface RedisServer {
  url: string
  close(): Promise<void>
}

/** A Redis server of the test's own, which may be stopped and started again, empty. */
export interface OwnRedisServer extends RedisServer {
  port: number
  stop(): Promise<void>
  start(): Promise<void>
}

/** Three servers that share the keys. */
export interface RedisClusterServers {
  urls: string[]
  close(): Promise<void>
}

/**
 * Finds the Redis at `NIGHTLATCH_REDIS_URL`, else starts one. Where there is none: `null` and a line on the console, but
 * an error in CI. Closing deletes the keys that begin with `ownKeys`.
 */
export async function redisServer(ownKeys: string): Promise<RedisServer | null> {
  const url = process.env.NIGHTLATCH_REDIS_URL
  if (!url) return startRedis()
  await withClient(url, (client) => client.ping())
  return { url, close: () => deleteKeys(url, `${ownKeys}*`) }
}

/** Starts a server on a free port of this machine, which keeps nothing on disk; likewise. */
export async function startRedis(...settings: string[]): Promise<OwnRedisServer | null> {
  return hasRedis() ? openServer(await freePort(), settings) : null
}

/**
 * Finds the cluster whose nodes are at `NIGHTLATCH_REDIS_CLUSTER_URLS`, else starts one of three; likewise. Keys stay in
 * a cluster that was found, until they expire.
 */
export async function startRedisCluster(): Promise<RedisClusterServers | null> {
  const urls = process.env.NIGHTLATCH_REDIS_CLUSTER_URLS?.split(",")
  if (urls) return { urls, close: async () => undefined }
  if (!hasRedis()) return null
  const servers = [await openClusterNode(), await openClusterNode(), await openClusterNode()]
  const [first, ...others] = servers
  for (const [n, { url }] of servers.entries()) {
    await asked(url, "CLUSTER", "SET-CONFIG-EPOCH", String(n + 1))
    await asked(url, "CLUSTER", "ADDSLOTSRANGE", ...slotsOf(n))
  }
  for (const { port, busPort } of others)
    await asked(first!.url, "CLUSTER", "MEET", "127.0.0.1", String(port), String(busPort))
  for (const { url } of servers) await agreed(url)
  return {
    urls: servers.map(({ url }) => url),
    close: async () => {
      await Promise.all(servers.map((server) => server.close()))
    },
  }
}

let isFound: boolean | undefined

function hasRedis(): boolean {
  return (isFound ??= findRedis())
}

function findRedis(): boolean {
  if (!spawnSync("redis-server", ["--version"]).error) return true
  leaveOut("the tests on Redis", "there is no redis-server")
  return false
}

async function openServer(port: number, settings: string[]): Promise<OwnRedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-redis-"))
  const url = `redis://127.0.0.1:${port}`
  const quiet = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder, "--loglevel", "warning"]
  let running: ChildProcess | undefined

  async function start(): Promise<void> {
    running = spawn("redis-server", ["--port", String(port), ...quiet, ...settings], { stdio: "ignore" })
    await until(() => asked(url, "PING").then(Boolean, () => false))
  }

  async function stop(): Promise<void> {
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, "exit")
    running.kill("SIGKILL")
    await ended
  }

  await start()
  return {
    url,
    port,
    start,
    stop,
    close: async () => {
      await stop()
      rmSync(folder, { recursive: true })
    },
  }
}

async function openClusterNode() {
  const busPort = await freePort()
  const settings = ["--cluster-enabled", "yes", "--cluster-port", String(busPort), "--cluster-node-timeout", "5000"]
  return { ...(await openServer(await freePort(), settings)), busPort }
}

function slotsOf(n: number): [first: string, last: string] {
  const third = 5462
  return [String(n * third), String(Math.min((n + 1) * third, 16_384) - 1)]
}

function agreed(url: string): Promise<void> {
  return until(async () => {
    const info = String(await asked(url, "CLUSTER", "INFO"))
    return info.includes("cluster_state:ok") && info.includes("cluster_size:3")
  })
}

async function deleteKeys(url: string, pattern: string): Promise<void> {
  await withClient(url, async (client) => {
    for await (const keys of client.scanIterator({ MATCH: pattern, COUNT: 1000 })) {
      if (keys.length > 0) await client.del(keys)
    }
  })
}

function asked(url: string, ...command: string[]): Promise<unknown> {
  return withClient(url, (client) => client.sendCommand(command))
}

async function withClient<Result>(url: string, use: (client: Client) => Promise<Result>): Promise<Result> {
  const client = connectOnce(url)
  client.on("error", () => undefined)
  await client.connect()
  try {
    return await use(client)
  } finally {
    client.destroy()
  }
}

type Client = ReturnType<typeof connectOnce>

function connectOnce(url: string) {
  return createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 20_000 } })
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error("Redis did not start within 20 seconds.")
    await sleep(20)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" && address ? address.port : 0
}

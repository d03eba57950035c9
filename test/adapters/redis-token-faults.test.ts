import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { RedisOptions } from "ioredis"
import { Cluster, Redis } from "ioredis"
import { createCluster } from "redis"
import { afterAll, afterEach, expect, test } from "vitest"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import { redisAdapter } from "../../adapters/redis.ts"
import type { ThrottleAdapter } from "../../src/throttle.ts"
import { createThrottle } from "../../src/throttle.ts"
import type { TokenAdapter, TokenRecord } from "../../src/tokens.ts"
import { createTokens, purpose } from "../../src/tokens.ts"
import { startRedis, startRedisCluster } from "../redis-servers.ts"
import type { RedisAdapter } from "./redis-stores.ts"
import { ownPrefix } from "./redis-stores.ts"
import { tokenId, tokenOf } from "./redis-token-fixture.ts"

const reset = "reset_password"
const user = "user-1"
const outage = { code: "store_failed", cause: expect.any(Error) }
const outOfMemory = { code: "store_failed", cause: { message: expect.stringContaining("OOM") } }

const open: (() => unknown)[] = []
afterEach(async () => {
  while (open.length > 0) await open.pop()?.()
})

test("[F1] a server that is away is store_failed, and uses no token up", async (context) => {
  // Every write is on disk before it is answered, so that a restart loses nothing.
  const server = await startRedis("--appendonly", "yes", "--appendfsync", "always")
  if (!server) return context.skip()
  open.push(server.close)
  const client = connect(server.url, { maxRetriesPerRequest: 0, retryStrategy: () => 50 })
  const { tokens, throttle } = modules(ioredisAdapter(client))
  const [token, code] = [await tokens.createToken(request()), await tokens.createCode(request())]
  await server.stop()
  const calls = [
    () => tokens.peekToken(token, reset),
    () => tokens.consumeToken(token, reset),
    () => tokens.consumeCode({ ...code, purpose: reset }),
    () => tokens.createToken(request()),
    () => tokens.invalidateTokens(user),
    () => throttle.consume({ account: "ada" }),
  ]
  for (const call of calls) await expect(call()).rejects.toMatchObject(outage)
  await server.start()
  await expect.poll(() => client.ping().catch(String)).toBe("PONG")
  expect(await tokens.consumeToken(token, reset)).toMatchObject({ userId: user })
  expect(await tokens.consumeToken(token, reset)).toBeNull()
  expect(await tokens.consumeCode({ ...code, purpose: reset })).toMatchObject({ userId: user })
})

test("[F11] a full server makes no token and lets no attempt through, and still takes and deletes tokens", async (context) => {
  const server = await startRedis("--maxmemory-policy", "noeviction")
  if (!server) return context.skip()
  open.push(server.close)
  const client = connect(server.url)
  const { tokens, throttle } = modules(ioredisAdapter(client))
  const [first, second] = [await tokens.createToken(request()), await tokens.createToken(request())]
  const code = await tokens.createCode(request())
  const before = (await client.keys("*")).toSorted()
  await client.config("SET", "maxmemory", "1mb")

  for (const call of [
    () => tokens.createToken(request()),
    () => tokens.createCode(request()),
    () => tokens.consumeCode({ ...code, purpose: reset }),
    () => throttle.consume({ account: "ada" }),
  ])
    await expect(call()).rejects.toMatchObject(outOfMemory)
  expect((await client.keys("*")).toSorted()).toEqual(before)
  expect(await tokens.consumeToken(first, reset)).toMatchObject({ userId: user })
  expect(await tokens.consumeToken(first, reset)).toBeNull()
  await tokens.invalidateTokens(user)
  expect(await tokens.consumeToken(second, reset)).toBeNull()
  expect(await client.dbsize()).toBe(0)

  await client.config("SET", "maxmemory", "0")
  expect(await tokens.consumeToken(await tokens.createToken(request()), reset)).toMatchObject({ userId: user })
})

test("[F10] evicted tokens are gone, evicted indexes count nothing, and no call fails", async (context) => {
  const server = await startRedis("--maxmemory-policy", "allkeys-lru")
  if (!server) return context.skip()
  open.push(server.close)
  const client = connect(server.url)
  const adapter = ioredisAdapter(client)
  const used = /used_memory:(\d+)/.exec(await client.info("memory"))?.[1]
  await client.config("SET", "maxmemory", String(Number(used) + 600_000))
  const tokens = Array.from({ length: 3000 }, (_, n) => tokenOf(n, { userId: `user-${n % 300}` }))
  const stored = await Promise.all(tokens.map((token) => adapter.insertTokens([token])))
  expect(stored).toEqual(tokens.map(() => true))
  expect(Number(/evicted_keys:(\d+)/.exec(await client.info("stats"))?.[1])).toBeGreaterThan(100)
  await client.config("SET", "maxmemory", "0")

  const live = await foundOf(adapter, tokens)
  expect(live.length).toBeGreaterThan(0)
  expect(live.length).toBeLessThan(tokens.length)
  for (let n = 0; n < 300; n++) {
    const userId = `user-${n}`
    const own = live.filter((token) => token.userId === userId)
    const count = await adapter.countTokens(userId, reset)
    expect(count).toBeLessThanOrEqual(own.length)
    expect(await client.zcard(`nightlatch:tokens:${userId}`)).toBe(count)
  }
  const taken = await Promise.all(tokens.map(({ id }) => adapter.takeToken(id)))
  expect(taken.filter((token) => token !== null)).toEqual(live)
  for (let n = 0; n < 300; n++) await adapter.deleteTokens(`user-${n}`, { except: [] })
  expect(await client.dbsize()).toBe(0)
})

// The slots of a cluster that others use stay where they are.
const ownCluster = process.env.NIGHTLATCH_REDIS_CLUSTER_URLS === undefined ? await startRedisCluster() : null
afterAll(() => ownCluster?.close())

const clusterClients: Record<string, (urls: string[], prefix: string) => Promise<RedisAdapter>> = {
  async redis(urls, prefix) {
    const cluster = createCluster({ rootNodes: urls.map((url) => ({ url })) }).on("error", () => undefined)
    await cluster.connect()
    open.push(() => cluster.close())
    return redisAdapter(cluster, { prefix })
  },
  async ioredis(urls, prefix) {
    const cluster = new Cluster(urls).on("error", () => undefined)
    open.push(() => cluster.quit())
    return ioredisAdapter(cluster, { prefix })
  },
}

test.skipIf(!ownCluster).for(Object.entries(clusterClients))(
  "[ADP-8] a token whose slot moves to another node is tried and taken as before, through %s",
  async ([, connectCluster]) => {
    const [urls, prefix] = [ownCluster?.urls ?? [], ownPrefix()]
    const nodes = urls.map((url) => connect(url))
    const adapter = await connectCluster(urls, prefix)
    await adapter.insertTokens([tokenOf(1), tokenOf(2)])
    const move = await startMove(nodes, `${prefix}token:${tokenId(1)}`)
    expect((await adapter.tryToken(tokenId(1), 5))?.attempts).toBe(1)
    await move.keys()
    expect((await adapter.tryToken(tokenId(1), 5))?.attempts).toBe(2)
    expect(await adapter.countTokens(user, reset)).toBe(2)
    await move.end()
    expect((await adapter.findToken(tokenId(1)))?.attempts).toBe(2)
    const taken = await Promise.all(Array.from({ length: 50 }, () => adapter.takeToken(tokenId(1))))
    expect(taken.filter((token) => token !== null)).toHaveLength(1)
    const indexMove = await startMove(nodes, `${prefix}tokens:${user}`)
    await indexMove.keys()
    await indexMove.end()
    expect(await adapter.insertTokens([tokenOf(3)], { userId: user, purpose: reset, keep: 1 })).toBe(true)
    expect(await adapter.countTokens(user, reset)).toBe(1)
    await adapter.deleteTokens(user, { except: [] })
    expect(
      await foundOf(
        adapter,
        [1, 2, 3].map((n) => tokenOf(n)),
      ),
    ).toEqual([])
  },
)

test("[STO-1] the file that Redis saves holds no token, code or data in any spelling, and nothing that can be used", async (context) => {
  const server = await startRedis("--rdbcompression", "no")
  if (!server) return context.skip()
  open.push(server.close)
  const client = connect(server.url)
  const { tokens } = modules(ioredisAdapter(client))
  const token = await tokens.createToken(request())
  const { code, handle } = await tokens.createCode({ ...request(), data: { from: "the mail of ada" } })
  await client.save()
  const [, folder = ""] = (await client.config("GET", "dir")) as string[]
  const dump = readFileSync(join(folder, "dump.rdb"))

  for (const known of [user, reset]) expect(dump.includes(known)).toBe(true)
  for (const secret of [token, handle, code, "the mail of ada"]) {
    const bytes = Buffer.from(secret)
    for (const spelling of [secret, secret.toUpperCase(), bytes.toString("hex"), bytes.toString("base64url")])
      expect(dump.includes(spelling)).toBe(false)
  }
  for (const word of dump.toString("latin1").match(/[\x20-\x7e]{6,}/g) ?? []) {
    for (const stolen of [word, word.slice(-64), word.slice(-32)]) {
      expect(await tokens.consumeToken(stolen, reset)).toBeNull()
      expect(await tokens.consumeCode({ handle: stolen, code: stolen, purpose: reset })).toBeNull()
    }
  }
  expect(await tokens.consumeToken(token, reset)).toMatchObject({ userId: user })
  expect(await tokens.consumeCode({ handle, code, purpose: reset })).toMatchObject({ userId: user })
})

function modules(adapter: TokenAdapter & ThrottleAdapter) {
  const purposes = { [reset]: purpose<{ from: string }>({ expiresIn: "1h", proves: "email" }) }
  const limits = { account: { limit: 5, window: "1h" } } as const
  return { tokens: createTokens({ adapter, purposes }), throttle: createThrottle({ adapter, name: "sign-in", limits }) }
}

function request() {
  return { purpose: reset, userId: user, data: { from: "mail" } } as const
}

function connect(url: string, options: RedisOptions = {}): Redis {
  const client = new Redis(url, options).on("error", () => undefined)
  open.push(() => client.disconnect())
  return client
}

async function foundOf(adapter: TokenAdapter, tokens: TokenRecord[]): Promise<TokenRecord[]> {
  const found = await Promise.all(tokens.map(({ id }) => adapter.findToken(id)))
  return found.flatMap((token) => token ?? [])
}

/** Begins to move the slot of a key to another node of a cluster. */
async function startMove(nodes: Redis[], key: string) {
  const slot = String(await nodes[0]?.cluster("KEYSLOT", key))
  const counts = await Promise.all(nodes.map((node) => node.call("CLUSTER", "COUNTKEYSINSLOT", slot)))
  const from = nodes[counts.findIndex((count) => Number(count) > 0)]!
  const to = nodes[counts.findIndex((count) => Number(count) === 0)]!
  const [fromId, toId] = [await from.call("CLUSTER", "MYID"), await to.call("CLUSTER", "MYID")].map(String)
  await to.call("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId!)
  await from.call("CLUSTER", "SETSLOT", slot, "MIGRATING", toId!)
  return {
    keys: () => from.call("MIGRATE", "127.0.0.1", String(to.options.port), key, "0", "5000"),
    async end() {
      for (const node of [to, from, ...nodes]) await node.call("CLUSTER", "SETSLOT", slot, "NODE", toId!)
    },
  }
}

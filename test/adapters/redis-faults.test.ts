import { setTimeout as sleep } from "node:timers/promises"
import { Redis } from "ioredis"
import { createClient } from "redis"
import { afterEach, describe, expect, test } from "vitest"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import { redisAdapter } from "../../adapters/redis.ts"
import type { Auth } from "../../src/core/auth.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { AuthError, isAuthError } from "../../src/core/errors.ts"
import type { AuthEvent } from "../../src/core/events.ts"
import type { OwnRedisServer } from "../redis-servers.ts"
import { startRedis } from "../redis-servers.ts"
import type { RedisAdapter } from "./redis-stores.ts"

const day = 86_400_000
const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  while (open.length > 0) await open.pop()?.()
})

// A login must not wait in a client's queue for a server that is not there.
const clients = { redis: impatientNodeRedis, ioredis: impatientIoredis }

for (const [name, connect] of Object.entries(clients))
  describe(`Redis that fails, through ${name}`, () => {
    test("[F1][ADP-6] two seconds without a server are store_failed, never signed out, and over when it is back", async (context) => {
      // Every write is on disk before it is answered, so that a restart loses nothing.
      const server = await startRedis("--appendonly", "yes", "--appendfsync", "always")
      if (!server) return context.skip()
      open.push(server.close)
      const events: AuthEvent[] = []
      const auth = createAuth({ adapter: await connect(server), onEvent: (event) => void events.push(event) })
      const { token, session } = await auth.createSession("user-1")

      const load = visitsUntil(auth, token)
      await sleep(200)
      await server.stop()
      await sleep(1000)
      for (const call of everyCall(auth, token, session.id)) {
        const error: unknown = await call().catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(AuthError)
        expect(error).toMatchObject({ code: "store_failed", cause: expect.any(Error) })
      }
      await sleep(1000)
      await server.start()
      await expect.poll(() => outcomeOf(auth, token)).toBe("signed in")
      await sleep(200)
      const outcomes = await load.stop()

      expect(new Set(outcomes)).toEqual(new Set(["signed in", "store_failed"]))
      expect(outcomes.slice(-5)).toEqual(Array(5).fill("signed in"))
      expect(events.map(({ type }) => type)).not.toContain("session_rejected")
      expect((await auth.getUserSessions("user-1")).map(({ id }) => id)).toEqual([session.id])
      await auth.invalidateUserSessions("user-1")
      expect(await outcomeOf(auth, token)).toBe("signed out")
    })

    test("[F1] connections that the server ends are made again", async (context) => {
      const server = await startRedis()
      if (!server) return context.skip()
      open.push(server.close)
      const auth = createAuth({ adapter: await connect(server) })
      const { token } = await auth.createSession("user-1")
      const admin = new Redis(server.url)
      open.push(() => admin.quit())
      for (let round = 0; round < 5; round++) {
        const load = visitsUntil(auth, token)
        await admin.call("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES")
        await expect.poll(() => outcomeOf(auth, token)).toBe("signed in")
        expect(await load.stop()).not.toContain("signed out")
      }
    })

    test("[F11] a full server refuses sign-ins with store_failed, and still signs out", async (context) => {
      const server = await startRedis("--maxmemory-policy", "noeviction")
      if (!server) return context.skip()
      open.push(server.close)
      const adapter = await connect(server)
      const events: AuthEvent[] = []
      const auth = createAuth({ adapter, onEvent: (event) => void events.push(event) })
      const tokens = [await auth.createSession("user-1"), await auth.createSession("user-1")]
      const admin = new Redis(server.url)
      open.push(() => admin.quit())
      await admin.config("SET", "maxmemory", "1mb")
      events.length = 0

      for (const refused of [() => auth.createSession("user-1"), () => auth.rotateSession(tokens[0]!.token)]) {
        const error: unknown = await refused().catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ code: "store_failed", cause: { message: expect.stringContaining("OOM") } })
      }
      expect(events).toEqual([])
      for (const { token } of tokens) expect(await outcomeOf(auth, token)).toBe("signed in")
      expect(await auth.getUserSessions("user-1")).toHaveLength(2)
      expect(await auth.invalidateSession(tokens[0]!.session.id)).toBe(true)
      await auth.invalidateUserSessions("user-1")
      for (const { token } of tokens) expect(await outcomeOf(auth, token)).toBe("signed out")

      await admin.config("SET", "maxmemory", "0")
      expect(await outcomeOf(auth, (await auth.createSession("user-1")).token)).toBe("signed in")
    })
  })

describe("Redis that evicts keys", () => {
  test("[F10] an evicted session is signed out, no call fails, and a list has the ones that are left", async (context) => {
    const server = await startRedis("--maxmemory-policy", "allkeys-lru")
    if (!server) return context.skip()
    open.push(server.close)
    let now = Date.now()
    const adapter = await impatientIoredis(server)
    const auth = createAuth({ adapter, now: () => now })
    const userIds = Array.from({ length: 300 }, (_, n) => `user-${n}`)
    const admin = new Redis(server.url)
    open.push(() => admin.quit())
    const used = /used_memory:(\d+)/.exec(await admin.info("memory"))?.[1]
    await admin.config("SET", "maxmemory", String(Number(used) + 600_000))

    const signedIn: { token: string; id: string }[] = []
    for (let round = 0; round < 10; round++) {
      const created = await Promise.all(userIds.map((userId) => auth.createSession(userId)))
      signedIn.push(...created.map(({ token, session: { id } }) => ({ token, id })))
    }
    expect(Number(/evicted_keys:(\d+)/.exec(await admin.info("stats"))?.[1])).toBeGreaterThan(100)
    await admin.config("SET", "maxmemory", "0")

    const live = await livingOf()
    expect(live.length).toBeGreaterThan(0)
    expect(live.length).toBeLessThan(signedIn.length)
    for (const userId of userIds) {
      const ids = await idsOf(userId)
      for (const id of ids) expect(live).toContain(id)
      // What the list did not find is not in the index any more.
      expect((await admin.zrange(`nightlatch:user:${userId}`, "0", "-1")).toSorted()).toEqual(ids.toSorted())
    }

    // Each renewal lists its session again, should the whole index have been lost.
    now += 16 * day
    expect((await livingOf()).toSorted()).toEqual(live.toSorted())
    const listed = (await Promise.all(userIds.map(idsOf))).flat()
    expect(listed.toSorted()).toEqual(live.toSorted())
    for (const userId of userIds) await auth.invalidateUserSessions(userId)
    expect(await livingOf()).toEqual([])
    expect(await admin.dbsize()).toBe(0)

    async function livingOf(): Promise<string[]> {
      const results = await Promise.all(signedIn.map(({ token }) => auth.validateSession(token)))
      return results.flatMap(({ session }) => session?.id ?? [])
    }

    async function idsOf(userId: string): Promise<string[]> {
      return (await auth.getUserSessions(userId)).map(({ id }) => id)
    }
  })
})

type PlainAuth = Auth<{ id: string }, object, object, object>

function everyCall(auth: PlainAuth, token: string, id: string): (() => Promise<unknown>)[] {
  return [
    () => auth.validateSession(token),
    () => auth.createSession("user-1"),
    () => auth.rotateSession(token),
    () => auth.updateSession(id, {}),
    () => auth.getUserSessions("user-1"),
    () => auth.invalidateSession(id),
    () => auth.invalidateUserSessions("user-1"),
    () => auth.deleteExpiredSessions(),
  ]
}

/** Validates a token every few milliseconds until told to stop. */
function visitsUntil(auth: PlainAuth, token: string): { stop(): Promise<string[]> } {
  const outcomes: string[] = []
  const over = new AbortController()
  const visiting = (async () => {
    while (!over.signal.aborted) {
      outcomes.push(await outcomeOf(auth, token))
      await sleep(5)
    }
  })()
  return {
    stop: async () => {
      over.abort()
      await visiting
      return outcomes
    },
  }
}

async function outcomeOf(auth: PlainAuth, token: string): Promise<string> {
  try {
    return (await auth.validateSession(token)).session ? "signed in" : "signed out"
  } catch (error) {
    return isAuthError(error) ? error.code : String(error)
  }
}

async function impatientNodeRedis({ url }: OwnRedisServer): Promise<RedisAdapter> {
  const socket = { reconnectStrategy: 50 }
  const client = createClient({ url, disableOfflineQueue: true, socket }).on("error", () => undefined)
  await client.connect()
  open.push(async () => client.destroy())
  return redisAdapter(client)
}

async function impatientIoredis({ url }: OwnRedisServer): Promise<RedisAdapter> {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    lazyConnect: true,
    retryStrategy: () => 50,
  })
  client.on("error", () => undefined)
  await client.connect()
  open.push(async () => client.disconnect())
  return ioredisAdapter(client)
}

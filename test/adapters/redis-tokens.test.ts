import { Redis } from "ioredis"
import { createClient } from "redis"
import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import { redisAdapter } from "../../adapters/redis.ts"
import type { TokenRecord } from "../../src/tokens/token-port.ts"
import { liveUntil } from "../../src/testing/session-fixture.ts"
import { redisServer } from "../redis-servers.ts"
import { counting } from "./counted-commands.ts"
import type { RedisAdapter } from "./redis-stores.ts"
import { ownPrefix } from "./redis-stores.ts"
import { tokenId, tokenOf } from "./redis-token-fixture.ts"

const day = 86_400_000
const user = "user-1"
const purpose = "reset_password"
const parent = ownPrefix()
const server = await redisServer(parent)
const redis = server && new Redis(server.url)
afterAll(async () => {
  await redis?.quit()
  await server?.close()
})

describe.skipIf(!server)("tokens in Redis", () => {
  let [prefix, adapter] = [] as unknown as [string, RedisAdapter]
  beforeEach(() => {
    prefix = `${parent}${crypto.randomUUID()}:`
    adapter = ioredisAdapter(redis!, { prefix })
  })

  test("a token is gone a day after its deadline, and so is the index of its user", async () => {
    await adapter.insertTokens([tokenOf(1), tokenOf(2, { expiresAt: liveUntil(3) })])
    await adapter.insertTokens([tokenOf(3, { userId: null })])
    expect(await goneAt(`token:${tokenId(1)}`)).toBe(liveUntil(1).getTime() + day)
    expect(await goneAt(`token:${tokenId(2)}`)).toBe(liveUntil(3).getTime() + day)
    expect(await goneAt(`token:${tokenId(3)}`)).toBe(liveUntil(1).getTime() + day)
    expect(await goneAt(`tokens:${user}`)).toBe(liveUntil(3).getTime() + day)
    expect(await keys()).toHaveLength(4)

    await adapter.tryToken(tokenId(1), 5)
    expect(await goneAt(`token:${tokenId(1)}`)).toBe(liveUntil(1).getTime() + day)
    await adapter.takeToken(tokenId(3))
    await adapter.deleteTokens(user, { except: [] })
    expect(await keys()).toEqual([])
  })

  test("a token that is stored after its deadline is found for a day, not for ever", async () => {
    await adapter.insertTokens([tokenOf(1, { expiresAt: new Date(0) })])
    expect(await adapter.findToken(tokenId(1))).toMatchObject({ expiresAt: new Date(0) })
    for (const key of [`token:${tokenId(1)}`, `tokens:${user}`])
      expect(Math.abs(((await goneAt(key)) ?? 0) - Date.now() - day)).toBeLessThan(5000)
  })

  test("a token that never expires is refused, with all that come with it", async () => {
    const refused = adapter.insertTokens([tokenOf(1), tokenOf(2, { expiresAt: null })])
    await expect(refused).rejects.toMatchObject({ name: "AuthError", code: "unsupported" })
    await expect(refused).rejects.toThrow("expiresAt: null")
    expect(await keys()).toEqual([])
  })

  test("a user whom no user of the store can be is refused, and everybody else may have tokens", async () => {
    for (const userId of ["x".repeat(300), "\ud800"]) {
      const refused = adapter.insertTokens([tokenOf(1, { userId })])
      await expect(refused).rejects.toMatchObject({ code: "invalid_option" })
      expect(await adapter.countTokens(userId, purpose)).toBe(0)
      await adapter.deleteTokens(userId, { except: [] })
    }
    expect(await keys()).toEqual([])
    expect(await adapter.insertTokens([tokenOf(1, { userId: "nobody at all" })])).toBe(true)
  })

  test("nobody's token and that of a user without letters are told apart", async () => {
    await adapter.insertTokens([tokenOf(1, { userId: "" })])
    await adapter.insertTokens([tokenOf(2, { userId: null })])
    expect((await adapter.findToken(tokenId(1)))?.userId).toBe("")
    expect((await adapter.findToken(tokenId(2)))?.userId).toBeNull()
    expect(await adapter.countTokens("", purpose)).toBe(1)
  })

  test("finding, taking and trying a token is one command, and for an id that no token can have it is none", async () => {
    for (const { client, commands, close } of [await countedNodeRedis(), countedIoredis()]) {
      await client.insertTokens([tokenOf(1)])
      const commandsOf = async (call: () => Promise<unknown>) => {
        commands.length = 0
        await call()
        return commands.map((name) => name.toLowerCase())
      }
      await commandsOf(() => client.tryToken(tokenId(1), 0))
      await commandsOf(() => client.takeToken(tokenId(2)))
      expect(await commandsOf(() => client.findToken(tokenId(1)))).toEqual(["hgetall"])
      expect(await commandsOf(() => client.tryToken(tokenId(1), 5))).toEqual(["evalsha"])
      expect(await commandsOf(() => client.takeToken(tokenId(1)))).toEqual(["evalsha"])
      for (const id of ["\ud800", "x".repeat(300), "a\0b"]) {
        expect(await commandsOf(() => client.findToken(id))).toEqual([])
        expect(await commandsOf(() => client.tryToken(id, 5))).toEqual([])
        expect(await commandsOf(() => client.takeToken(id))).toEqual([])
      }
      await close()
    }
  })

  test("what was taken or dropped leaves the index when it is read next", async () => {
    await adapter.insertTokens([tokenOf(1), tokenOf(2), tokenOf(3)])
    await adapter.takeToken(tokenId(1))
    await redis?.del(`${prefix}token:${tokenId(2)}`)
    expect(await listed()).toEqual([1, 2, 3].map(tokenId))
    expect(await adapter.countTokens(user, purpose)).toBe(1)
    expect(await listed()).toEqual([tokenId(3)])
    await adapter.takeToken(tokenId(3))
    await adapter.deleteTokens(user, ["another"])
    expect(await keys()).toEqual([])
  })

  test("reading the index strikes no token off that is being stored", async () => {
    await redis?.hset(`${prefix}token:${tokenId(1)}`, { r: "0", u: `=${user}`, p: purpose, n: "0", d: "" })
    await redis?.zadd(`${prefix}tokens:${user}`, Date.now() + day, tokenId(1))
    expect(await adapter.countTokens(user, purpose)).toBe(0)
    await adapter.deleteTokens(user, ["another"])
    expect(await listed()).toEqual([tokenId(1)])
    expect(await adapter.findToken(tokenId(1))).toBeNull()
    expect(await adapter.takeToken(tokenId(1))).toBeNull()
    expect(await adapter.tryToken(tokenId(1), 5)).toBeNull()
    await adapter.deleteTokens(user, [purpose])
    expect(await keys()).toEqual([])
  })

  test("a token whose user's index was lost is found and taken, and misses from the count", async () => {
    await adapter.insertTokens([tokenOf(1)])
    await redis?.del(`${prefix}tokens:${user}`)
    expect(await adapter.countTokens(user, purpose)).toBe(0)
    await adapter.deleteTokens(user, { except: [] })
    expect(await adapter.takeToken(tokenId(1))).toEqual(tokenOf(1))
  })

  test("replacing keeps the new tokens though the older ones expire later", async () => {
    const older = [1, 2, 3].map((n) => tokenOf(n, { expiresAt: liveUntil(10 - n) }))
    await adapter.insertTokens(older)
    await adapter.insertTokens([tokenOf(4, { expiresAt: liveUntil(1) })], { userId: user, purpose, keep: 2 })
    expect(await living(1, 2, 3, 4)).toEqual([tokenId(1), tokenId(4)])
  })

  test("replacing leaves other purposes and other users alone", async () => {
    const others = [tokenOf(1, { purpose: "sign_in" }), tokenOf(2, { userId: "user-2" }), tokenOf(3, { userId: null })]
    for (const other of others) await adapter.insertTokens([other])
    await adapter.insertTokens([tokenOf(4)], { userId: user, purpose, keep: 1 })
    expect(await living(1, 2, 3, 4)).toEqual([1, 2, 3, 4].map(tokenId))
    await adapter.insertTokens([], { userId: user, purpose, keep: 0 })
    expect(await living(1, 2, 3, 4)).toEqual([1, 2, 3].map(tokenId))
  })

  test("[F14] what is cut short, foreign or of another type is no token, and no call fails", async () => {
    const good = tokenOf(0)
    await adapter.insertTokens([good])
    const corruptions = [
      ["HSET", "e", "yesterday"],
      ["HSET", "e", ""],
      ["HSET", "e", "99999999999999999999"],
      ["HSET", "n", "many"],
      ["HSET", "n", "1.5"],
      ["HSET", "n", "-1"],
      ["HSET", "u", "8"],
      ["HSET", "u", `=${"x".repeat(300)}`],
      ["HDEL", "u"],
      ["HDEL", "p"],
      ["HDEL", "n"],
      ["HDEL", "d"],
      ["HDEL", "e"],
      ["SET", "{}"],
      ["SET", ""],
      ["LPUSH", "7"],
      ["SADD", "7"],
      ["ZADD", "1", "7"],
    ]
    for (const [n, [command = "", ...args]] of corruptions.entries()) {
      const [token, key] = [tokenOf(n + 1), `${prefix}token:${tokenId(n + 1)}`]
      const corrupt = async () => {
        await redis?.del(key)
        await adapter.insertTokens([token])
        if (!command.startsWith("H")) await redis?.del(key)
        await redis?.call(command, key, ...args)
      }
      const what = `${command} ${args.join(" ")}`
      await corrupt()
      expect(await adapter.findToken(token.id), what).toBeNull()
      expect(await adapter.tryToken(token.id, 5), what).toBeNull()
      expect(await adapter.insertTokens([token]), what).toBe(false)
      expect(await adapter.countTokens(user, purpose), what).toBe(1)
      await adapter.deleteExpiredTokens(new Date(0), 1000)
      expect(await adapter.takeToken(token.id), what).toBeNull()
      await corrupt()
      await adapter.deleteTokens(user, ["another"])
      await adapter.insertTokens([tokenOf(99)], { userId: user, purpose, keep: 2 })
      expect(await adapter.findToken(good.id), what).toEqual(good)
      expect(await adapter.takeToken(tokenId(99)), what).toEqual(tokenOf(99))
    }
    await adapter.deleteTokens(user, { except: [] })
    expect(await adapter.findToken(good.id)).toBeNull()
  })

  test("[F14] an index that is none counts nothing, stops no deletion, and lets no token be stored unlisted", async () => {
    await redis?.set(`${prefix}tokens:${user}`, "foreign")
    expect(await adapter.countTokens(user, purpose)).toBe(0)
    await adapter.deleteTokens(user, { except: [] })
    await expect(adapter.insertTokens([tokenOf(1), tokenOf(2)])).rejects.toThrow("WRONGTYPE")
    expect(await keys()).toEqual([`${prefix}tokens:${user}`])
  })

  test("[ADP-3] hostile users, purposes and data stay under their own prefix", async () => {
    const hostile = ["token:1", "*", "{user}", "a b\r\nFLUSHALL", "tokens:x", "=", "ü🔒", "}{", "[a-z]*", "?"]
    const inside = ioredisAdapter(redis!, { prefix: `${prefix}*[x]?{\\` })
    await adapter.insertTokens([tokenOf(1)])
    for (const [n, text] of hostile.entries()) {
      const token = tokenOf(n, { userId: text, purpose: text, data: text })
      await inside.insertTokens([token])
      expect(await inside.findToken(token.id)).toEqual(token)
      expect(await inside.countTokens(text, text)).toBe(1)
    }
    const written = (await keys()).filter((key) => !key.startsWith(`${prefix}*[x]?{\\`))
    expect(written.toSorted()).toEqual([`${prefix}token:${tokenId(1)}`, `${prefix}tokens:${user}`])
    expect(await inside.deleteExpiredTokens(liveUntil(1), 3)).toBe(3)
    expect(await inside.deleteExpiredTokens(liveUntil(1), 1000)).toBe(hostile.length - 3)
    expect((await keys()).toSorted()).toEqual(written.toSorted())
  })

  test("a user may have thousands of tokens", async () => {
    const tokens = Array.from({ length: 2500 }, (_, n) => tokenOf(n))
    expect(await adapter.insertTokens(tokens)).toBe(true)
    expect(await adapter.countTokens(user, purpose)).toBe(2500)
    await adapter.deleteTokens(user, [purpose])
    expect(await keys()).toEqual([])
  })

  test("a budget is forgotten 6 minutes after it is full again, because clocks may differ", async () => {
    const now = Date.now()
    expect(await adapter.takeAttempt("login:ada", now, 60_000, 300_000)).toEqual({ taken: true, until: now + 60_000 })
    expect(await leftOf("attempt:login:ada")).toBeGreaterThan(410_000)
    expect(await leftOf("attempt:login:ada")).toBeLessThanOrEqual(420_000)
    await adapter.takeAttempt("login:ada", now, 240_000, 300_000)
    expect(await leftOf("attempt:login:ada")).toBeGreaterThan(650_000)
    // The caller's clock decides, however far it is from that of the server.
    const later = now + 10 * day
    expect((await adapter.takeAttempt("login:ada", later, 300_000, 300_000)).taken).toBe(true)
    expect(await leftOf("attempt:login:ada")).toBeLessThanOrEqual(660_000)
    await adapter.takeAttempt("login:eve", 0, 5000, 10_000)
    expect(await leftOf("attempt:login:eve")).toBeLessThanOrEqual(365_000)
  })

  test("a refused attempt and one that costs nothing write nothing", async () => {
    const now = Date.now()
    expect(await adapter.takeAttempt("a", now, 10, 5)).toEqual({ taken: false, until: now })
    expect(await adapter.takeAttempt("a", now, 0, 5)).toEqual({ taken: true, until: now })
    expect(await keys()).toEqual([])
  })

  test("[F14] a foreign value under a budget's key is no budget, and is replaced", async () => {
    const now = Date.now()
    for (const [command = "", ...args] of [
      ["SET", "soon"],
      ["SET", ""],
      ["SET", "nan"],
      ["SET", "-5"],
      ["LPUSH", "1"],
    ]) {
      await redis?.del(`${prefix}attempt:a`)
      await redis?.call(command, `${prefix}attempt:a`, ...args)
      expect(await adapter.deleteIdleAttempts(now, 10)).toBe(0)
      expect(await adapter.takeAttempt("a", now, 5, 10)).toEqual({ taken: true, until: now + 5 })
    }
    await adapter.dropAttempts(["a", "b", "\ud800"])
    expect(await keys()).toEqual([])
  })

  async function keys(): Promise<string[]> {
    const all = await redis?.keys("*")
    return (all ?? []).filter((key) => key.startsWith(prefix))
  }

  function listed(): Promise<string[]> | undefined {
    return redis?.zrange(`${prefix}tokens:${user}`, "0", "-1")
  }

  async function living(...numbers: number[]): Promise<string[]> {
    const found: (TokenRecord | null)[] = await Promise.all(numbers.map((n) => adapter.findToken(tokenId(n))))
    return found.flatMap((token) => token?.id ?? [])
  }

  async function goneAt(key: string): Promise<number | undefined> {
    return redis?.pexpiretime(prefix + key)
  }

  async function leftOf(key: string): Promise<number | undefined> {
    return redis?.pttl(prefix + key)
  }

  async function countedNodeRedis() {
    const client = await createClient({ url: server?.url ?? "" }).connect()
    const { counted, commands } = counting(client)
    return { client: redisAdapter(counted, { prefix: `${prefix}a:` }), commands, close: () => client.close() }
  }

  function countedIoredis() {
    const client = new Redis(server?.url ?? "")
    const { counted, commands } = counting(client)
    return { client: ioredisAdapter(counted, { prefix: `${prefix}b:` }), commands, close: () => client.quit() }
  }
})

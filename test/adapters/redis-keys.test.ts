import { Redis } from "ioredis"
import { createClient } from "redis"
import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import type { RedisScript } from "../../adapters/redis/executor.ts"
import * as attemptScripts from "../../adapters/redis/attempt-scripts.ts"
import * as sessionScripts from "../../adapters/redis/scripts.ts"
import * as tokenScripts from "../../adapters/redis/token-scripts.ts"
import { redisAdapter } from "../../adapters/redis.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { asId, foreignNames, protoAttributes } from "../../src/testing/hostile-input.ts"
import { expectListed, liveUntil, sessionId, sessionOf, shift } from "../../src/testing/session-fixture.ts"
import { redisServer } from "../redis-servers.ts"
import { counting } from "./counted-commands.ts"
import type { RedisAdapter } from "./redis-stores.ts"
import { ownPrefix } from "./redis-stores.ts"

const day = 86_400_000
const parent = ownPrefix()
const server = await redisServer(parent)
const redis = server && new Redis(server.url)
afterAll(async () => {
  await redis?.quit()
  await server?.close()
})

describe.skipIf(!server)("what is stored in Redis", () => {
  let [prefix, adapter] = [] as unknown as [string, RedisAdapter]
  beforeEach(() => {
    prefix = `${parent}${crypto.randomUUID()}:`
    adapter = ioredisAdapter(redis!, { prefix })
  })

  test("a validation is one command, one at the half-life is four, and a malformed token is none", async () => {
    for (const counted of [countedNodeRedis, countedIoredis]) {
      const { client, commands, close } = await counted()
      let now = Date.now()
      const auth = createAuth({ adapter: client(), now: () => now })
      const { token } = await auth.createSession("user-1")
      const commandsOf = async (presented: unknown) => {
        commands.length = 0
        await auth.validateSession(presented)
        return commands.map((name) => name.toLowerCase())
      }
      expect(await commandsOf(token)).toEqual(["hgetall"])
      expect(await commandsOf("a".repeat(32))).toEqual(["hgetall"])
      for (const malformed of ["", token.toUpperCase(), `${token}a`, "x".repeat(10_000), undefined, { token }, 7])
        expect(await commandsOf(malformed)).toEqual([])
      now += 16 * day
      await commandsOf(token)
      now += 16 * day
      expect(await commandsOf(token)).toEqual(["hgetall", "hgetall", "evalsha", "evalsha"])
      expect(await commandsOf(token)).toEqual(["hgetall"])
      await close()
    }
  })

  test("a session is gone a day after its deadline, and so is the index with its longest session", async () => {
    const [first, second] = [sessionOf("user-1", 1), sessionOf("user-1", 2, { expiresAt: liveUntil(9) })]
    await adapter.insertSession(first)
    await adapter.insertSession(second)
    expect(await goneAt("session:", first.id)).toBe(first.expiresAt.getTime() + day)
    expect(await goneAt("session:", second.id)).toBe(second.expiresAt.getTime() + day)
    expect(await goneAt("user:user-1")).toBe(second.expiresAt.getTime() + day)

    await adapter.extendSession(first.id, liveUntil(60), liveUntil(30))
    await adapter.updateSession(first.id, { label: "new" })
    expect(await goneAt("session:", first.id)).toBe(liveUntil(60).getTime() + day)
    expect(await goneAt("user:user-1")).toBe(liveUntil(60).getTime() + day)

    const next = sessionOf("user-1", 3, { expiresAt: liveUntil(20) })
    await adapter.replaceSession(first.id, next)
    expect(await goneAt("session:", next.id)).toBe(liveUntil(20).getTime() + day)
    expect(await goneAt("user:user-1")).toBe(liveUntil(20).getTime() + day)

    await adapter.deleteSession(next.id)
    expect(await goneAt("user:user-1")).toBe(liveUntil(9).getTime() + day)
    await adapter.deleteSession(second.id)
    expect(await keys()).toEqual([])
  })

  test("a session that was written after its deadline is kept for a day, not for ever", async () => {
    const late = sessionOf("user-1", 1, { expiresAt: new Date(0) })
    await adapter.insertSession(late)
    for (const key of [`session:${late.id}`, "user:user-1"]) {
      expect(Math.abs(((await goneAt(key)) ?? 0) - Date.now() - day)).toBeLessThan(5000)
    }
  })

  test("no key outlives its session, whatever happens", async () => {
    await adapter.insertSession(sessionOf("user-1", 1))
    await adapter.insertSession(sessionOf("user-2", 2))
    await adapter.replaceSession(sessionId(1), sessionOf("user-1", 3))
    await adapter.extendSession(sessionId(3), liveUntil(60), liveUntil(30))
    await adapter.deleteUserSessions("user-2")
    expect((await keys()).toSorted()).toEqual([`${prefix}session:${sessionId(3)}`, `${prefix}user:user-1`])
    for (const key of await keys()) expect(await redis?.pttl(key)).toBeGreaterThan(0)
  })

  test("a list strikes off sessions that are gone, and never one that is being signed in", async () => {
    for (const n of [1, 2, 3]) await adapter.insertSession(sessionOf("user-1", n))
    await redis?.del(`${prefix}session:${sessionId(2)}`, `${prefix}session:${sessionId(3)}`)
    await redis?.hset(`${prefix}session:${sessionId(3)}`, "u", "user-1")
    await expectListed({ adapter }, "user-1", [sessionOf("user-1", 1)])
    expect(await redis?.zrange(`${prefix}user:user-1`, "0", "-1")).toEqual([sessionId(1), sessionId(3)])
  })

  test("an index forgets sessions whose time is over when the next one is added", async () => {
    await adapter.insertSession(sessionOf("user-1", 1))
    await redis?.zadd(`${prefix}user:user-1`, Date.now() - 1, sessionId(7))
    await adapter.insertSession(sessionOf("user-1", 2))
    expect(await redis?.zrange(`${prefix}user:user-1`, "0", "-1")).toEqual([sessionId(1), sessionId(2)])
  })

  test("an extension lists a session again whose user's index was lost", async () => {
    await adapter.insertSession(sessionOf("user-1", 1))
    await redis?.del(`${prefix}user:user-1`)
    await adapter.extendSession(sessionId(1), liveUntil(60), liveUntil(30))
    await expectListed({ adapter }, "user-1", [sessionOf("user-1", 1)])
  })

  test("a user may have thousands of sessions", async () => {
    const sessions = Array.from({ length: 2500 }, (_, n) => sessionOf("user-1", n))
    await Promise.all(sessions.map((session) => adapter.insertSession(session)))
    await expectListed({ adapter }, "user-1", sessions)
    await adapter.deleteUserSessions("user-1", sessionId(7))
    expect((await keys()).toSorted()).toEqual([`${prefix}session:${sessionId(7)}`, `${prefix}user:user-1`])
  })

  test("attributes come back with their types, also a Date, a bigint and a value of many parts", async () => {
    const attributes = {
      text: "B12",
      date: new Date(1.5e12),
      big: 2n ** 70n,
      number: -0.5,
      flag: false,
      nothing: null,
      parts: { list: [1, "D1", null, { deep: true }], empty: {} },
    }
    const typed = ioredisAdapter<typeof attributes>(redis!, { prefix })
    await typed.insertSession({ ...sessionOf("user-1", 1), attributes })
    expect((await typed.findSession(sessionId(1)))?.session.attributes).toEqual(attributes)
    await typed.updateSession(sessionId(1), { date: new Date(0), parts: { list: [], empty: {} } })
    const changed = { ...attributes, date: new Date(0), parts: { list: [], empty: {} } }
    expect((await typed.listSessions("user-1"))[0]?.attributes).toEqual(changed)
  })

  test("an attribute that cannot be kept as it is, is refused before anything is written", async () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    const refused = [NaN, Infinity, () => 1, Symbol("x"), [1n], { at: new Date() }, [undefined], new Map(), cycle]
    await adapter.insertSession(sessionOf("user-1", 1))
    for (const value of [...refused, new Uint8Array(2), new Date(NaN)]) {
      const attributes = { label: asId(value) }
      for (const call of [
        () => adapter.insertSession(sessionOf("user-1", 2, { attributes })),
        () => adapter.updateSession(sessionId(1), attributes),
        () => adapter.replaceSession(sessionId(1), sessionOf("user-1", 2, { attributes })),
      ])
        await expect(call()).rejects.toMatchObject({ name: "AuthError", code: "invalid_option" })
    }
    await expect(adapter.updateSession(sessionId(1), protoAttributes())).rejects.toThrow("__proto__")
    expect(await keys()).toHaveLength(2)
    await expectListed({ adapter }, "user-1", [sessionOf("user-1", 1)])
  })

  test("[ADP-1] any other name of an attribute stays one, and touches nothing else of the session", async () => {
    const session = sessionOf("user-1", 1)
    await adapter.insertSession(session)
    for (const name of [...foreignNames, "u", "e", "c", "a:", "userId"])
      await adapter.updateSession(session.id, { [name]: "x" })
    const found = (await adapter.findSession(session.id))?.session
    expect(found).toMatchObject({
      ...session,
      attributes: { u: "x", e: "x", "a:": "x", userId: "x", label: "label-1" },
    })
  })

  test("[ADP-3] hostile ids and prefixes stay under their own prefix", async () => {
    const hostile = [
      "user:user-1",
      "*",
      "{user}",
      "a b\r\nFLUSHALL",
      "session:x",
      "../x",
      "ü🔒",
      "{}",
      "}{",
      "[a-z]*",
      "?",
    ]
    const own = `${prefix}*[x]?{\\`
    const inside = ioredisAdapter(redis!, { prefix: own })
    await adapter.insertSession(sessionOf("user-1", 1))
    for (const [n, id] of hostile.entries()) {
      await inside.insertSession(sessionOf(id, n, { id }))
      await expectListed({ adapter: inside }, id, [sessionOf(id, n, { id })])
    }
    const written = (await keys()).filter((key) => !key.startsWith(own))
    expect(written.toSorted()).toEqual([`${prefix}session:${sessionId(1)}`, `${prefix}user:user-1`])
    expect(await inside.deleteExpiredSessions(liveUntil(0), 1000)).toBe(hostile.length)
    expect(await keys()).toHaveLength(2)
    for (const wrong of [7, null, "\ud800"].map(asId))
      expect(() => ioredisAdapter(redis!, { prefix: wrong })).toThrow("prefix")
    expect(() => ioredisAdapter(redis!, { userIdType: asId("guid") as "uuid" })).toThrow("userId")
  })

  test("[ADP-3] no id of another type, and none that no user can have, reaches Redis", async () => {
    for (const wrong of [0, true, null, { id: 1 }, ["x"], 1n, new Date(0), "x".repeat(300), "\ud800"].map(asId)) {
      const call = adapter.insertSession(sessionOf(wrong, 1))
      await expect(call).rejects.toMatchObject({ name: "AuthError", code: "invalid_option" })
    }
    expect(await keys()).toEqual([])
  })

  test("[F14] what is cut short, foreign or of another type is not a session, and the others are still listed", async () => {
    const good = sessionOf("7", 0, { attributes: { label: "good" } })
    await adapter.insertSession(good)
    const corruptions = [
      ["HSET", "a:label", '{"cut'],
      ["HSET", "a:label", ""],
      ["HSET", "a:label", "B1.5"],
      ["HSET", "c", "yesterday"],
      ["HSET", "c", ""],
      ["HSET", "e", "99999999999999999999"],
      ["HSET", "u", "8"],
      ["HSET", "u", "x".repeat(300)],
      ["HDEL", "u"],
      ["HDEL", "c"],
      ["HDEL", "e"],
      ["SET", '{"userId":"7"}'],
      ["SET", ""],
      ["LPUSH", "7"],
      ["SADD", "7"],
      ["ZADD", "1", "7"],
    ]
    for (const [n, [command = "", ...args]] of corruptions.entries()) {
      const [session, key] = [sessionOf("7", n + 1), `${prefix}session:${sessionId(n + 1)}`]
      await adapter.insertSession(session)
      if (!command.startsWith("H")) await redis?.del(key)
      await redis?.call(command, key, ...args)
      const what = `${command} ${args.join(" ")}`
      const isAnothers = what === "HSET u 8"
      expect((await adapter.findSession(session.id))?.session.userId, what).toBe(isAnothers ? "8" : undefined)
      await expectListed({ adapter }, "7", [good])
      expect(await adapter.extendSession(session.id, liveUntil(60), liveUntil(30)).catch(String), what).toBeTypeOf(
        "boolean",
      )
      expect(await adapter.updateSession(session.id, {}), what).toBeTypeOf("boolean")
      expect(await adapter.deleteSession(session.id, "other"), what).toBe(false)
      await expectListed({ adapter }, "7", [good])
    }
    await adapter.deleteUserSessions("7", good.id)
    await expectListed({ adapter }, "7", [good])
    expect(await adapter.deleteExpiredSessions(liveUntil(-1), 1000)).toBe(0)
  })

  test("[F14] an index that is not one lists nothing, and stops no sign-out", async () => {
    await adapter.insertSession(sessionOf("user-1", 1))
    await redis?.set(`${prefix}user:user-1`, "foreign")
    await expectListed({ adapter }, "user-1", [])
    await adapter.deleteUserSessions("user-1")
    expect(await adapter.deleteSession(sessionId(1), "user-1")).toBe(true)
    const signIn = createAuth({ adapter }).createSession("user-1")
    await expect(signIn).rejects.toMatchObject({ code: "store_failed" })
    await redis?.del(`${prefix}user:user-1`)
    expect(await adapter.listSessions("user-1")).toEqual([])
  })

  test("a client's own key prefix is kept, and cleaned up under", async () => {
    const own = `${prefix}own:`
    const clients = [
      { client: new Redis(server!.url, { keyPrefix: own }), of: ioredisAdapter },
      { client: createClient({ url: server!.url, keyPrefix: own }), of: redisAdapter },
    ] as const
    const [first, second] = clients
    await second.client.connect()
    for (const inside of [first.of(first.client), second.of(second.client)]) {
      await inside.insertSession(sessionOf("user-1", 1))
      expect(await keys()).toEqual(expect.arrayContaining([`${own}nightlatch:session:${sessionId(1)}`]))
      await expectListed({ adapter: inside }, "user-1", [sessionOf("user-1", 1)])
      expect(await inside.deleteExpiredSessions(liveUntil(0), 10)).toBe(1)
      expect(await keys()).toEqual([])
    }
    await first.client.quit()
    await second.client.close()
  })

  test("scripts are known by the server's own names for them", async () => {
    const scripts = { ...sessionScripts, ...tokenScripts, ...attemptScripts }
    for (const script of Object.values<RedisScript>(scripts))
      expect(await redis?.script("LOAD", script.lua)).toBe(await script.sha1())
  })

  test("a script that the server has forgotten is sent again", async () => {
    await adapter.insertSession(sessionOf("user-1", 1))
    await redis?.script("FLUSH")
    expect(await adapter.updateSession(sessionId(1), { label: "new" })).toBe(true)
    await redis?.script("FLUSH")
    await adapter.deleteUserSessions("user-1")
    expect(await keys()).toEqual([])
  })

  test("an extension may be a millisecond", async () => {
    const session = sessionOf("user-1", 1)
    await adapter.insertSession(session)
    expect(await adapter.extendSession(session.id, shift(session.expiresAt, 1), session.expiresAt)).toBe(true)
    expect(await adapter.extendSession(session.id, liveUntil(60), session.expiresAt)).toBe(false)
    expect(await goneAt("session:", session.id)).toBe(session.expiresAt.getTime() + 1 + day)
  })

  async function keys(): Promise<string[]> {
    const all = await redis?.keys("*")
    return (all ?? []).filter((key) => key.startsWith(prefix))
  }

  /** The moment, in milliseconds since 1970, at which Redis drops a key. */
  async function goneAt(key: string, id = ""): Promise<number | undefined> {
    return redis?.pexpiretime(`${prefix}${key}${id}`)
  }

  async function countedNodeRedis() {
    const client = await createClient({ url: server?.url ?? "" }).connect()
    const { counted, commands } = counting(client)
    return { client: () => redisAdapter(counted, { prefix }), commands, close: () => client.close() }
  }

  async function countedIoredis() {
    const client = new Redis(server?.url ?? "")
    const { counted, commands } = counting(client)
    return { client: () => ioredisAdapter(counted, { prefix }), commands, close: () => client.quit() }
  }
})

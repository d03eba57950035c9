import { Cluster, Redis } from "ioredis"
import { createClient, createClientPool, createCluster } from "redis"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"

import { ioredisRevocations } from "../../adapters/ioredis.ts"
import { redisRevocations } from "../../adapters/redis.ts"
import { revocationSchema, sqlRevocations } from "../../adapters/sql.ts"
import { createStatelessAuth } from "../../src/stateless.ts"
import type { Revocations } from "../../src/stateless.ts"
import { manualClock } from "../../src/testing.ts"
import { everyStore } from "../adapters/sql-stores.ts"
import { redisServer, startRedisCluster } from "../redis-servers.ts"
import { day, hour, k1, minute } from "./stateless-fixture.ts"

const later = () => new Date(Date.now() + hour)
const oddKeys = ["", "a", "A", "a ", "á", "a\0", "%", "' OR 1=1 --", "\u{1f512}", "x".repeat(5000), "__proto__"]

/** What holds of every store of revocations. */
function itKeepsKeys(open: () => Revocations) {
  test("what was revoked is revoked, and nothing else", async () => {
    const store = open()
    for (const [n, key] of oddKeys.entries()) {
      await store.revoke(key, later())
      expect(await Promise.all(oddKeys.map((other) => store.isRevoked([other])))).toEqual(oddKeys.map((_, m) => m <= n))
    }
  })

  test("any of several keys counts", async () => {
    const store = open()
    await store.revoke("c", later())
    expect(await store.isRevoked(["x", "y", "z", "v", "w"])).toBe(false)
    expect(await store.isRevoked(["x", "y", "z", "v", "c"])).toBe(true)
    expect(await store.isRevoked(["c", "c", "x"])).toBe(true)
    expect(await store.isRevoked([])).toBe(false)
  })

  test("a key is kept for the longest time that was asked, also at once", async () => {
    const store = open()
    await store.revoke("once", new Date(Date.now() - 1))
    expect(await store.isRevoked(["once"])).toBe(false)
    await Promise.all(
      [later(), new Date(Date.now() - hour), new Date(Date.now() + 1)].map((at) => store.revoke("k", at)),
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await store.isRevoked(["k"])).toBe(true)
    await store.revoke("short", new Date(Date.now() + 150))
    expect(await store.isRevoked(["short"])).toBe(true)
    await store.revoke("short", new Date(Date.now() + 300))
    await new Promise((resolve) => setTimeout(resolve, 180))
    expect(await store.isRevoked(["short"])).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await store.isRevoked(["short"])).toBe(false)
  })

  test("a date that is none is refused", async () => {
    await expect(open().revoke("k", new Date(NaN))).rejects.toMatchObject({ code: "invalid_option" })
  })

  test("[STL-6] ends stateless sessions on every server at once", async () => {
    const revocations = open()
    const [one, other] = [1, 2].map(() => createStatelessAuth({ secrets: [k1], revocations }))
    const [mine, also, theirs] = await Promise.all(["a", "a", "b"].map((id) => one!.createSession(id)))
    await one!.invalidateSession(mine!.session.id, { userId: "a" })
    expect((await other!.validateSession(mine!.token)).session).toBeNull()
    expect((await other!.validateSession(also!.token)).session).not.toBeNull()
    await one!.invalidateUserSessions("a")
    expect((await other!.validateSession(also!.token)).session).toBeNull()
    expect((await other!.validateSession(theirs!.token)).session).not.toBeNull()
    const after = await other!.createSession("a")
    expect((await one!.validateSession(after.token)).session).not.toBeNull()
  })

  test("many endings and sign-ins at once leave who signed in afterwards, and nobody from before", async () => {
    const auth = createStatelessAuth({ secrets: [k1], revocations: open() })
    const before = await Promise.all(Array.from({ length: 5 }, () => auth.createSession("a")))
    await Promise.all(
      Array.from({ length: 10 }, (_, n) => (n % 2 ? auth.createSession("a") : auth.invalidateUserSessions("a"))),
    )
    const after = await auth.createSession("a")
    for (const { token } of before) expect((await auth.validateSession(token)).session).toBeNull()
    expect((await auth.validateSession(after.token)).session).not.toBeNull()
  })
}

for (const store of await everyStore()) {
  describe(store.dialect, () => {
    const options = { dialect: store.dialect, executor: store.executor }
    const create = async (table?: string) => {
      for (const statement of revocationSchema(store.dialect, table ? { table } : {})) await store.run(statement)
    }
    beforeAll(() => create())
    beforeEach(async () => void (await store.run("DELETE FROM session_revocation")))

    itKeepsKeys(() => sqlRevocations(options))

    test("the schema may be run twice, and the table have another name", async () => {
      await create()
      await create("ended")
      const other = sqlRevocations({ ...options, table: "ended" })
      await other.revoke("k", later())
      expect(await other.isRevoked(["k"])).toBe(true)
      expect(await sqlRevocations(options).isRevoked(["k"])).toBe(false)
    })

    test("what lapsed is deleted, and only that", async () => {
      const now = manualClock()
      const revocations = sqlRevocations({ ...options, now })
      for (let n = 0; n < 20; n++) await revocations.revoke(`key ${n}`, new Date(now() + n * minute))
      now.advance(9 * minute)
      expect(await revocations.isRevoked(["key 9"])).toBe(false)
      expect(await revocations.isRevoked(["key 10"])).toBe(true)
      expect(await revocations.deleteExpiredRevocations()).toBe(10)
      expect(await revocations.deleteExpiredRevocations()).toBe(0)
      expect(await revocations.isRevoked(["key 10"])).toBe(true)
      now.advance(day)
      expect(await revocations.deleteExpiredRevocations()).toBe(10)
    })

    test("a table that is missing is an error, not an answer", async () => {
      const revocations = sqlRevocations({ ...options, table: "nowhere" })
      await expect(revocations.isRevoked(["k"])).rejects.toThrow(/nowhere/)
      const auth = createStatelessAuth({ secrets: [k1], revocations })
      await expect(auth.createSession("a")).rejects.toMatchObject({ code: "invalid_option" })
    })

    test("invalid options throw", () => {
      const bad = expect.objectContaining({ code: "invalid_option" })
      expect(() => sqlRevocations({ ...options, table: 'x"; DROP TABLE y' })).toThrow(bad)
      expect(() => revocationSchema(store.dialect, { table: "" })).toThrow(bad)
      expect(() => revocationSchema("oracle" as "sqlite")).toThrow(bad)
      expect(() => sqlRevocations({ ...options, dialect: "toString" as "sqlite" })).toThrow(bad)
    })
  })
}

const ownKeys = `test-${crypto.randomUUID()}:`
const server = await redisServer(ownKeys)
const cluster = await startRedisCluster()
const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing) await close()
  await server?.close()
  await cluster?.close()
})
const ignore = () => undefined
const ownPrefix = () => ({ prefix: `${ownKeys}${crypto.randomUUID()}:` })

describe.runIf(server)("redis", async () => {
  const client = createClient({ url: server?.url ?? "" }).on("error", ignore)
  const pool = createClientPool({ url: server?.url ?? "" }, { minimum: 1, maximum: 3 }).on("error", ignore)
  const io = new Redis(server?.url ?? "", { lazyConnect: true }).on("error", ignore)
  beforeAll(async () => {
    await Promise.all([client.connect(), pool.connect(), io.connect()])
    closing.push(
      () => client.close(),
      () => pool.close(),
      () => io.quit(),
    )
  })

  describe("through node-redis", () => itKeepsKeys(() => redisRevocations(client, ownPrefix())))
  describe("through its pool", () => itKeepsKeys(() => redisRevocations(pool, ownPrefix())))
  describe("through ioredis", () => itKeepsKeys(() => ioredisRevocations(io, ownPrefix())))

  test("a value of another type in the way is an error, not an answer", async () => {
    const options = ownPrefix()
    const revocations = redisRevocations(client, options)
    await revocations.revoke("k", later())
    const [key = ""] = await client.keys(`${options.prefix}*`)
    expect(await client.pTTL(key)).toBeGreaterThan(hour - minute)
    await client.set(key, "x")
    await expect(revocations.isRevoked(["k"])).rejects.toThrow(/WRONGTYPE/)
  })

  test("a prefix that is not text throws", () => {
    for (const prefix of ["\ud800", 7, null])
      expect(() => redisRevocations(client, { prefix: prefix as string })).toThrow(
        expect.objectContaining({ code: "invalid_option" }),
      )
  })
})

describe.runIf(cluster)("a Redis Cluster", () => {
  const urls = cluster?.urls ?? []
  const node = createCluster({ rootNodes: urls.map((url) => ({ url })) }).on("error", ignore)
  let io: Cluster
  beforeAll(async () => {
    io = new Cluster(urls).on("error", ignore)
    await node.connect()
    closing.push(
      () => node.close(),
      () => io.quit(),
    )
  })

  describe("through node-redis", () => itKeepsKeys(() => redisRevocations(node, ownPrefix())))
  describe("through ioredis", () => itKeepsKeys(() => ioredisRevocations(io, ownPrefix())))
})

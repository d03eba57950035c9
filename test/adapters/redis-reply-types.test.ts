import type { RedisOptions } from "ioredis"
import { Command, Redis } from "ioredis"
import { createClient, RESP_TYPES } from "redis"
import { afterAll, afterEach, describe, expect, test } from "vitest"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import type { RedisAdapter } from "../../adapters/redis.ts"
import { redisAdapter, redisRevocations } from "../../adapters/redis.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { sessionOf } from "../../src/testing/session-fixture.ts"
import { redisServer } from "../redis-servers.ts"
import { ownPrefix } from "./redis-stores.ts"
import { tokenId, tokenOf } from "./redis-token-fixture.ts"

const parent = ownPrefix()
const server = await redisServer(parent)
const url = server?.url ?? ""
const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  while (open.length > 0) await open.pop()?.()
})
afterAll(() => server?.close())

type Connect = (prefix: string) => Promise<RedisAdapter>

const ioredis = (options: RedisOptions = {}) => {
  const client = new Redis(url, options)
  open.push(() => client.quit())
  return client
}

const nodeRedis = (RESP: 2 | 3, types: object): Connect => {
  return async (prefix) => {
    const client = await createClient({ url, RESP }).connect()
    open.push(() => client.close())
    // The types of a mapped client differ from the adapter's, but a developer who casts is not stopped by them.
    return redisAdapter(client.withTypeMapping(types) as never, { prefix })
  }
}

const refused: Record<string, Connect> = {
  "redis on RESP2, whose hashes are Maps": nodeRedis(2, { [RESP_TYPES.MAP]: Map }),
  "redis on RESP3, whose hashes are Maps": nodeRedis(3, { [RESP_TYPES.MAP]: Map }),
  "redis on RESP2, whose hashes are arrays": nodeRedis(2, { [RESP_TYPES.MAP]: Array }),
  "redis on RESP3, whose hashes are arrays": nodeRedis(3, { [RESP_TYPES.MAP]: Array }),
  "redis on RESP2, whose texts are Buffers": nodeRedis(2, { [RESP_TYPES.BLOB_STRING]: Buffer }),
  "redis on RESP3, whose texts are Buffers": nodeRedis(3, { [RESP_TYPES.BLOB_STRING]: Buffer }),
  "ioredis, whose texts are Buffers": async (prefix) => {
    const client = ioredis()
    const hgetall = (key: string) => client.hgetallBuffer(key)
    const evalsha = (...args: string[]) => client.callBuffer("EVALSHA", ...args)
    const mapped = { hgetall, evalsha, eval: (...args: string[]) => client.callBuffer("EVAL", ...args) }
    return ioredisAdapter({ ...mapped, scan: client.scan.bind(client) } as never, { prefix })
  },
  "ioredis, whose hashes are Maps": async (prefix) => {
    Command.setReplyTransformer("hgetall", (reply: unknown) => new Map(Object.entries(asObject(reply))))
    open.push(async () => Command.setReplyTransformer("hgetall", asObject))
    return ioredisAdapter(ioredis(), { prefix })
  },
}

const accepted: Record<string, Connect> = {
  "redis on RESP2, whose numbers are text": nodeRedis(2, { [RESP_TYPES.NUMBER]: String }),
  "redis on RESP3, whose numbers are text": nodeRedis(3, { [RESP_TYPES.NUMBER]: String }),
  "redis on RESP3, without a mapping": nodeRedis(3, {}),
  "ioredis, whose numbers are text": async (prefix) => ioredisAdapter(ioredis({ stringNumbers: true }), { prefix }),
}

describe.skipIf(!server)("a Redis client that maps replies to other types", () => {
  test.for(Object.entries(refused))("%s: is refused, and signs nobody out", async ([, connect]) => {
    const prefix = `${parent}${crypto.randomUUID()}:`
    const plain = await nodeRedis(2, {})(prefix)
    const { token, session } = await createAuth({ adapter: plain }).createSession("user-1")
    const adapter = await connect(prefix)
    const mistake = { code: "invalid_option", message: expect.stringMatching(/^client: .* without a type mapping/) }

    await expect(createAuth({ adapter }).validateSession(token)).rejects.toMatchObject(mistake)
    await expect(adapter.findSession(session.id)).rejects.toMatchObject(mistake)
    await expect(adapter.listSessions("user-1")).rejects.toMatchObject(mistake)
    await expect(adapter.replaceSession(session.id, sessionOf("user-1", 1))).rejects.toMatchObject(mistake)
    await expect(adapter.extendSession(session.id, new Date(8e15), new Date(8e15))).rejects.toMatchObject(mistake)
    expect(await plain.findSession(session.id)).toMatchObject({ session: { id: session.id } })

    await plain.insertTokens([tokenOf(1)])
    for (const call of [() => adapter.findToken(tokenId(1)), () => adapter.countTokens("user-1", "reset_password")])
      await expect(call()).rejects.toMatchObject(mistake)
    expect(await plain.takeToken(tokenId(1))).toEqual(tokenOf(1))
  })

  test("such a client overlooks no revocation", async () => {
    const client = await createClient({ url }).connect()
    open.push(() => client.close())
    const prefix = `${parent}${crypto.randomUUID()}:`
    await redisRevocations(client, { prefix }).revoke("key", new Date(8e15))
    const mapped = redisRevocations(client.withTypeMapping({ [RESP_TYPES.MAP]: Map }) as never, { prefix })
    await expect(mapped.isRevoked(["key"])).rejects.toMatchObject({ code: "invalid_option" })
  })

  test.for(Object.entries(accepted))("%s: works", async ([, connect]) => {
    const adapter = await connect(`${parent}${crypto.randomUUID()}:`)
    const auth = createAuth({ adapter })
    const [first, second] = [await auth.createSession("user-1"), await auth.createSession("user-1")]
    expect((await auth.validateSession(first.token)).session?.id).toBe(first.session.id)
    const rotated = await auth.rotateSession(first.token)
    expect((await auth.validateSession(first.token)).session).toBeNull()
    expect(await auth.getUserSessions("user-1")).toHaveLength(2)
    expect(await auth.invalidateSession(second.session.id)).toBe(true)
    expect(await adapter.deleteExpiredSessions(new Date(8e15), 10)).toBe(1)
    expect(rotated).not.toBeNull()
    expect(await adapter.listSessions("user-1")).toEqual([])

    expect(await adapter.insertTokens([tokenOf(1), tokenOf(2)])).toBe(true)
    expect(await adapter.insertTokens([tokenOf(3), tokenOf(2)])).toBe(false)
    expect(await adapter.insertTokens([tokenOf(4)], { userId: "user-1", purpose: "reset_password", keep: 1 })).toBe(
      true,
    )
    expect(await adapter.countTokens("user-1", "reset_password")).toBe(1)
    expect((await adapter.tryToken(tokenId(4), 1))?.attempts).toBe(1)
    expect(await adapter.takeToken(tokenId(4))).toMatchObject({ attempts: 1, data: "data 4" })
    expect(await adapter.takeAttempt("a", 1000, 5000, 5000)).toEqual({ taken: true, until: 6000 })
    expect(await adapter.takeAttempt("a", 1000, 5000, 5000)).toEqual({ taken: false, until: 6000 })
  })
})

/** What ioredis does with the reply itself. */
function asObject(reply: unknown): object {
  const items: unknown[] = Array.isArray(reply) ? reply : []
  return Object.fromEntries(items.flatMap((name, n) => (n % 2 === 0 ? [[name, items[n + 1]]] : [])))
}

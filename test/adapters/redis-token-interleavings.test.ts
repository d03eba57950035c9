import { Redis } from "ioredis"
import { afterAll, describe, expect, test } from "vitest"
import type { IoredisServer } from "../../adapters/ioredis.ts"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import type { Step } from "../races/stepping.ts"
import { interruptAt, stepping } from "../races/stepping.ts"
import { startRedis } from "../redis-servers.ts"
import type { RedisAdapter } from "./redis-stores.ts"
import { ownPrefix } from "./redis-stores.ts"
import { tokenId, tokenOf } from "./redis-token-fixture.ts"

const user = "user-1"
const purpose = "reset_password"
/** More commands than any method sends here. */
const mostCommands = 20

type Action = (adapter: RedisAdapter) => Promise<unknown>

const deletion: Action = (adapter) => adapter.deleteTokens(user, [purpose])
const twoTokens: Action = (adapter) => adapter.insertTokens([tokenOf(4), tokenOf(5)])
const replacement = (n: number): Action => {
  return (adapter) => adapter.insertTokens([tokenOf(n)], { userId: user, purpose, keep: 1 })
}

/** What takes several commands, where the tokens 1 and 2 are there, and token 10 of another user. */
const actions: Record<string, Action> = {
  "a new token": (adapter) => adapter.insertTokens([tokenOf(3)]),
  "two new tokens": twoTokens,
  "a replacement": replacement(6),
  "a token that is there": (adapter) => adapter.insertTokens([tokenOf(7), tokenOf(10)]),
  "a taking": (adapter) => adapter.takeToken(tokenId(1)),
  "a try": (adapter) => adapter.tryToken(tokenId(1), 5),
  "a deletion": deletion,
  "a count": (adapter) => adapter.countTokens(user, purpose),
  "a cleanup": (adapter) => adapter.deleteExpiredTokens(new Date(8e15), 10),
}

const server = await startRedis()
const client = server && new Redis(server.url)
afterAll(async () => {
  await client?.quit()
  await server?.close()
})

describe.skipIf(!client)("[ADP-8] tokens in Redis, command by command", () => {
  for (const [name, action] of Object.entries(actions)) {
    for (const [interruption, interrupt] of Object.entries(actions)) {
      test(`what lives is counted and deleted when ${interruption} comes between any two commands of ${name}`, async () => {
        await atEachMoment(async ({ adapter, step, prefix }, moment) => {
          const { step: interrupted, methods } = interruptAt(moment, () => interrupt(adapter))
          await action(step(interrupted))
          const live = await living(adapter)
          expect(await adapter.countTokens(user, purpose)).toBe(live.length)
          const isDeleted = action === deletion || (interrupt === deletion && methods.length >= moment)
          if (isDeleted) expect(live).not.toContain(tokenId(2))
          await expectAllDeleted(adapter, prefix)
          return methods.length
        })
      })
    }

    test(`what lives is counted and deleted when any command of ${name} is the last`, async () => {
      await atEachMoment(async ({ adapter, step, prefix }, moment) => {
        let count = 0
        const broken: Step = async () => {
          if (++count >= moment) throw new Error("crashed")
        }
        await action(step(broken)).catch((error: Error) => expect(error.message).toBe("crashed"))
        expect(await adapter.countTokens(user, purpose)).toBe((await living(adapter)).length)
        await expireReservations(prefix)
        expect(await adapter.countTokens(user, purpose)).toBe((await living(adapter)).length)
        await expectAllDeleted(adapter, prefix)
        return count
      })
    })
  }

  for (const [name, action] of Object.entries({ "two new tokens": twoTokens, "a replacement": replacement(6) })) {
    test(`${name}: nothing is stored if one command fails`, async () => {
      await atEachMoment(async ({ adapter, step }, moment) => {
        const { step: failing, methods } = interruptAt(moment, () => Promise.reject(new Error("out of memory")))
        const outcome = await action(step(failing)).catch(String)
        const stored = (await living(adapter)).filter((id) => id > tokenId(2))
        if (outcome !== true) expect(stored).toEqual([])
        else expect(stored.length).toBeGreaterThan(0)
        return methods.length
      })
    })
  }

  test("two new tokens, of which one is lost before it is stored, are both gone", async () => {
    await atEachMoment(async ({ adapter, step, prefix }, moment) => {
      const { step: interrupted, methods } = interruptAt(moment, () => expireReservations(prefix, tokenId(4)))
      await twoTokens(step(interrupted))
      const stored = (await living(adapter)).filter((id) => id > tokenId(2))
      expect([[], [4, 5].map(tokenId)]).toContainEqual(stored)
      return methods.length
    })
  })

  test("a deletion between any two commands of two new tokens deletes both or neither", async () => {
    await atEachMoment(async ({ adapter, step }, moment) => {
      const { step: interrupted, methods } = interruptAt(moment, () => deletion(adapter))
      await twoTokens(step(interrupted))
      const stored = (await living(adapter)).filter((id) => id > tokenId(2))
      expect([[], [4, 5].map(tokenId)]).toContainEqual(stored)
      return methods.length
    })
  })

  test("two new tokens between any two commands of a deletion are deleted or live, both", async () => {
    await atEachMoment(async ({ adapter, step }, moment) => {
      const { step: interrupted, methods } = interruptAt(moment, () => twoTokens(adapter))
      await deletion(step(interrupted))
      expect([[], [4, 5].map(tokenId)]).toContainEqual(await living(adapter))
      return methods.length
    })
  })

  test("of two replacements at the same time the newer token lives, whoever is faster", async () => {
    await atEachMoment(async ({ adapter, step }, moment) => {
      const { step: interrupted, methods } = interruptAt(moment, () => replacement(7)(adapter))
      await replacement(6)(step(interrupted))
      const live = await living(adapter)
      expect([[6], [7], [6, 7]].map((numbers) => numbers.map(tokenId))).toContainEqual(live)
      expect(await adapter.countTokens(user, purpose)).toBe(live.length)
      return methods.length
    })
  })

  test("two insertions that have an id in common store all of one and nothing of the other", async () => {
    await atEachMoment(async ({ adapter, step }, moment) => {
      const stored: unknown[] = []
      const other = async () => stored.push(await adapter.insertTokens([tokenOf(8), tokenOf(6), tokenOf(7)]))
      const { step: interrupted, methods } = interruptAt(moment, other)
      const isStored = await step(interrupted).insertTokens([tokenOf(9), tokenOf(8), tokenOf(7)])
      if (methods.length < moment) return methods.length
      expect(stored).toEqual([!isStored])
      const numbers = isStored ? [1, 2, 7, 8, 9] : [1, 2, 6, 7, 8]
      expect(await living(adapter)).toEqual(numbers.map(tokenId))
      return methods.length
    })
  })
})

interface Opened {
  adapter: RedisAdapter
  prefix: string
  /** An adapter over the same store, whose client has a step before each command. */
  step(before: Step): RedisAdapter
}

/** Plays over a new store for each moment, until the action, whose number of commands is returned, is over by then. */
async function atEachMoment(play: (store: Opened, moment: number) => Promise<number>): Promise<void> {
  for (let moment = 1; moment <= mostCommands; moment++) {
    if ((await play(await openStore(), moment)) < moment) return
  }
  expect.unreachable("This takes more commands than the test thinks.")
}

async function openStore(): Promise<Opened> {
  const prefix = ownPrefix()
  const redis = client as Redis
  const plain: IoredisServer = {
    hgetall: (key) => redis.hgetall(key),
    eval: (...args) => redis.eval(...args),
    evalsha: (...args) => redis.evalsha(...args),
    scan: (...args) => redis.scan(...args),
  }
  const adapter = ioredisAdapter(plain, { prefix })
  await adapter.insertTokens([tokenOf(1), tokenOf(2)])
  await adapter.insertTokens([tokenOf(10, { userId: "user-2" })])
  return { adapter, prefix, step: (before) => ioredisAdapter(stepping(plain, before), { prefix }) }
}

async function living(adapter: RedisAdapter): Promise<string[]> {
  const found = await Promise.all(Array.from({ length: 10 }, (_, n) => adapter.findToken(tokenId(n + 1))))
  return found.flatMap((token) => (token?.userId === user ? token.id : []))
}

async function expectAllDeleted(adapter: RedisAdapter, prefix: string): Promise<void> {
  for (const userId of [user, "user-2"]) await adapter.deleteTokens(userId, { except: [] })
  expect(await client?.keys(`${prefix}*`)).toEqual([])
}

async function expireReservations(prefix: string, id = "*"): Promise<void> {
  for (const key of (await client?.keys(`${prefix}token:${id}`)) ?? []) {
    if ((await client?.hget(key, "e")) === null) await client?.del(key)
  }
}

import { Redis } from "ioredis"
import { afterAll, describe, expect, test } from "vitest"
import type { IoredisServer } from "../../adapters/ioredis.ts"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import type { SessionRecord } from "../../src/core/ports.ts"
import { expectListed, liveUntil, sessionOf } from "../../src/testing/session-fixture.ts"
import { interruptAt, stepping } from "../races/stepping.ts"
import { startRedis } from "../redis-servers.ts"
import type { LabelRow, RedisAdapter } from "./redis-stores.ts"
import { ownPrefix } from "./redis-stores.ts"

const user = "user-1"
const [old, next] = [sessionOf(user, 1), sessionOf(user, 2)]
/** More commands than any method sends here. */
const mostCommands = 12

/** What takes several commands, beginning with one session that lives. */
const actions: Record<string, (adapter: RedisAdapter) => Promise<unknown>> = {
  "a sign-in": (adapter) => adapter.insertSession(next),
  "a rotation": (adapter) => adapter.replaceSession(old.id, next),
  "an extension": (adapter) => adapter.extendSession(old.id, liveUntil(60), liveUntil(30)),
  "a change": (adapter) => adapter.updateSession(old.id, { label: "new" }),
  "a sign-out": (adapter) => adapter.deleteSession(old.id),
  "a sign-out everywhere": (adapter) => adapter.deleteUserSessions(user),
  "a list": (adapter) => adapter.listSessions(user),
  "a cleanup": (adapter) => adapter.deleteExpiredSessions(liveUntil(0), 10),
}

const server = await startRedis()
const client = server && new Redis(server.url)
afterAll(async () => {
  await client?.quit()
  await server?.close()
})

describe.skipIf(!client)("[ADP-8] sessions in Redis, command by command", () => {
  for (const [name, action] of Object.entries(actions)) {
    for (const [interruption, interrupt] of Object.entries(actions)) {
      test(`[R3] what lives is listed when ${interruption} comes between any two commands of ${name}`, async () => {
        for (let moment = 1; moment <= mostCommands; moment++) {
          const { adapter, step } = await openStore()
          const { step: interrupted } = interruptAt(moment, () => interrupt(adapter))
          await action(step(interrupted)).catch(idIsTaken)
          await expectListedAsLive(adapter)
        }
      })
    }

    test(`what lives is listed when ${name} breaks off before any of its commands, also once its rest expired`, async () => {
      for (let moment = 1; moment <= mostCommands; moment++) {
        const { adapter, prefix, step } = await openStore()
        const { step: broken } = interruptAt(moment, () => Promise.reject(new Error("crashed")))
        await action(step(broken)).catch((error: Error) => expect(error.message).toBe("crashed"))
        await expectListedAsLive(adapter)
        await expireReservations(prefix)
        await expectListedAsLive(adapter)
        await adapter.deleteUserSessions(user)
        await expectListed({ adapter }, user, [])
        expect(await client?.keys(`${prefix}*`)).toEqual([])
      }
    })
  }

  for (const [name, action] of Object.entries(actions)) {
    test(`[R3][EXP-8] a sign-out everywhere between any two commands of ${name} ends what lived before it`, async () => {
      for (let moment = 1; moment <= mostCommands; moment++) {
        const { adapter, step } = await openStore()
        const { step: interrupted, methods } = interruptAt(moment, () => adapter.deleteUserSessions(user))
        await action(step(interrupted))
        if (methods.length < moment) return
        expect(await adapter.findSession(old.id)).toBeNull()
        // A new sign-in may be later than the sign-out, but what a rotation makes of a session is over with it.
        if (action !== actions["a sign-in"]) expect(await liveSessions(adapter)).toEqual([])
      }
      expect.unreachable(`${name} sends more commands than this test thinks.`)
    })
  }

  test("[R3] a sign-out everywhere ends a session that is rotated between any two of its commands", async () => {
    for (let moment = 1; moment <= mostCommands; moment++) {
      const { adapter, step } = await openStore()
      const { step: interrupted, methods } = interruptAt(moment, () => adapter.replaceSession(old.id, next))
      await step(interrupted).deleteUserSessions(user)
      if (methods.length < moment) return
      expect(await liveSessions(adapter)).toEqual([])
    }
  })

  /** A store with one session, and a way to do something before each command of its client. */
  async function openStore() {
    const prefix = ownPrefix()
    const redis = client as Redis
    const plain: IoredisServer = {
      hgetall: (key) => redis.hgetall(key),
      eval: (...args) => redis.eval(...args),
      evalsha: (...args) => redis.evalsha(...args),
      scan: (...args) => redis.scan(...args),
    }
    const adapter = ioredisAdapter<LabelRow>(plain, { prefix })
    await adapter.insertSession(old)
    const step = (before: (method: string) => Promise<void>) =>
      ioredisAdapter<LabelRow>(stepping(plain, before), { prefix })
    return { adapter, prefix, step }
  }

  async function expireReservations(prefix: string): Promise<void> {
    for (const key of (await client?.keys(`${prefix}session:*`)) ?? []) {
      if ((await client?.hget(key, "e")) === null) await client?.del(key)
    }
  }
})

async function expectListedAsLive(adapter: RedisAdapter): Promise<void> {
  await expectListed({ adapter }, user, await liveSessions(adapter))
}

async function liveSessions(adapter: RedisAdapter): Promise<SessionRecord<LabelRow>[]> {
  const rows = await Promise.all([old, next].map(({ id }) => adapter.findSession(id)))
  return rows.flatMap((row) => row?.session ?? [])
}

function idIsTaken(error: Error): void {
  expect(error.message).toContain("taken")
}

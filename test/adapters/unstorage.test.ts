import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, describe, expect, test } from "vitest"
import type { Storage } from "unstorage"
import { createStorage, prefixStorage } from "unstorage"
import fsDriver from "unstorage/drivers/fs-lite"
import memoryDriver from "unstorage/drivers/memory"
import redisDriver from "unstorage/drivers/redis"
import { unstorageAdapter } from "../../adapters/unstorage.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import type { SessionAdapter } from "../../src/core/ports.ts"
import { testAdapter } from "../../src/testing.ts"
import { asId } from "../../src/testing/hostile-input.ts"
import { expectListed, liveUntil, sessionId, sessionOf } from "../../src/testing/session-fixture.ts"
import { interruptAt, stepping } from "../races/stepping.ts"
import { redisServer } from "../redis-servers.ts"
import type { LabelRow } from "./redis-stores.ts"
import { ownPrefix } from "./redis-stores.ts"
import { idMaker } from "./sql-stores.ts"

const day = 86_400_000
const parent = ownPrefix()
const folder = mkdtempSync(join(tmpdir(), "nightlatch-unstorage-"))
const server = await redisServer(parent)
const overRedis = server && createStorage({ driver: redisDriver({ url: server.url, base: parent }) })
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await overRedis?.dispose()
  await server?.close()
})

const storages: Record<string, () => Storage> = {
  memory: () => createStorage({ driver: memoryDriver() }),
  files: () => createStorage({ driver: fsDriver({ base: join(folder, crypto.randomUUID()) }) }),
  "a part of another storage": () => prefixStorage(createStorage(), "sessions"),
  ...(overRedis && { Redis: () => prefixStorage(overRedis, crypto.randomUUID()) }),
}

for (const [name, open] of Object.entries(storages))
  describe(`[ADP-7] unstorageAdapter() over ${name}`, () => {
    testAdapter(test, () => ({ adapter: unstorageAdapter<LabelRow>(open()) }))
  })

for (const type of ["integer", "bigint", "uuid"] as const)
  describe(`unstorageAdapter() with ${type} ids`, () => {
    const open = () => unstorageAdapter<LabelRow>(createStorage(), { userIdType: type })
    testAdapter(test, () => ({ adapter: open(), userId: idMaker(type) }))
  })

describe("what unstorageAdapter() stores", () => {
  test("is gone with the session, whichever way it went", async () => {
    const { adapter, storage } = openStore()
    await adapter.insertSession(sessionOf("user-1", 1))
    await adapter.replaceSession(sessionId(1), sessionOf("user-1", 2))
    await adapter.extendSession(sessionId(2), liveUntil(60), liveUntil(30))
    expect(await storage.getKeys()).toHaveLength(4)
    await adapter.deleteSession(sessionId(2))
    await adapter.insertSession(sessionOf("user-1", 3))
    await adapter.deleteUserSessions("user-1")
    await adapter.insertSession(sessionOf("user-1", 4))
    await adapter.deleteExpiredSessions(liveUntil(0), 10)
    expect(await storage.getKeys()).toEqual([])
  })

  test("a validation reads once, in three items side by side, and a malformed token reads nothing", async () => {
    const reads: string[] = []
    const storage = createStorage()
    const counted: Pick<Storage, "getItem" | "setItem" | "removeItem" | "getKeys"> = {
      ...storage,
      getItem: (key: string) => (reads.push(key), storage.getItem(key)),
    }
    const auth = createAuth({ adapter: unstorageAdapter(counted) })
    const { token } = await auth.createSession("user-1")
    reads.length = 0
    expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(reads).toHaveLength(3)
    await auth.validateSession(token.toUpperCase())
    expect(reads).toHaveLength(3)
  })

  test("[ADP-3] hostile ids stay under the prefix, and a prefix that a storage would change is refused", async () => {
    const { adapter, storage } = openStore({ prefix: "my-app:auth:" })
    const hostile = ["../../x", "a:b", "a/b", "?", "..", "", "*", "x".repeat(255), "A", "a", "ü🔒", "\\"]
    for (const [n, id] of hostile.entries()) await adapter.insertSession(sessionOf(id, n))
    for (const [n, id] of hostile.entries()) await expectListed({ adapter }, id, [sessionOf(id, n)])
    for (const key of await storage.getKeys())
      expect(key).toMatch(/^my-app:auth:(session|deadline|attributes|user):[0-9a-f:]+$/)
    for (const id of ["../../x", "ABC", "a".repeat(63)])
      await expect(adapter.insertSession({ ...sessionOf("user-1", 1), id })).rejects.toMatchObject({
        code: "invalid_option",
      })
    for (const prefix of ["a", "a?:", "a/b:", ":", "a::", "../:", "Ab:", 7].map(asId))
      expect(() => unstorageAdapter(storage, { prefix })).toThrow("prefix")
  })

  test("[F14] an item that was cut short or is foreign is not a session, and the others are still listed", async () => {
    const { adapter, storage } = openStore()
    const good = sessionOf("user-1", 0)
    await adapter.insertSession(good)
    const foreign = ["{cut", "null", "7", "[]", "", '{"u":7}', '{"c":"soon","e":"soon","a:label":"{cut"}']
    for (const part of ["session", "deadline", "attributes"]) {
      for (const [n, item] of foreign.entries()) {
        await adapter.insertSession(sessionOf("user-1", n + 1))
        await storage.setItemRaw(`nightlatch:${part}:${sessionId(n + 1)}`, item)
        expect(await adapter.findSession(sessionId(n + 1)), `${part} ${item}`).toBeNull()
        await expectListed({ adapter }, "user-1", [good])
        expect(await adapter.extendSession(sessionId(n + 1), liveUntil(60), liveUntil(30))).toBe(false)
        expect(await adapter.updateSession(sessionId(n + 1), { label: "new" })).toBe(false)
        await adapter.deleteUserSessions("user-1", good.id)
        await storage.removeItem(`nightlatch:session:${sessionId(n + 1)}`)
      }
    }
    await expectListed({ adapter }, "user-1", [good])
  })

  test("a list strikes off what is gone, and no session that is being signed in", async () => {
    const { adapter, storage } = openStore()
    for (const n of [1, 2, 3]) await adapter.insertSession(sessionOf("user-1", n))
    await storage.removeItem(`nightlatch:session:${sessionId(2)}`)
    await storage.removeItem(`nightlatch:deadline:${sessionId(2)}`)
    await storage.removeItem(`nightlatch:session:${sessionId(3)}`)
    await expectListed({ adapter }, "user-1", [sessionOf("user-1", 1)])
    const entries = (await storage.getKeys("nightlatch:user")).map((key) => key.slice(-64))
    expect(entries.toSorted()).toEqual([sessionId(1), sessionId(3)])
  })
})

describe("[R2][R3] two writers to one storage, step by step", () => {
  const [old, next] = [sessionOf("user-1", 1), sessionOf("user-1", 2)]
  const mostSteps = 30
  type Action = (adapter: SessionAdapter<never, LabelRow>) => Promise<unknown>
  const actions: Record<string, Action> = {
    "a sign-in": (adapter) => adapter.insertSession(next),
    "an extension": (adapter) => adapter.extendSession(old.id, liveUntil(60), liveUntil(30)),
    "a change": (adapter) => adapter.updateSession(old.id, { label: "new" }),
    "a sign-out": (adapter) => adapter.deleteSession(old.id),
    "a sign-out everywhere": (adapter) => adapter.deleteUserSessions("user-1"),
    "a list": (adapter) => adapter.listSessions("user-1"),
  }
  const ends = ["a sign-out", "a sign-out everywhere"]

  for (const [name, action] of Object.entries(actions))
    for (const [interruption, interrupt] of Object.entries(actions))
      test(`what lives is listed, and what was ended stays so, when ${interruption} comes into ${name}`, async () => {
        for (let moment = 1; moment <= mostSteps; moment++) {
          const { storage, adapter } = openStore()
          await adapter.insertSession(old)
          const { step, methods } = interruptAt(moment, () => interrupt(adapter))
          await action(unstorageAdapter<LabelRow>(stepping(plain(storage), step))).catch(idIsTaken)
          if (methods.length < moment) return
          const rows = await Promise.all([old, next].map(({ id }) => adapter.findSession(id)))
          const live = rows.flatMap((row) => row?.session ?? [])
          await expectListed({ adapter }, "user-1", live)
          if (ends.includes(name) || ends.includes(interruption)) expect(rows[0]).toBeNull()
          const stored = await storage.getKeys("nightlatch:session")
          expect(stored.map((key) => key.slice(-64)).toSorted()).toEqual(live.map(({ id }) => id).toSorted())
        }
        expect.unreachable(`${name} takes more steps than this test thinks.`)
      })

  test("a sign-in that comes to its end between any two steps of a sign-out everywhere leaves nothing half done", async () => {
    for (let moment = 1; moment <= mostSteps; moment++) {
      const { storage, adapter } = openStore()
      const gate = Promise.withResolvers<void>()
      const atGate = Promise.withResolvers<void>()
      const signingIn = unstorageAdapter<LabelRow>({
        ...plain(storage),
        setItem: async (key, value) => {
          if (key.includes(":session:")) {
            atGate.resolve()
            await gate.promise
          }
          await storage.setItem(key, value)
        },
      }).insertSession(next)
      await atGate.promise

      const { step, methods } = interruptAt(moment, () => (gate.resolve(), signingIn))
      await unstorageAdapter<LabelRow>(stepping(plain(storage), step)).deleteUserSessions("user-1")
      gate.resolve()
      await signingIn
      if (methods.length < moment) return
      // Listed before it was one, so that the sign-out met it.
      await expectListed({ adapter }, "user-1", [])
      expect(await storage.getKeys()).toEqual([])
    }
    expect.unreachable("A sign-out everywhere takes more steps than this test thinks.")
  })

  test("a sign-out during a renewal is final, 500 times", async () => {
    const storage = createStorage({ driver: slowDriver() })
    const [one, other] = [unstorageAdapter(storage), unstorageAdapter(storage)]
    let now = Date.now()
    const [auth, elsewhere] = [one, other].map((adapter) => createAuth({ adapter, now: () => now })) as [Auth, Auth]
    const signIns = await Promise.all(Array.from({ length: 500 }, () => auth.createSession("user-1")))
    now += 16 * day
    await Promise.all(
      signIns.flatMap(({ token, session }) => [
        auth.validateSession(token),
        sleep(Math.random() * 12).then(() => elsewhere.invalidateSession(session.id)),
      ]),
    )
    for (const { token } of signIns) expect((await auth.validateSession(token)).session).toBeNull()
    expect(await auth.getUserSessions("user-1")).toEqual([])
    expect((await storage.getKeys()).filter((key) => key.includes(":session:"))).toEqual([])
    now += 60 * day
    await auth.deleteExpiredSessions()
    expect(await storage.getKeys("nightlatch:deadline")).toEqual([])
  })

  test("after signing out everywhere beside sign-ins, every session that lives is listed, 1,000 times", async () => {
    let [survivors, ended] = [0, 0]
    for (let trial = 0; trial < 20; trial++) {
      const storage = createStorage({ driver: slowDriver() })
      const [one, other] = [unstorageAdapter<LabelRow>(storage), unstorageAdapter<LabelRow>(storage)]
      const userIds = Array.from({ length: 25 }, (_, n) => `user-${n}`)
      const sessions = userIds.flatMap((userId, n) => [sessionOf(userId, 2 * n), sessionOf(userId, 2 * n + 1)])
      await Promise.all([
        ...sessions.map((session) => sleep(Math.random() * 20).then(() => one.insertSession(session))),
        ...userIds.map((userId) => sleep(Math.random() * 40).then(() => other.deleteUserSessions(userId))),
      ])
      const rows = await Promise.all(sessions.map(({ id }) => one.findSession(id)))
      const live = rows.flatMap((row) => row?.session.id ?? [])
      const lists = await Promise.all(userIds.map((userId) => other.listSessions(userId)))
      const listed = lists.flat().map(({ id }) => id)
      expect(listed.toSorted()).toEqual(live.toSorted())
      survivors += live.length
      ended += sessions.length - live.length
    }
    expect(Math.min(survivors, ended)).toBeGreaterThan(20)
  })
})

type Auth = ReturnType<typeof createAuth<{ id: string }>>

function openStore(options?: { prefix: string }) {
  const storage = createStorage()
  return { storage, adapter: unstorageAdapter<LabelRow>(storage, options) }
}

function plain(storage: Storage) {
  return {
    getItem: (key: string): Promise<unknown> => storage.getItem(key),
    setItem: (key: string, value: Record<string, string>): Promise<void> => storage.setItem(key, value),
    removeItem: (key: string): Promise<void> => storage.removeItem(key),
    getKeys: (base: string): Promise<string[]> => storage.getKeys(base),
  }
}

/** A driver each of whose calls takes up to two milliseconds. */
function slowDriver() {
  const memory = memoryDriver()
  const pause = () => sleep(Math.random() * 2)
  return {
    ...memory,
    getItem: async (key: string) => (await pause(), memory.getItem(key)),
    setItem: async (key: string, value: string) => (await pause(), memory.setItem?.(key, value, {})),
    removeItem: async (key: string) => (await pause(), memory.removeItem?.(key, {})),
  }
}

function idIsTaken(error: Error): void {
  expect(error.message).toContain("taken")
}

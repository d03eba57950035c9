import { nodeModule } from "../platform/node.ts"
import type { ContextStorage } from "../platform/node.ts"
import type { AdapterCase, Trial } from "./adapter-case.ts"
import { sessionCase, userCase } from "./adapter-case.ts"
import { expectEqual } from "./expectation.ts"
import { addSession, expiredAt, liveUntil, sessionId, sessionOf } from "./session-fixture.ts"
import { addKey, keyOf, newUser } from "./user-fixture.ts"

interface Platform {
  AsyncLocalStorage?: new <Store>() => ContextStorage<Store>
}

type Calls = Record<string, (n: number) => Promise<unknown>>

const callers = 12

/** A store that chooses a tenant by the async context must be reached in that of each caller. */
export const sessionContextCases: AdapterCase[] = [
  sessionCase("every session call reaches the store in the async context of its caller", async (trial) => {
    const { adapter } = trial
    const userId = await trial.addUser(1)
    for (const n of numbers()) await addSession(trial, userId, n)
    await expectOwnContexts(trial, {
      findSession: (n) => adapter.findSession(sessionId(n)),
      listSessions: () => adapter.listSessions(userId),
      extendSession: (n) => adapter.extendSession(sessionId(n), liveUntil(9), liveUntil(5)),
      updateSession: (n) => adapter.updateSession(sessionId(n), { label: `new-${n}` }),
      replaceSession: (n) => adapter.replaceSession(sessionId(n), sessionOf(userId, n + 100)),
      insertSession: (n) => adapter.insertSession(sessionOf(userId, n + 200)),
      deleteSession: (n) => adapter.deleteSession(sessionId(n + 100)),
      deleteUserSessions: () => adapter.deleteUserSessions(userId),
      deleteExpiredSessions: () => adapter.deleteExpiredSessions(expiredAt(0), 10),
    })
  }),
]

/** The same of the user port. */
export const userContextCases: AdapterCase[] = [
  userCase("every user call reaches the store in the async context of its caller", async (trial) => {
    const { adapter, userId } = trial
    for (const n of numbers()) {
      await adapter.insertUser(newUser(userId(n + 1), n + 1), null)
      await addKey(trial, userId(n + 1), `key-${n}`)
    }
    await expectOwnContexts(trial, {
      findUser: (n) => adapter.findUser(userId(n + 1)),
      findKey: (n) => adapter.findKey("username", `key-${n}`),
      listKeys: (n) => adapter.listKeys(userId(n + 1)),
      updateUser: (n) => adapter.updateUser(userId(n + 1), { username: `new-${n}` }),
      insertUser: (n) => adapter.insertUser(newUser(userId(n + 101), n + 101), null),
      insertKey: (n) => adapter.insertKey(keyOf(userId(n + 1), `new-${n}`)),
      replaceUserPasswords: (n) => adapter.replaceUserPasswords(userId(n + 1), ["username"], "new"),
      renameKey: (n) => adapter.renameKey(keyOf(userId(n + 1), `key-${n}`), `renamed-${n}`),
      deleteKey: (n) => adapter.deleteKey(keyOf(userId(n + 1), `renamed-${n}`)),
      deleteUser: (n) => adapter.deleteUser(userId(n + 1)),
    })
  }),
]

/** Makes each call for several callers at once, and throws unless the store is reached in the context of each of them. */
async function expectOwnContexts({ onStatement }: Pick<Trial, "onStatement">, calls: Calls): Promise<void> {
  const storage = newStorage()
  if (!storage || !onStatement) return
  let seen = new Set<number | undefined>()
  onStatement(() => seen.add(storage.getStore()))
  for (const [name, call] of Object.entries(calls)) {
    seen = new Set()
    await Promise.all(numbers().map((n) => storage.run(n, () => call(n))))
    const contexts = numbers().filter((n) => seen.has(n))
    expectEqual(`${name}(): the callers in whose async context the store was reached`, contexts, numbers())
    expectEqual(`${name}(): whether the store was reached outside of their contexts`, seen.has(undefined), false)
  }
}

// Not every platform has it. Then nothing can depend on it either.
function newStorage(): ContextStorage<number> | null {
  const Storage = (globalThis as Platform).AsyncLocalStorage ?? nodeModule("node:async_hooks")?.AsyncLocalStorage
  return Storage ? new Storage<number>() : null
}

function numbers(): number[] {
  return [...Array(callers).keys()]
}

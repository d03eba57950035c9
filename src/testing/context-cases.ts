import { nodeModule } from "../platform/node.ts"
import type { ContextStorage } from "../platform/node.ts"
import type { UserId } from "../core/ports.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { attemptId, budget } from "./attempt-fixture.ts"
import { eventOf } from "./event-fixture.ts"
import { expectEqual } from "./expectation.ts"
import { passkeyIdOf, passkeyOf, useOf } from "./passkey-fixture.ts"
import { expiredAt, liveUntil, sessionId, sessionOf } from "./session-fixture.ts"
import { tokenIdOf, tokenOf, usualPurpose } from "./token-fixture.ts"
import { usualStep } from "./totp-fixture.ts"
import type { Trial } from "./trial.ts"
import { auditCase, passkeyCase, sessionCase, throttleCase, tokenCase, totpCase, userCase } from "./trial.ts"
import { keyOf, newUser } from "./user-fixture.ts"

const { cost, now, span } = budget

interface Platform {
  AsyncLocalStorage?: new <Store>() => ContextStorage<Store>
}

type Calls = Record<string, (n: number) => Promise<unknown>>

// The numbers of the callers.
const numbers = [...Array(12).keys()]

/** A store that chooses a tenant by async context must be called in each caller's context. */
export const sessionContextCases: AdapterCase[] = [
  sessionCase("every session call reaches the store in the async context of its caller", async (trial) => {
    const { adapter, userId } = trial
    for (const n of numbers) await trial.addSession(userId, n)
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

/** The same for the user port. */
export const userContextCases: AdapterCase[] = [
  userCase("every user call reaches the store in the async context of its caller", async (trial) => {
    const { adapter } = trial
    const idOf = (n: number): UserId => trial.idOf(n + 3)
    for (const n of numbers) await trial.addKey(await trial.addUser(n + 3), `key-${n}`)
    await expectOwnContexts(trial, {
      findUser: (n) => adapter.findUser(idOf(n)),
      findKey: (n) => adapter.findKey("username", `key-${n}`),
      listKeys: (n) => adapter.listKeys(idOf(n)),
      updateUser: (n) => adapter.updateUser(idOf(n), { username: `new-${n}` }),
      insertUser: (n) => adapter.insertUser(newUser(idOf(n + 100), n + 103), null),
      insertKey: (n) => adapter.insertKey(keyOf(idOf(n), `new-${n}`)),
      replaceUserPasswords: (n) => adapter.replaceUserPasswords(idOf(n), ["username"], "new"),
      renameKey: (n) => adapter.renameKey(keyOf(idOf(n), `key-${n}`), `renamed-${n}`),
      deleteKey: (n) => adapter.deleteKey(keyOf(idOf(n), `renamed-${n}`)),
      deleteUser: (n) => adapter.deleteUser(idOf(n)),
    })
  }),
]

/** The same for the token port. */
export const tokenContextCases: AdapterCase[] = [
  tokenCase("every token call reaches the store in the async context of its caller", async (trial) => {
    const { adapter, userId } = trial
    for (const n of numbers) await trial.insert([n, n + 20, n + 40].map((each) => tokenOf(userId, each)))
    await expectOwnContexts(trial, {
      findToken: (n) => adapter.findToken(tokenIdOf(n)),
      tryToken: (n) => adapter.tryToken(tokenIdOf(n), 10),
      takeToken: (n) => adapter.takeToken(tokenIdOf(n)),
      insertTokens: (n) => adapter.insertTokens([tokenOf(userId, n + 100)]),
      countTokens: () => adapter.countTokens(userId, usualPurpose),
      deleteTokens: () => adapter.deleteTokens(userId, [usualPurpose]),
      deleteExpiredTokens: () => adapter.deleteExpiredTokens(expiredAt(0), 10),
    })
  }),
]

/** The same for the throttle port. */
export const throttleContextCases: AdapterCase[] = [
  throttleCase("every throttle call reaches the store in the async context of its caller", async (trial) => {
    const { adapter } = trial
    await expectOwnContexts(trial, {
      takeAttempt: (n) => adapter.takeAttempt(attemptId(n), now, cost, span),
      dropAttempts: (n) => adapter.dropAttempts([attemptId(n)]),
      deleteIdleAttempts: () => adapter.deleteIdleAttempts(now, 10),
    })
  }),
]

/** The same for the TOTP port. */
export const totpContextCases: AdapterCase[] = [
  totpCase("every TOTP call reaches the store in the async context of its caller", async (trial) => {
    const { adapter } = trial
    const idOf = (n: number): UserId => trial.idOf(n + 3)
    for (const n of numbers) await trial.addTotp(await trial.addUser(n + 3), n)
    await expectOwnContexts(trial, {
      findTotp: (n) => adapter.findTotp(idOf(n)),
      takeStep: (n) => adapter.takeStep(idOf(n), usualStep + 1, "resealed"),
      replaceTotp: (n) => adapter.insertTotp(idOf(n), "replaced", 1, true),
      deleteTotp: (n) => adapter.deleteTotp(idOf(n)),
      insertTotp: (n) => adapter.insertTotp(idOf(n), "new", 1, false),
    })
  }),
]

/** The same for the passkey port. */
export const passkeyContextCases: AdapterCase[] = [
  passkeyCase("every passkey call reaches the store in the async context of its caller", async (trial) => {
    const { adapter, userId } = trial
    for (const n of numbers) await trial.addPasskey(userId, n)
    await expectOwnContexts(trial, {
      findPasskey: (n) => adapter.findPasskey(passkeyIdOf(n)),
      listPasskeys: () => adapter.listPasskeys(userId),
      recordPasskeyUse: (n) => adapter.recordPasskeyUse(passkeyIdOf(n), { signCount: 5 }, useOf(6)),
      renamePasskey: (n) => adapter.renamePasskey({ userId, id: passkeyIdOf(n), name: "new" }),
      insertPasskey: (n) => adapter.insertPasskey(passkeyOf(userId, n + 100)),
      deletePasskey: (n) => adapter.deletePasskey({ userId, id: passkeyIdOf(n) }),
      deletePasskeys: async () => adapter.deletePasskeys?.(userId),
    })
  }),
]

/** The same for the audit port. */
export const auditContextCases: AdapterCase[] = [
  auditCase("every audit call reaches the store in the async context of its caller", async (trial) => {
    const { adapter, userId } = trial
    await expectOwnContexts(trial, {
      insertEvents: (n) => adapter.insertEvents([eventOf(userId, n)]),
      listEvents: () => adapter.listEvents(userId, null, 10),
      deleteEvents: () => adapter.deleteEvents(expiredAt(0), 10),
    })
  }),
]

/** Runs each call for several callers at once. Throws unless the store is called in each caller's context. */
async function expectOwnContexts({ onStatement }: Pick<Trial, "onStatement">, calls: Calls): Promise<void> {
  const storage = newStorage()
  if (!storage || !onStatement) return
  let seen = new Set<number | undefined>()
  onStatement(() => seen.add(storage.getStore()))
  for (const [name, call] of Object.entries(calls)) {
    seen = new Set()
    await Promise.all(numbers.map((n) => storage.run(n, () => call(n))))
    const contexts = numbers.filter((n) => seen.has(n))
    expectEqual(`${name}(): the callers in whose async context the store was reached`, contexts, numbers)
    expectEqual(`${name}(): whether the store was reached outside of their contexts`, seen.has(undefined), false)
  }
}

// Not every platform has AsyncLocalStorage. Without it, nothing can depend on it.
function newStorage(): ContextStorage<number> | null {
  const Storage = (globalThis as Platform).AsyncLocalStorage ?? nodeModule("node:async_hooks")?.AsyncLocalStorage
  return Storage ? new Storage<number>() : null
}

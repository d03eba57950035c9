import { memoryAdapter } from "../../adapters/memory.ts"
import type { AuditAdapter } from "../../src/audit/audit-port.ts"
import type { SessionAdapter, SessionRecord, UserAdapter, UserId } from "../../src/core/ports.ts"
import type { PasskeyAdapter } from "../../src/passkeys/passkey-port.ts"
import type { AdapterCase, AdapterSetup } from "../../src/testing.ts"
import type { ThrottleAdapter } from "../../src/throttle/throttle-port.ts"
import type { TokenAdapter } from "../../src/tokens/token-port.ts"
import type { TotpAdapter } from "../../src/totp/totp-port.ts"
import { observed } from "../adapters/observed.ts"

export interface Label {
  label?: string | null | undefined
}

export interface User {
  id: UserId
  username: string
}

export type Store = SessionAdapter<User, Label> &
  UserAdapter<User> &
  TokenAdapter &
  ThrottleAdapter &
  TotpAdapter &
  PasskeyAdapter &
  AuditAdapter

/** Takes a correct adapter and returns the methods that are broken. */
export type Bug = (store: Store) => Partial<Store>

/** Sets up a correct adapter, or one with a bug. The user table is the application's: nothing breaks it. */
export function setUp(bug: Bug = () => ({})): AdapterSetup {
  const { client: store, onStatement } = observed(memoryAdapter<User, Label>())
  const broken = bug(store)
  const adapter = Object.hasOwn(broken, "spread") ? (broken as Store) : { ...store, ...broken }
  return {
    adapter,
    onStatement,
    addUser: ({ id, username }) => store.insertUser({ id, attributes: { username } }, null),
  }
}

/** Lets calls wait for the end of the tick, where one caller's context makes them all. */
export function gathered<Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) {
  let waiting: (() => void)[] = []
  function flush(): void {
    const all = waiting
    waiting = []
    for (const run of all) run()
  }
  return (...args: Args): Promise<Result> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) queueMicrotask(flush)
      waiting.push(() => void call(...args).then(resolve, reject))
    })
}

/** Runs cases and resolves to the messages of those that failed, by name. */
export async function failuresOf(cases: AdapterCase[], setup: () => AdapterSetup): Promise<Map<string, string>> {
  const failures = new Map<string, string>()
  for (const { name, run } of cases) {
    await run(setup).catch((error: unknown) => failures.set(name, String(error)))
    Reflect.deleteProperty(Object.prototype, "isAdmin")
  }
  return failures
}

/** The upsert that brings deleted sessions back. */
export async function put(store: Store, session: SessionRecord<Label>): Promise<void> {
  await store.deleteSession(session.id)
  await store.insertSession(session)
}

/** Remembers the ids of the sessions that were inserted, for bugs that look through all of them. */
export function seen(store: Store) {
  const ids: string[] = []
  return {
    find: (matches: (id: string) => boolean): string | undefined => ids.find(matches),
    all: (): readonly string[] => ids,
    insertSession: async (session: SessionRecord<Label>): Promise<void> => {
      await store.insertSession(session)
      ids.push(session.id)
    },
  }
}

import { expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import type { SessionAdapter, UserId } from "../../src/core/ports.ts"
import type { AdapterCase, AdapterSetup } from "../../src/testing.ts"
import {
  auditAdapterCases,
  passkeyAdapterCases,
  sessionAdapterCases,
  testAdapter,
  throttleAdapterCases,
  tokenAdapterCases,
  totpAdapterCases,
  userAdapterCases,
} from "../../src/testing.ts"
import { sessionMethods } from "../../src/testing/adapter-case.ts"
import type { Label, Store, User } from "./broken-adapter.ts"
import { failuresOf, setUp } from "./broken-adapter.ts"

const cases = [
  ...sessionAdapterCases,
  ...userAdapterCases,
  ...tokenAdapterCases,
  ...throttleAdapterCases,
  ...totpAdapterCases,
  ...passkeyAdapterCases,
  ...auditAdapterCases,
]

test("testAdapter() registers every case of all ports once, by a unique name", async () => {
  const registered = new Map<string, () => Promise<void>>()
  testAdapter(
    (name, run) => registered.set(name, run),
    () => setUp(),
  )
  expect([...registered.keys()]).toEqual(cases.map(({ name }) => name))
  expect(sessionAdapterCases.length).toBeGreaterThanOrEqual(30)
  expect(userAdapterCases.length).toBeGreaterThanOrEqual(30)
  for (const run of registered.values()) await run()
})

test("every case sets up its own store and closes it", async () => {
  const open: AdapterSetup[] = []
  let made = 0
  testAdapter(
    async (_name, run) => run(),
    async () => {
      made++
      const setup = { ...setUp(), close: async () => void open.splice(open.indexOf(setup), 1) }
      open.push(setup)
      return setup
    },
  )
  await expect.poll(() => made).toBe(cases.length)
  await expect.poll(() => open.length).toBe(0)
})

test("a case that fails closes its store too, and says what was expected and what came", async () => {
  const closed: string[] = []
  const broken = () => ({
    ...setUp(() => ({ deleteSession: async () => true, findSession: async () => null })),
    close: () => closed.push("closed"),
  })
  const [first] = sessionAdapterCases
  await expect(first?.run(broken)).rejects.toThrow(/^findSession\("abcdef.*"\): expected the session, got null$/)
  expect(closed).toEqual(["closed"])
})

test("an adapter with half of the user port fails, and the message names what is missing", async () => {
  const run = userAdapterCases[0]?.run(() => setUp(() => ({ listKeys: undefined, deleteKey: undefined })))
  await expect(run).rejects.toThrow("expected all of its methods or none, got an adapter without listKeys, deleteKey")
})

test.each<[string, AdapterCase[], Partial<Store>]>([
  ["token", tokenAdapterCases, { tryToken: undefined }],
  ["throttle", throttleAdapterCases, { dropAttempts: undefined }],
  ["TOTP", totpAdapterCases, { takeStep: undefined }],
  ["passkey", passkeyAdapterCases, { renamePasskey: undefined }],
  ["audit", auditAdapterCases, { deleteEvents: undefined }],
])("an adapter with half of the %s port fails every case of that port", async (port, cases, half) => {
  const failures = await failuresOf(cases, () => setUp(() => half))
  expect([...failures.keys()]).toEqual(cases.map(({ name }) => name))
  const [missing] = Object.keys(half)
  const message = `the ${port} port: expected all of its methods or none, got an adapter without ${missing}`
  expect(new Set(failures.values())).toEqual(new Set([`Error: ${message}`]))
})

test("a store that holds sessions only passes every case", async () => {
  expect(await failuresOf(cases, sessionsOnly)).toEqual(new Map())
})

test.each<[string, (n: number) => UserId]>([
  ["numbers", (n) => n],
  ["bigints", (n) => 2n ** 53n + BigInt(n)],
  ["UUIDs", (n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`],
])("an adapter whose user ids are %s passes every case", async (_kind, userId) => {
  expect(await failuresOf(cases, () => ({ ...setUp(), userId }))).toEqual(new Map())
})

test("an adapter that reads numbers as text fails", async () => {
  const setup = () => ({ ...setUp(idsAsText), userId: (n: number) => n })
  expect([...(await failuresOf(sessionAdapterCases, setup)).values()][0]).toBe(
    'Error: session.userId: expected 1, got "1"',
  )
})

test("an adapter that rounds times down passes with the precision it states, and fails without", async () => {
  const rounded = (precision?: number) => () => ({ ...setUp(inWholeSeconds), precision })
  expect(await failuresOf(cases, rounded(1000))).toEqual(new Map())
  expect(await failuresOf(cases, rounded())).not.toEqual(new Map())
})

test("an adapter that rounds times up fails with any precision", async () => {
  const setup = () => ({ ...setUp(inWholeSecondsUp), precision: 1000 })
  expect([...(await failuresOf(cases, setup)).keys()]).toContain(cases[0]?.name)
})

test("the cases take an adapter of any row types without a cast", () => {
  interface Row {
    id: string
    username: string
    email: string | null
  }
  const typed =
    (setup: () => AdapterSetup): ((one: AdapterCase) => Promise<void>) =>
    (one) =>
      one.run(setup)
  typed(() => ({ adapter: memoryAdapter<Row, { label: string | null }>() }))
  typed(() => ({ adapter: memoryAdapter<Row>() }))
  typed(() => ({ adapter: sessionsOnly().adapter as SessionAdapter<never, { label?: string }> }))
})

function sessionsOnly(): AdapterSetup {
  const store = memoryAdapter<User, Label, "username">()
  const adapter = Object.fromEntries(sessionMethods.map((method) => [method, store[method]]))
  return {
    adapter: {
      ...(adapter as unknown as SessionAdapter<never, Label>),
      async insertSession(session) {
        await store.insertUser({ id: session.userId, attributes: {} }, null)
        await store.insertSession(session)
      },
      async findSession(id) {
        const found = await store.findSession(id)
        return found && { session: found.session }
      },
    },
  }
}

function idsAsText(store: Store): Partial<Store> {
  return {
    async findSession(id) {
      const found = await store.findSession(id)
      return found && { ...found, session: { ...found.session, userId: String(found.session.userId) } }
    },
  }
}

function inWholeSeconds(store: Store, round = Math.floor): Partial<Store> {
  const rounded = (date: Date): Date => new Date(round(date.getTime() / 1000) * 1000)
  const roundedSession: Store["insertSession"] = (session) =>
    store.insertSession({ ...session, expiresAt: rounded(session.expiresAt), createdAt: rounded(session.createdAt) })
  return {
    insertSession: roundedSession,
    extendSession: (id, expiresAt, ifBefore) => store.extendSession(id, rounded(expiresAt), ifBefore),
  }
}

function inWholeSecondsUp(store: Store): Partial<Store> {
  return inWholeSeconds(store, Math.ceil)
}

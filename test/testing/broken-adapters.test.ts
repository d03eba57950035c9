import { expect, test } from "vitest"
import { adapterCases } from "../../src/testing/adapter-cases.ts"
import type { AdapterCase } from "../../src/testing.ts"
import {
  auditAdapterCases,
  passkeyAdapterCases,
  sessionAdapterCases,
  throttleAdapterCases,
  tokenAdapterCases,
  totpAdapterCases,
  userAdapterCases,
} from "../../src/testing.ts"
import type { Bug } from "./broken-adapter.ts"
import { failuresOf, setUp } from "./broken-adapter.ts"
import { attemptBugs } from "./broken-attempt-methods.ts"
import { eventBugs } from "./broken-event-methods.ts"
import { keyChangeBugs } from "./broken-key-changes.ts"
import { keyBugs } from "./broken-key-methods.ts"
import { passkeyBugs } from "./broken-passkey-methods.ts"
import { passwordBugs } from "./broken-password-methods.ts"
import { sessionChangeBugs } from "./broken-session-changes.ts"
import { sessionDeleteBugs } from "./broken-session-deletes.ts"
import { sessionBugs } from "./broken-session-methods.ts"
import { tokenBugs } from "./broken-token-methods.ts"
import { totpBugs } from "./broken-totp-methods.ts"
import { userBugs } from "./broken-user-methods.ts"

const ofSessions = [sessionBugs, sessionChangeBugs, sessionDeleteBugs]
const ofUsers = [userBugs, passwordBugs, keyBugs, keyChangeBugs]
/** The bugs of each port, with the cases that must catch them. */
const seeded: [Record<string, Bug>[], AdapterCase[]][] = [
  [
    [...ofSessions, ...ofUsers],
    [...sessionAdapterCases, ...userAdapterCases],
  ],
  [[tokenBugs], tokenAdapterCases],
  [[attemptBugs], throttleAdapterCases],
  [[totpBugs], totpAdapterCases],
  [[passkeyBugs], passkeyAdapterCases],
  [[eventBugs], auditAdapterCases],
]
const bugs = seeded.flatMap(([some, ofPort]) =>
  some.flatMap((each) => Object.entries(each).map(([name, bug]) => [name, bug, ofPort] as const)),
)
const failures = new Map<Bug, Promise<Map<string, string>>>()

/** Runs the cases over the bug once: each bug within the time of its own test. */
function failuresWith(bug: Bug, ofPort: AdapterCase[]): Promise<Map<string, string>> {
  const found = failures.get(bug) ?? failuresOf(ofPort, () => setUp(bug))
  failures.set(bug, found)
  return found
}

test("the correct adapter passes every case", async () => {
  expect(await failuresOf(adapterCases, () => setUp())).toEqual(new Map())
})

test.each(bugs)("[SUP-4] a case fails for an adapter with the bug: %s", async (_, bug, ofPort) => {
  expect((await failuresWith(bug, ofPort)).size).toBeGreaterThan(0)
})

test("every bug has a unique name", () => {
  expect(new Set(bugs.map(([name]) => name)).size).toBe(bugs.length)
})

// If it runs without the tests of the bugs, it runs all cases over all bugs by itself.
test("every case fails for some of these bugs", { timeout: 300_000 }, async () => {
  const failed = new Set<string>()
  for (const [, bug, ofPort] of bugs) for (const name of (await failuresWith(bug, ofPort)).keys()) failed.add(name)
  expect(adapterCases.map(({ name }) => name).filter((name) => !failed.has(name))).toEqual([])
})

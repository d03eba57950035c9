import { beforeAll, expect, test } from "vitest"
import { sessionAdapterCases, userAdapterCases } from "../../src/testing.ts"
import type { Bug } from "./broken-adapter.ts"
import { failuresOf, setUp } from "./broken-adapter.ts"
import { keyChangeBugs } from "./broken-key-changes.ts"
import { keyBugs } from "./broken-key-methods.ts"
import { passwordBugs } from "./broken-password-methods.ts"
import { sessionChangeBugs } from "./broken-session-changes.ts"
import { sessionDeleteBugs } from "./broken-session-deletes.ts"
import { sessionBugs } from "./broken-session-methods.ts"
import { userBugs } from "./broken-user-methods.ts"

const cases = [...sessionAdapterCases, ...userAdapterCases]
const seeded = [sessionBugs, sessionChangeBugs, sessionDeleteBugs, userBugs, passwordBugs, keyBugs, keyChangeBugs]
const bugs: [string, Bug][] = seeded.flatMap((some) => Object.entries(some))
const failures = new Map<string, Map<string, string>>()

beforeAll(async () => {
  for (const [name, bug] of bugs) failures.set(name, await failuresOf(cases, () => setUp(bug)))
})

test("the correct adapter passes every case", async () => {
  expect(await failuresOf(cases, () => setUp())).toEqual(new Map())
})

test.each(bugs)("[SUP-4] a case fails for an adapter with the bug: %s", (name) => {
  expect(failures.get(name)?.size).toBeGreaterThan(0)
})

test("every bug has a unique name", () => {
  expect(failures.size).toBe(bugs.length)
})

test("every case fails for some of these bugs", () => {
  const failed = new Set([...failures.values()].flatMap((some) => [...some.keys()]))
  expect(cases.map(({ name }) => name).filter((name) => !failed.has(name))).toEqual([])
})

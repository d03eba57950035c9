import { DatabaseSync } from "node:sqlite"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { schema } from "../../adapters/sql/schema.ts"
import { assuranceColumns } from "../../src/sign-in/assurance.ts"
import type { AssuranceRow } from "../../src/sign-in/assurance.ts"
import { manualClock } from "../../src/testing/manual-clock.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { historyBugs } from "./bugs.ts"
import { worldWith } from "./built-world.ts"
import { historyRuns, isWholeLength } from "./length.ts"
import { createModel } from "./model.ts"
import type { Step, StepName } from "./steps.ts"
import { runStep, steps } from "./steps.ts"
import { createWorld } from "./world.ts"
import type { UserRow, WorldAdapter } from "./world.ts"

/** A store that is empty, and how it is closed. */
interface OpenWorldStore {
  adapter: WorldAdapter
  close(): void
}

const stores: Record<string, () => OpenWorldStore> = {
  "memoryAdapter()": () => ({ adapter: memoryAdapter<UserRow, AssuranceRow>(), close: () => undefined }),
  "nodeSqliteAdapter()": openSqlite,
}

const names = Object.keys(steps) as StepName[]

// What the others need something to work on.
const base: StepName[] = ["signUp", "signIn", "createLink", "createCode", "pass"]

// Each history has a few kinds of steps only, so that it does some of them many times: that is where limits show.
const history = fc.subarray(names, { minLength: 1, maxLength: 5 }).chain((own) => historyOf([...own, ...own, ...base]))

function historyOf(kinds: readonly StepName[]): fc.Arbitrary<Step[]> {
  const step = fc.record({ name: fc.constantFrom(...kinds), a: fc.nat(5), b: fc.nat(11) })
  return fc.array(step, { minLength: 10, maxLength: 70, size: "max" })
}

describe.each(Object.entries(stores))("over %s", (_, open) => {
  test(
    "every answer in random histories is the model's",
    async () => {
      await fc.assert(
        fc.asyncProperty(history, (own) => follow(open, own)),
        { numRuns: historyRuns },
      )
    },
    isWholeLength ? 3_600_000 : 60_000,
  )
})

describe("a deliberate bug shows in the histories:", () => {
  test.each(Object.entries(historyBugs))(
    "%s",
    async (_, bug) => {
      const built = await worldWith(bug)
      const open = () => ({ adapter: built.memoryAdapter<UserRow, AssuranceRow>(), close: () => undefined })
      const { steps: kinds } = bug
      const shows = kinds ? historyOf(names.filter((name) => kinds.includes(name))) : history
      const failing = fc.assert(
        fc.asyncProperty(shows, (own) => follow(open, own, built.createWorld)),
        { numRuns: 8000, endOnFailure: true, seed: 1 },
      )
      await expect(failing).rejects.toThrow("Property failed")
    },
    120_000,
  )
})

async function follow(open: () => OpenWorldStore, own: Step[], make = createWorld): Promise<void> {
  const store = open()
  try {
    const clock = manualClock()
    const world = make(store.adapter, clock, countingHasher())
    const model = createModel(clock())
    for (const [n, each] of own.entries()) {
      const [actual, expected] = await runStep({ world, model, clock }, each)
      expect(actual, `step ${n}, ${each.name}`).toEqual(expected)
    }
  } finally {
    store.close()
  }
}

function openSqlite(): OpenWorldStore {
  const db = new DatabaseSync(":memory:")
  db.exec("CREATE TABLE user (id TEXT PRIMARY KEY, username TEXT NOT NULL)")
  const tables = schema("sqlite", { sessionColumns: assuranceColumns, include: ["tokens", "throttle"] })
  for (const statement of tables) db.exec(statement)
  return { adapter: nodeSqliteAdapter<UserRow, AssuranceRow>(db), close: () => db.close() }
}

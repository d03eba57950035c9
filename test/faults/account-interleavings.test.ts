import { DatabaseSync } from "node:sqlite"
import fc from "fast-check"
import type { Scheduler } from "fast-check"
import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { schema } from "../../adapters/sql/schema.ts"
import { assuranceColumns } from "../../src/sign-in/assurance.ts"
import type { AssuranceRow } from "../../src/sign-in/assurance.ts"
import { manualClock } from "../../src/testing/manual-clock.ts"
import { stepping, steppingHasher } from "../races/stepping.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { accountActs, playAccount } from "./account-acts.ts"
import type { AccountAct } from "./account-acts.ts"
import { checkAccount } from "./account-invariants.ts"
import { openAccount } from "./account-stage.ts"
import type { Opening } from "./account-stage.ts"
import { createAccountWorld } from "./account-world.ts"
import type { AccountAdapter } from "./account-world.ts"
import { accountBugs } from "./bugs.ts"
import { worldWith } from "./built-world.ts"
import { interleavingRuns, isWholeLength } from "./length.ts"
import type { UserRow } from "./world.ts"

const stores: Record<string, () => { adapter: AccountAdapter; close(): void }> = {
  "memoryAdapter()": () => ({ adapter: memoryAdapter<UserRow, AssuranceRow>(), close: () => undefined }),
  "nodeSqliteAdapter()": openSqlite,
}

interface Script {
  opening: Opening
  actors: AccountAct[][]
}

const isThere = fc.boolean()
const opening: fc.Arbitrary<Opening> = fc.record({
  password: fc.constantFrom(true, true, false),
  email: isThere,
  github: isThere,
  app: isThere,
  device: isThere,
  codes: isThere,
})

// Each script has a few kinds of acts only, so that they meet often.
const script = fc.subarray(accountActs, { minLength: 2, maxLength: 6 }).chain(scriptOf)

function scriptOf(names: readonly AccountAct["name"][]): fc.Arbitrary<Script> {
  const act = fc.record({ name: fc.constantFrom(...names), a: fc.nat(5), b: fc.nat(5) })
  // Each actor does one thing after another; the actors do theirs at once.
  const actors = fc.array(fc.array(act, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 4 })
  return fc.record({ opening, actors })
}

describe.each(Object.entries(stores))("over %s", (_, open) => {
  test(
    "the invariants of accounts hold whatever happens between any two calls of the store",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), script, (scheduler, own) => interleave(open, scheduler, own)),
        { numRuns: interleavingRuns },
      )
    },
    isWholeLength ? 3_600_000 : 60_000,
  )
})

describe("a deliberate bug shows in the interleavings of accounts:", () => {
  test.each(Object.entries(accountBugs))(
    "%s",
    async (_, bug) => {
      const built = await worldWith(bug)
      const open = () => ({ adapter: built.memoryAdapter<UserRow, AssuranceRow>(), close: () => undefined })
      const shows = bug.steps ? scriptOf(accountActs.filter((name) => bug.steps?.includes(name))) : script
      const failing = fc.assert(
        fc.asyncProperty(fc.scheduler(), shows, (scheduler, own) =>
          interleave(open, scheduler, own, built.createAccountWorld),
        ),
        { numRuns: 10_000, endOnFailure: true, seed: 1 },
      )
      await expect(failing).rejects.toThrow("Property failed")
    },
    180_000,
  )
})

async function interleave(
  open: (typeof stores)[string],
  scheduler: Scheduler,
  { opening, actors }: Script,
  make = createAccountWorld,
): Promise<void> {
  const store = open()
  try {
    const clock = manualClock()
    let isPlaying = false
    const step = async (method: string) => {
      if (isPlaying) await scheduler.schedule(Promise.resolve(), method)
    }
    const world = make(stepping(store.adapter, step), clock, steppingHasher(countingHasher(2), step))
    // Hashes of an earlier version: sign-ins replace them.
    const early = make(store.adapter, clock, countingHasher(1), true)
    const stage = await openAccount(world, early, clock, opening)
    isPlaying = true
    const played = actors.map(async (acts) => {
      for (const each of acts) await playAccount(stage, each)
    })
    await scheduler.waitFor(Promise.all(played))
    isPlaying = false
    expect(await checkAccount(stage)).toEqual([])
  } finally {
    store.close()
  }
}

function openSqlite() {
  const db = new DatabaseSync(":memory:")
  db.exec("CREATE TABLE user (id TEXT PRIMARY KEY, username TEXT NOT NULL)")
  const tables = schema("sqlite", {
    sessionColumns: assuranceColumns,
    include: ["tokens", "throttle", "totp", "passkeys"],
  })
  for (const statement of tables) db.exec(statement)
  return { adapter: nodeSqliteAdapter<UserRow, AssuranceRow>(db), close: () => db.close() }
}

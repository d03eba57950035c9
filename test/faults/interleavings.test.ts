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
import { stepping } from "../races/stepping.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { interleavingBugs } from "./bugs.ts"
import { worldWith } from "./built-world.ts"
import { checkInvariants } from "./invariants.ts"
import { interleavingRuns, isWholeLength } from "./length.ts"
import type { Act, ActName } from "./acts.ts"
import { actNames, openStage, play } from "./acts.ts"
import { createWorld } from "./world.ts"
import type { UserRow, WorldAdapter } from "./world.ts"

const stores: Record<string, () => { adapter: WorldAdapter; close(): void }> = {
  "memoryAdapter()": () => ({ adapter: memoryAdapter<UserRow, AssuranceRow>(), close: () => undefined }),
  "nodeSqliteAdapter()": openSqlite,
}

const actors = actorsOf(actNames)

/** Each actor does one thing after another; the actors do theirs at once. */
function actorsOf(names: readonly ActName[]): fc.Arbitrary<Act[][]> {
  const act: fc.Arbitrary<Act> = fc.record({ name: fc.constantFrom(...names), a: fc.nat(5), b: fc.nat(5) })
  return fc.array(fc.array(act, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 4 })
}

describe.each(Object.entries(stores))("over %s", (_, open) => {
  test(
    "the invariants hold whatever happens between any two calls of the store",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), actors, (scheduler, all) => interleave(open, scheduler, all)),
        { numRuns: interleavingRuns },
      )
    },
    isWholeLength ? 3_600_000 : 60_000,
  )
})

describe("a deliberate bug shows in the interleavings:", () => {
  test.each(Object.entries(interleavingBugs))(
    "%s",
    async (_, bug) => {
      const built = await worldWith(bug)
      const open = () => ({ adapter: built.memoryAdapter<UserRow, AssuranceRow>(), close: () => undefined })
      const { steps } = bug
      const shows = steps ? actorsOf(actNames.filter((name) => steps.includes(name))) : actors
      const failing = fc.assert(
        fc.asyncProperty(fc.scheduler(), shows, (scheduler, all) =>
          interleave(open, scheduler, all, built.createWorld),
        ),
        { numRuns: 30_000, endOnFailure: true, seed: 1 },
      )
      await expect(failing).rejects.toThrow("Property failed")
    },
    180_000,
  )
})

async function interleave(
  open: (typeof stores)[string],
  scheduler: Scheduler,
  actors: Act[][],
  make = createWorld,
): Promise<void> {
  const store = open()
  try {
    const clock = manualClock()
    let isPlaying = false
    const adapter = stepping(store.adapter, async (method) => {
      if (isPlaying) await scheduler.schedule(Promise.resolve(), method)
    })
    const world = make(adapter, clock, countingHasher())
    const stage = await openStage(world, clock)
    isPlaying = true
    const played = actors.map(async (acts) => {
      for (const each of acts) await play(stage, each)
    })
    await scheduler.waitFor(Promise.all(played))
    isPlaying = false
    expect(await checkInvariants(stage)).toEqual([])
  } finally {
    store.close()
  }
}

function openSqlite() {
  const db = new DatabaseSync(":memory:")
  db.exec("CREATE TABLE user (id TEXT PRIMARY KEY, username TEXT NOT NULL)")
  const tables = schema("sqlite", { sessionColumns: assuranceColumns, include: ["tokens", "throttle"] })
  for (const statement of tables) db.exec(statement)
  return { adapter: nodeSqliteAdapter<UserRow, AssuranceRow>(db), close: () => db.close() }
}

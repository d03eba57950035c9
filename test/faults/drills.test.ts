import { afterAll, describe, expect, test } from "vitest"
import { worldWith } from "./built-world.ts"
import { countAttempts, runClockDrill, waitAfter } from "./clock-drill.ts"
import { clockBugs, drillBugs } from "./drill-bugs.ts"
import { enoughAnswers, runDrill } from "./drill.ts"
import { mariadbDrillPlace, postgresDrillPlace, redisDrillPlace } from "./drill-places.ts"
import { drillDuration, drillRuns, isWholeLength } from "./length.ts"
import { budget } from "./world.ts"

const opened = [await postgresDrillPlace(), await mariadbDrillPlace(), await redisDrillPlace()]
const places = opened.filter((place) => place !== null)

// How long a drill may take to begin and to end, in milliseconds.
const around = 60_000

const minute = 60_000
const clocks = {
  "5 minutes ahead": 5 * minute,
  "5 minutes behind": -5 * minute,
  "31 days ahead": 31 * 1440 * minute,
  "31 days behind": -31 * 1440 * minute,
}

afterAll(async () => {
  for (const place of places) await place.close()
})

describe.each(places)("over three processes on $name", (place) => {
  test(
    "[R2][R3][R4][R5][R6][R9][R14][F1][F3][F4][F6] the invariants hold while processes are killed, connections cut and stalled, and the server is stopped",
    { timeout: drillRuns * (drillDuration + around) },
    async () => {
      for (let run = 0; run < drillRuns; run++) {
        const seed = seedOf(run)
        const { broken, answered } = await runDrill(place, { seed, duration: drillDuration })
        expect(broken, `of the drill with NIGHTLATCH_SEED=${seed}`).toEqual([])
        // Otherwise it has shown nothing.
        expect(Math.min(...Object.values(answered)), JSON.stringify(answered)).toBeGreaterThanOrEqual(enoughAnswers)
      }
    },
  )

  test.each(Object.entries(clocks))(
    "[F8][THR-2] a node that is %s takes nothing from the others",
    { timeout: around },
    async (_, ahead) => {
      expect(await runClockDrill(place, ahead)).toEqual([])
      expect(await waitAfter(place, ahead)).toBeLessThanOrEqual(minute / 1000)
    },
  )

  test("[F8][THR-2] nodes that are less than an attempt's time apart let no more attempts through", async () => {
    for (const ahead of [minute - 1, 1 - minute]) expect(await countAttempts(place, ahead)).toBe(budget.limit)
  })

  test("[F8][THR-2] nodes that are minutes apart let one budget through, and once what comes back between their clocks", async () => {
    for (let minutes = 1; minutes <= 5; minutes++) {
      expect(await countAttempts(place, minutes * minute)).toBe(budget.limit)
      expect(await countAttempts(place, -minutes * minute)).toBeLessThanOrEqual(budget.limit + minutes)
    }
  })

  test.each(Object.entries(clockBugs))("a deliberate bug shows by a clock: %s", async (_, bug) => {
    const { createWorld } = await worldWith(bug)
    expect(await runClockDrill(place, bug.ahead, createWorld)).toEqual(bug.loses)
  })

  const bugs = Object.entries(drillBugs).filter(
    ([, { on, isQuick }]) => on === place.name && (isWholeLength || isQuick),
  )
  test.each(bugs)("a deliberate bug shows: %s", { timeout: 10 * around }, async (_, bug) => {
    const broken: string[] = []
    // Each by another chance, until one shows it, which ends it early.
    for (let seed = 1; seed < 10 && !broken.some((line) => line.startsWith(bug.breaks)); seed++) {
      broken.push(...(await runDrill(place, { seed, duration: 15_000, bug })).broken)
    }
    expect(broken).toContainEqual(expect.stringMatching(`^${bug.breaks}`))
  })
})

/** The one that is asked for, else another one in each run. */
function seedOf(run: number): number {
  const asked = process.env.NIGHTLATCH_SEED
  return asked === undefined ? Date.now() % 1_000_000_000 : Number(asked) + run
}

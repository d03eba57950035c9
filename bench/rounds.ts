/** Does a thing once; `n` counts up from zero. */
export type Step = (n: number) => Promise<unknown>

/** A row of the table: the same thing done by hand and by nightlatch. */
export interface Contest {
  name: string
  limit: Step
  ours: Step
  /** Undoes what a turn has left behind. */
  reset?: () => void
}

const rounds = 7
const turn = 300
const sides = ["limit", "ours"] as const

/**
 * Runs the contests in rounds, each contender in turn for 300 ms a round, so that what else the machine does strikes all
 * alike. Prints the medians: operations a second, and how many times as long ours takes.
 */
export async function compete(contests: Contest[]): Promise<void> {
  const results = contests.map(({ name }) => ({ name, limit: [] as number[], ours: [] as number[] }))
  for (let round = 0; round < rounds; round++) {
    for (const [index, contest] of contests.entries()) {
      // Each goes first in every other round: who comes behind another kind of work has it harder.
      for (const side of round % 2 ? sides : sides.toReversed()) {
        results[index]?.[side].push(await rate(contest[side]))
        contest.reset?.()
      }
    }
  }
  console.table(Object.fromEntries(results.map(({ name, limit, ours }) => [name, rowOf(median(limit), median(ours))])))
}

/** Measures steps in such rounds. Resolves to the medians, in microseconds for one. */
export async function measure<Name extends string>(steps: Record<Name, Step>): Promise<Record<Name, number>> {
  const names = Object.keys(steps) as Name[]
  const results = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round++)
    for (const name of names) results.get(name)?.push(1e6 / (await rate(steps[name])))
  // One for each name, as they were given.
  return Object.fromEntries([...results].map(([name, times]) => [name, median(times)])) as Record<Name, number>
}

async function rate(step: Step): Promise<number> {
  const start = performance.now()
  let count = 0
  let now = start
  do {
    // The clock is read once in a hundred steps: it would be a good part of the shortest.
    for (const end = count + 100; count < end; count++) await step(count)
    now = performance.now()
  } while (now - start < turn)
  return (count / (now - start)) * 1000
}

function rowOf(limit: number, ours: number) {
  return {
    "limit/s": Math.round(limit),
    "nightlatch/s": Math.round(ours),
    "times as long": Number((limit / ours).toFixed(2)),
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

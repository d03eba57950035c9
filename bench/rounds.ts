/** Does a thing once; `n` counts up from zero. */
export type Step = (n: number) => Promise<unknown>

/** A row of the table: the same thing done by hand, or by another library, and by nightlatch. */
export interface Contest {
  name: string
  limit: Step
  ours: Step
  /** Undoes what a turn of one of the two has left behind. */
  reset?: (side: Side) => void
}

/** The two of a contest. */
export type Side = "limit" | "ours"

/** How many steps were done in a second, by the clock and of processor time. */
interface Rate {
  clock: number
  processor: number
}

// Many short rounds: of two turns that follow each other, other work on the machine slows both.
const rounds = 21
const turn = 100
const sides: Side[] = ["limit", "ours"]

/**
 * Runs the contests in rounds, each contender in turn for 100 ms a round, so that what else the machine does slows all
 * alike. Prints the median operations a second, and how many times as long ours takes: the median of the rounds, with
 * the quarter of them below and above, by the clock and of processor time.
 */
export async function compete(contests: Contest[]): Promise<void> {
  const results = contests.map(({ name }) => ({ name, limit: [] as Rate[], ours: [] as Rate[] }))
  for (let round = 0; round < rounds; round++) {
    for (const [index, contest] of contests.entries()) {
      // Each goes first in every other round: who comes behind another kind of work has it harder.
      for (const side of round % 2 ? sides : sides.toReversed()) {
        results[index]?.[side].push(await rate(contest[side]))
        contest.reset?.(side)
      }
    }
  }
  console.table(Object.fromEntries(results.map(({ name, limit, ours }) => [name, rowOf(limit, ours)])))
}

/** Measures steps in such rounds. Resolves to the medians, in microseconds for one. */
export async function measure<Name extends string>(steps: Record<Name, Step>): Promise<Record<Name, number>> {
  const names = Object.keys(steps) as Name[]
  const results = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round++)
    for (const name of names) results.get(name)?.push(1e6 / (await rate(steps[name])).clock)
  // One for each name, as they were given.
  return Object.fromEntries([...results].map(([name, times]) => [name, median(times)])) as Record<Name, number>
}

async function rate(step: Step): Promise<Rate> {
  const start = performance.now()
  const used = process.cpuUsage()
  let count = 0
  let now = start
  do {
    // The clock is read once in a hundred steps: it would be a good part of the shortest.
    for (const end = count + 100; count < end; count++) await step(count)
    now = performance.now()
  } while (now - start < turn)
  const { user, system } = process.cpuUsage(used)
  return { clock: (count / (now - start)) * 1000, processor: (count / (user + system)) * 1e6 }
}

function rowOf(limit: Rate[], ours: Rate[]) {
  const perSecond = (rates: Rate[]) => Math.round(median(rates.map(({ clock }) => clock)))
  return {
    "limit/s": perSecond(limit),
    "nightlatch/s": perSecond(ours),
    "times as long": ratio(limit, ours, "clock"),
    "of processor time": ratio(limit, ours, "processor"),
  }
}

function ratio(limit: Rate[], ours: Rate[], by: keyof Rate): string {
  const ratios = limit.map((rate, round) => rate[by] / (ours[round]?.[by] ?? NaN))
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => quantile(ratios, part).toFixed(2))
  return `${middle} (${low} to ${high})`
}

function median(values: number[]): number {
  return quantile(values, 0.5)
}

function quantile(values: number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? NaN
}

import { describe, expect, test } from "vitest"
import { startCrew } from "../adapters/concurrency-crew.ts"
import type { OpenPlace } from "../adapters/concurrency-places.ts"
import { postgresPlace, sqlitePlace, tablesWithoutReferences } from "../adapters/concurrency-places.ts"
import type { OpenerName } from "../adapters/concurrency-stores.ts"
import { openers } from "../adapters/concurrency-stores.ts"
import type { ConcurrencySetup } from "../../src/testing.ts"
import { concurrencyCases } from "../../src/testing.ts"
import type { RaceBugName } from "./broken-races.ts"
import { raceBugs, raceBugTables } from "./broken-races.ts"

/** Opens three adapters over a place, all with the bug. */
type Connect = (place: OpenPlace, bug: RaceBugName) => Promise<Pick<ConcurrencySetup, "adapters" | "close">>

// In milliseconds. A race ends at the first round that is lost. On a busy machine that may take many rounds, because every one
// is lost by chance.
const duration = 90_000
const timeout = 2 * duration

const bugs = Object.entries(raceBugs).map(([name, { loses }]) => [name as RaceBugName, loses] as const)

describe("three connections of one process to SQLite", () => {
  const tables = [...tablesWithoutReferences("sqlite"), ...raceBugTables]
  losesEveryRace(() => sqlitePlace(tables), connectTo("nodeSqliteAdapter()"))
})

describe("three processes that use PostgreSQL", () => {
  const tables = [...tablesWithoutReferences("postgres"), ...raceBugTables]
  losesEveryRace(() => postgresPlace(tables), startProcesses("sqlAdapter() with an executor for pg"))
})

test("every race is lost by one of these bugs", () => {
  expect([...new Set(bugs.map(([, race]) => race))].toSorted()).toEqual(
    concurrencyCases.map(({ name }) => name).toSorted(),
  )
})

function losesEveryRace(open: () => Promise<OpenPlace | null>, connect: Connect): void {
  test.for(bugs)("%s: an adapter with this bug loses the race", { timeout }, async ([bug, loses], { skip }) => {
    const place = await open()
    if (!place) return skip()
    try {
      const race = concurrencyCases.find(({ name }) => name === loses)
      await expect(race?.run(() => setUp(place, bug))).rejects.toThrow(/: expected .*, got /)
    } finally {
      await place.close()
    }
  })

  async function setUp(place: OpenPlace, bug: RaceBugName): Promise<ConcurrencySetup> {
    const { adapters, close } = await connect(place, bug)
    const insertUser = adapters[0]?.insertUser
    return {
      adapters,
      close,
      duration,
      addUser: ({ id, username }) => insertUser?.({ id, attributes: { username } }, null),
    }
  }
}

function connectTo(opener: OpenerName): Connect {
  return async (place, bug) => {
    const stores = await Promise.all([1, 2, 3].map(() => openers[opener](place)))
    const adapters = stores.map(({ adapter, executor }) => ({
      ...adapter,
      ...(executor && raceBugs[bug].methods(executor)),
    }))
    return { adapters, close: () => Promise.all(stores.map((store) => store.close())) }
  }
}

function startProcesses(opener: OpenerName): Connect {
  return ({ at, name }, bug) => {
    const order = { opener, place: { at, name }, bug }
    return startCrew([order, order, order])
  }
}

import { describe, expect, test } from "vitest"
import { startCrew } from "../adapters/concurrency-crew.ts"
import type { OpenPlace } from "../adapters/concurrency-places.ts"
import { mysqlPlace, postgresPlace, sqlitePlace } from "../adapters/concurrency-places.ts"
import type { OpenerName } from "../adapters/concurrency-stores.ts"
import type { Guesser } from "./guess-process.ts"

const file = new URL("guess-process.ts", import.meta.url)

const places: [OpenerName, () => Promise<OpenPlace | null>][] = [
  ["nodeSqliteAdapter()", sqlitePlace],
  ["pgAdapter()", postgresPlace],
  ["mysql2Adapter()", mysqlPlace],
]

describe.each(places)("over %s", (opener, open) => {
  test("[THR-2][R14] of 200 parallel guesses from three processes, at most the limit reach the hasher", async () => {
    const place = await open()
    if (!place) return
    const order = { opener, place: { at: place.at, name: place.name } }
    const { adapters, close } = await startCrew<Guesser>([order, order, order], file)
    try {
      const counts = [67, 67, 66]
      const raced = sum(await Promise.all(adapters.map((guesser, n) => guesser.guess("ada", counts[n] ?? 0))))
      // A guess whose clock was read before that of the first one may find the last place not free yet. The next gets it.
      const late = await adapters[0]!.guess("ada", 1)
      const verified = sum(await Promise.all(adapters.map((guesser) => guesser.countVerified())))
      expect([raced + late, verified, await adapters[1]!.guess("ada", 1)]).toEqual([10, 10, 0])
      expect(sum(await Promise.all(adapters.map((guesser) => guesser.guess("grace", 3))))).toBe(9)
    } finally {
      await close()
      await place.close()
    }
  })
})

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

import fc from "fast-check"
import * as real from "lucia"
import { afterAll, afterEach, describe, expect, test, vi } from "vitest"
import * as ours from "../../../src/lucia-v2.ts"
import { configuration, expected, firstSteps, history, realAuth, step } from "./histories.ts"
import {
  openBetterSqlite3,
  openMysql2,
  openPg,
  openPostgresJs,
  openSqliteAndRedis,
  openSqliteAndUnstorage,
} from "./stores.ts"

// Where .ci/run asks for less, some of the histories of each kind.
const share = process.env.NIGHTLATCH_SHORT ? 0.25 : 1

afterEach(() => void vi.useRealTimers())

for (const [name, open, numRuns] of [
  ["adapter-sqlite over better-sqlite3", openBetterSqlite3, 80],
  ["adapter-postgresql over pg", openPg, 5],
  ["adapter-postgresql over postgres.js", openPostgresJs, 5],
  ["adapter-mysql over mysql2", openMysql2, 5],
  ["adapter-sqlite and adapter-session-redis", openSqliteAndRedis, 6],
  ["adapter-sqlite and adapter-session-unstorage", openSqliteAndUnstorage, 20],
] as const) {
  const [theirStore, ourStore] = [await open(), await open()]
  if (!theirStore || !ourStore) continue
  describe(name, () => {
    afterAll(async () => {
      await theirStore.close()
      await ourStore.close()
    })

    for (const storedIds of ["clear", "rekey", "hashed"] as const)
      test(`the same calls have the same results with ${storedIds} ids, and leave the same rows`, async () => {
        vi.useFakeTimers({ toFake: ["Date"], now: Date.now() })
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 50 }), async (steps) => {
            for (const store of [theirStore, ourStore]) await store.empty()
            const theirs = history(real, realAuth({ ...configuration, adapter: theirStore.adapter }), theirStore)
            const mine = history(ours, ours.lucia({ ...configuration, adapter: ourStore.adapter, storedIds }), ourStore)
            for (const one of [...firstSteps, ...steps]) {
              if (one[0] === "wait") vi.setSystemTime(Date.now() + one[1])
              else expect(await mine.run(one), JSON.stringify(one)).toEqual(expected(one, await theirs.run(one)))
            }
            expect(mine.toldRows(await ourStore.dump())).toEqual(theirs.toldRows(await theirStore.dump()))
          }),
          { numRuns: Math.ceil(share * numRuns), endOnFailure: true },
        )
      })
  })
}

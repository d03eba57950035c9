import type { AdapterCase } from "./adapter-case.ts"
import { expectEqual, format, winnerOf } from "./expectation.ts"
import { nearMisses } from "./hostile-input.ts"
import { userCase, userRounds } from "./trial.ts"
import { keyOf } from "./user-fixture.ts"

/** A password hash is compared and swapped in one step. */
export const keyPasswordCases: AdapterCase[] = [
  userCase("replaceKeyPassword() replaces the hash it was told to expect", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada", { passwordHash: "old" })
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, "old", "new"), true)
    await trial.expectKey({ ...key, passwordHash: "new" })
  }),
  userCase("replaceKeyPassword() leaves a hash alone that is another one by now", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada", { passwordHash: "$scrypt$Old" })
    for (const from of [...nearMisses("$scrypt$Old").filter((miss) => !miss.includes("\0")), "old", null]) {
      const swapped = await trial.adapter.replaceKeyPassword(key, from, "new")
      expectEqual(`replaceKeyPassword() from ${format(from)}`, swapped, false)
    }
    await trial.expectKey(key)
  }),
  userCase(
    "replaceKeyPassword() gives a key its first password, and takes it away again",
    async ({ adapter, ...trial }) => {
      const key = await trial.addKey(trial.userId, "ada", { passwordHash: null })
      for (const wrong of ["", "null", "old"]) {
        expectEqual("replaceKeyPassword()", await adapter.replaceKeyPassword(key, wrong, "new"), false)
      }
      expectEqual("replaceKeyPassword()", await adapter.replaceKeyPassword(key, null, "first"), true)
      await trial.expectKey({ ...key, passwordHash: "first" })
      expectEqual("replaceKeyPassword()", await adapter.replaceKeyPassword(key, null, "second"), false)
      expectEqual("replaceKeyPassword()", await adapter.replaceKeyPassword(key, "first", null), true)
      await trial.expectKey(key)
    },
  ),
  userCase("replaceKeyPassword() resolves to true for a hash replaced by itself", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada", { passwordHash: "same" })
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, "same", "same"), true)
    await trial.expectKey(key)
  }),
  userCase("replaceKeyPassword() resolves to false for an unknown key, and stores nothing", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada", { passwordHash: null })
    const missing = keyOf(key.userId, "grace")
    for (const from of [null, "hash of grace"]) {
      expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(missing, from, "new"), false)
    }
    await trial.expectNoKey(missing)
    await trial.expectKey(key)
  }),
  userCase("replaceKeyPassword() changes that one key", async ({ userId, addKey, ...trial }) => {
    const passwordHash = "the same hash"
    const key = await addKey(userId, "ada", { passwordHash })
    const others = [
      await addKey(userId, "ada", { providerId: "email", passwordHash }),
      await addKey(userId, "ADA", { passwordHash }),
      await addKey(trial.otherId, "grace", { passwordHash }),
    ]
    await trial.adapter.replaceKeyPassword(key, passwordHash, "new")
    await trial.expectKey({ ...key, passwordHash: "new" }, ...others)
  }),
  userCase("replaceKeyPassword() lets one of many racing callers win", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada", { passwordHash: "old" })
    const hashes = Array.from({ length: 8 }, (_, n) => `new ${n}`)
    const swaps = hashes.map((hash) => trial.adapter.replaceKeyPassword(key, "old", hash))
    const passwordHash = winnerOf("replaceKeyPassword() calls that won", hashes, await Promise.all(swaps))
    await trial.expectKey({ ...key, passwordHash })
  }),
  userRounds("replaceKeyPassword() during deleteKey() does not bring the key back", async (trial, round, both) => {
    await trial.addKey(trial.userId, `kept-${round}`)
    const key = await trial.addKey(trial.userId, `racer-${round}`, { passwordHash: "old" })
    const swap = () => trial.adapter.replaceKeyPassword(key, "old", "new")
    await both(swap, () => trial.adapter.deleteKey(key))
    await trial.expectNoKey(key)
  }),
]

import type { AdapterCase } from "./adapter-case.ts"
import { inRounds, userCase } from "./adapter-case.ts"
import { expectEqual, format } from "./expectation.ts"
import { nearMisses } from "./hostile-input.ts"
import { addKey, expectKey, expectNoKey, keyOf } from "./user-fixture.ts"

/** A password hash is compared and swapped in one step. */
export const keyPasswordCases: AdapterCase[] = [
  userCase("replaceKeyPassword() replaces the hash it was told to expect", async (trial) => {
    const key = await addKey(trial, await trial.addUser(1), "ada", { passwordHash: "old" })
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, "old", "new"), true)
    await expectKey(trial, { ...key, passwordHash: "new" })
  }),
  userCase("replaceKeyPassword() leaves a hash alone that is another one by now", async (trial) => {
    const key = await addKey(trial, await trial.addUser(1), "ada", { passwordHash: "$scrypt$Old" })
    const stale = [...nearMisses("$scrypt$Old").filter((miss) => !miss.includes("\0")), "old", null]
    for (const from of stale) {
      const swapped = await trial.adapter.replaceKeyPassword(key, from, "new")
      expectEqual(`replaceKeyPassword() from ${format(from)}`, swapped, false)
    }
    await expectKey(trial, key)
  }),
  userCase("replaceKeyPassword() gives a key its first password, and takes it away again", async (trial) => {
    const key = await addKey(trial, await trial.addUser(1), "ada", { passwordHash: null })
    for (const wrong of ["", "null", "old"]) {
      expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, wrong, "new"), false)
    }
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, null, "first"), true)
    await expectKey(trial, { ...key, passwordHash: "first" })
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, null, "second"), false)
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, "first", null), true)
    await expectKey(trial, key)
  }),
  userCase("replaceKeyPassword() resolves to true for a hash replaced by itself", async (trial) => {
    const key = await addKey(trial, await trial.addUser(1), "ada", { passwordHash: "same" })
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, "same", "same"), true)
    await expectKey(trial, key)
  }),
  userCase("replaceKeyPassword() resolves to false for an unknown key, and stores nothing", async (trial) => {
    const key = await addKey(trial, await trial.addUser(1), "ada", { passwordHash: null })
    const missing = keyOf(key.userId, "grace")
    for (const from of [null, "hash of grace"]) {
      expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(missing, from, "new"), false)
    }
    await expectNoKey(trial, missing)
    await expectKey(trial, key)
  }),
  userCase("replaceKeyPassword() changes that one key", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const passwordHash = "the same hash"
    const key = await addKey(trial, userId, "ada", { passwordHash })
    const others = [
      await addKey(trial, userId, "ada", { providerId: "email", passwordHash }),
      await addKey(trial, userId, "ADA", { passwordHash }),
      await addKey(trial, otherId, "grace", { passwordHash }),
    ]
    await trial.adapter.replaceKeyPassword(key, passwordHash, "new")
    await expectKey(trial, { ...key, passwordHash: "new" })
    for (const other of others) await expectKey(trial, other)
  }),
  userCase("replaceKeyPassword() lets one of many racing callers win", async (trial) => {
    const key = await addKey(trial, await trial.addUser(1), "ada", { passwordHash: "old" })
    const hashes = Array.from({ length: 8 }, (_, n) => `new ${n}`)
    const swaps = hashes.map((hash) => trial.adapter.replaceKeyPassword(key, "old", hash))
    const results = await Promise.all(swaps)
    expectEqual("replaceKeyPassword() calls that won", results.filter((won) => won === true).length, 1)
    await expectKey(trial, { ...key, passwordHash: hashes[results.indexOf(true)] ?? null })
  }),
  userCase("replaceKeyPassword() during deleteKey() does not bring the key back", async (trial) => {
    const userId = await trial.addUser(1)
    await addKey(trial, userId, "kept")
    await inRounds(6, async (round) => {
      const key = await addKey(trial, userId, `racer-${round}`, { passwordHash: "old" })
      const swap = () => trial.adapter.replaceKeyPassword(key, "old", "new")
      const remove = () => trial.adapter.deleteKey(key)
      await Promise.all(round % 2 ? [swap(), remove()] : [remove(), swap()])
      await expectNoKey(trial, key)
    })
  }),
]

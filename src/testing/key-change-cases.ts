import type { AdapterCase } from "./adapter-case.ts"
import { usernameOf } from "./adapter-case.ts"
import { expectAuthError, expectEqual, format, winnerOf } from "./expectation.ts"
import { nearMisses, nearMissesOfKey } from "./hostile-input.ts"
import type { UserTrial } from "./trial.ts"
import { userCase, userRounds } from "./trial.ts"
import { keyOf } from "./user-fixture.ts"

/** A key changes together with its user's column, and its hash is compared and replaced in one step. */
export const keyChangeCases: AdapterCase[] = [
  userCase("insertKey() merges attributes into the user's row", async (trial) => {
    const key = keyOf(trial.userId, "ada")
    expectEqual("insertKey()", await trial.adapter.insertKey(key, { username: usernameOf(3) }), "inserted")
    await trial.expectKey(key)
    await trial.expectUser(trial.userId, 3)
    await trial.expectUser(trial.otherId, 2)
  }),
  userCase("insertKey() returns `key_taken` if key and attribute are taken, and changes neither", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada")
    const late = { ...key, userId: trial.otherId, passwordHash: "late" }
    for (const n of [1, 3]) {
      expectEqual("insertKey()", await trial.adapter.insertKey(late, { username: usernameOf(n) }), "key_taken")
      await trial.expectKey(key)
      await trial.expectUser(trial.otherId, 2)
    }
  }),
  userCase("insertKey() stores nothing if an attribute is taken", async (trial) => {
    const key = keyOf(trial.userId, "ada")
    const outcome = await trial.adapter.insertKey(key, { username: usernameOf(2) })
    if (outcome === "inserted") return trial.expectKey(key)
    expectEqual("insertKey()", outcome, "attribute_taken")
    await trial.expectNoKey(key)
    await trial.expectUser(trial.userId, 1)
  }),
  userCase(
    "insertKey() with attributes rejects with user_missing for an unknown user, and stores nothing",
    async (trial) => {
      const key = keyOf(trial.idOf(3), "ada")
      const insert = () => trial.adapter.insertKey(key, { username: usernameOf(3) })
      await expectAuthError("insertKey()", "user_missing", insert)
      await trial.expectNoKey(key)
      await trial.expectNoUser(key.userId)
    },
  ),

  userCase("renameKey() changes the id of one key, and nothing else", async (trial) => {
    const { key, others } = await addKeys(trial)
    const session = await trial.addSession(key.userId, 1)
    expectEqual("renameKey()", await trial.adapter.renameKey(key, "ada3"), "renamed")
    await trial.expectNoKey(key)
    await trial.expectKey({ ...key, providerUserId: "ada3" }, ...others)
    await trial.expectUser(key.userId, 1)
    await trial.expectStored(session)
  }),
  userCase("renameKey() keeps a key without a password as it is", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada", { passwordHash: null })
    expectEqual("renameKey()", await trial.adapter.renameKey(key, "ada3"), "renamed")
    await trial.expectKey({ ...key, providerUserId: "ada3" })
  }),
  userCase("renameKey() merges attributes into the user's row", async (trial) => {
    const { key } = await addKeys(trial)
    expectEqual("renameKey()", await trial.adapter.renameKey(key, "ada3", { username: usernameOf(3) }), "renamed")
    await trial.expectKey({ ...key, providerUserId: "ada3" })
    await trial.expectUser(key.userId, 3)
  }),
  userCase("renameKey() to the id that the key has changes the attributes", async (trial) => {
    const { key, others } = await addKeys(trial)
    for (const attributes of [undefined, { username: usernameOf(3) }])
      expectEqual("renameKey()", await trial.adapter.renameKey(key, key.providerUserId, attributes), "renamed")
    await trial.expectUser(key.userId, 3)
    await trial.expectKey(key, ...others)
  }),
  userCase("renameKey() returns `missing` for an unknown key, and changes nothing", async (trial) => {
    const { key, others, expectUnchanged } = await addKeys(trial)
    const missing = keyOf(key.userId, "nobody")
    for (const to of ["ada3", ...others.map(({ providerUserId }) => providerUserId)]) {
      const outcome = await trial.adapter.renameKey(missing, to, { username: usernameOf(3) })
      expectEqual(`renameKey() to ${format(to)}`, outcome, "missing")
      await trial.expectNoKey(missing)
    }
    await expectUnchanged()
  }),
  userCase("renameKey() returns `missing` for a key of another user, and changes neither user", async (trial) => {
    const { key, expectUnchanged } = await addKeys(trial)
    for (const to of ["eve", key.providerUserId]) {
      const theirs = { ...key, userId: trial.otherId }
      const outcome = await trial.adapter.renameKey(theirs, to, { username: usernameOf(3) })
      expectEqual(`renameKey() to ${format(to)}`, outcome, "missing")
    }
    await expectUnchanged()
    await trial.expectUser(trial.otherId, 2)
  }),
  userCase("renameKey() compares both ids byte for byte", async (trial) => {
    const { key, expectUnchanged } = await addKeys(trial)
    for (const miss of nearMissesOfKey(key))
      expectEqual("renameKey()", await trial.adapter.renameKey(miss, "eve"), "missing")
    await expectUnchanged()
  }),
  userCase("renameKey() returns `key_taken` for a taken id, whoever owns it", async (trial) => {
    const { key, others, expectUnchanged } = await addKeys(trial)
    for (const { providerUserId } of others.filter(({ providerId }) => providerId === key.providerId)) {
      for (const attributes of [undefined, { username: usernameOf(3) }, { username: usernameOf(2) }])
        expectEqual("renameKey()", await trial.adapter.renameKey(key, providerUserId, attributes), "key_taken")
    }
    await expectUnchanged()
  }),
  userCase("renameKey() changes nothing if an attribute is taken", async (trial) => {
    const { key, expectUnchanged } = await addKeys(trial)
    for (const to of ["ada3", key.providerUserId]) {
      const outcome = await trial.adapter.renameKey(key, to, { username: usernameOf(2) })
      if (outcome === "renamed") return
      expectEqual("renameKey()", outcome, "attribute_taken")
      await expectUnchanged()
    }
  }),
  userCase("renameKey() gives an id to one of many racing callers", async ({ adapter, ...trial }) => {
    const keys = await Promise.all([3, 4, 5, 6].map(async (n) => trial.addKey(await trial.addUser(n), `racer-${n}`)))
    const outcomes = await Promise.all(
      keys.map((key) => adapter.renameKey(key, "ada", { username: `renamed-${key.providerUserId}` })),
    )
    expectEqual("renameKey()", outcomes.toSorted(), ["key_taken", "key_taken", "key_taken", "renamed"])
    for (const [n, key] of keys.entries()) {
      const isRenamed = outcomes[n] === "renamed"
      await trial.expectKeys(key.userId, isRenamed ? { ...key, providerUserId: "ada" } : key)
      if (!isRenamed) await trial.expectUser(key.userId, n + 3)
    }
  }),
  userRounds("renameKey() during replaceUserPasswords() loses neither", async ({ adapter, ...trial }, round, both) => {
    const key = await trial.addKey(trial.userId, `racer-${round}`, { passwordHash: "old" })
    const to = `renamed-${round}`
    const change = () => adapter.replaceUserPasswords(key.userId, [key.providerId], "new")
    await both(() => adapter.renameKey(key, to), change)
    await trial.expectKeys(key.userId, { ...key, providerUserId: to, passwordHash: "new" })
  }),

  userCase("replaceKeyPassword() replaces the expected hash", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada", { passwordHash: "old" })
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, "old", "new"), true)
    await trial.expectKey({ ...key, passwordHash: "new" })
  }),
  userCase("replaceKeyPassword() does not replace a hash that has changed", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada", { passwordHash: "$scrypt$Old" })
    for (const from of [...nearMisses("$scrypt$Old").filter((miss) => !miss.includes("\0")), "old", null]) {
      const swapped = await trial.adapter.replaceKeyPassword(key, from, "new")
      expectEqual(`replaceKeyPassword() from ${format(from)}`, swapped, false)
    }
    await trial.expectKey(key)
  }),
  userCase("replaceKeyPassword() sets a key's first password, and removes it again", async ({ adapter, ...trial }) => {
    const key = await trial.addKey(trial.userId, "ada", { passwordHash: null })
    for (const wrong of ["", "null", "old"]) {
      expectEqual("replaceKeyPassword()", await adapter.replaceKeyPassword(key, wrong, "new"), false)
    }
    expectEqual("replaceKeyPassword()", await adapter.replaceKeyPassword(key, null, "first"), true)
    await trial.expectKey({ ...key, passwordHash: "first" })
    expectEqual("replaceKeyPassword()", await adapter.replaceKeyPassword(key, null, "second"), false)
    expectEqual("replaceKeyPassword()", await adapter.replaceKeyPassword(key, "first", null), true)
    await trial.expectKey(key)
  }),
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
  userCase("replaceKeyPassword() changes only that key", async ({ userId, addKey, ...trial }) => {
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

/** Adds a user's key, and others next to it: the same name at another provider, another name, and another user's. */
async function addKeys({ userId, otherId, addKey, expectKey, expectUser }: UserTrial) {
  const key = await addKey(userId, "ada", { passwordHash: "the hash" })
  const others = [
    await addKey(userId, "ada", { providerId: "email" }),
    await addKey(userId, "ada2"),
    await addKey(otherId, "grace"),
  ]
  const expectUnchanged = async (): Promise<void> => {
    await expectKey(key, ...others)
    await expectUser(userId, 1)
  }
  return { key, others, expectUnchanged }
}

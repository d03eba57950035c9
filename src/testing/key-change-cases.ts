import type { AdapterCase, FullAdapter, Trial } from "./adapter-case.ts"
import { inRounds, userCase, usernameOf } from "./adapter-case.ts"
import { expectAuthError, expectEqual, format } from "./expectation.ts"
import { nearMisses } from "./hostile-input.ts"
import { addSession, expectStored } from "./session-fixture.ts"
import { addKey, expectKey, expectKeys, expectNoKey, expectNoUser, expectUser, keyOf } from "./user-fixture.ts"

/** A key and the column of its user that says the same change together, or not at all. */
export const keyChangeCases: AdapterCase[] = [
  userCase("insertKey() merges attributes into the user's row", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const key = keyOf(userId, "ada")
    expectEqual("insertKey()", await trial.adapter.insertKey(key, { username: usernameOf(3) }), "inserted")
    await expectKey(trial, key)
    await expectUser(trial, userId, 3)
    await expectUser(trial, otherId, 2)
  }),
  userCase("insertKey() answers `key_taken` when key and attribute are taken, and changes neither", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const key = await addKey(trial, userId, "ada")
    const late = { ...key, userId: otherId, passwordHash: "late" }
    for (const n of [1, 3]) {
      expectEqual("insertKey()", await trial.adapter.insertKey(late, { username: usernameOf(n) }), "key_taken")
      await expectKey(trial, key)
      await expectUser(trial, otherId, 2)
    }
  }),
  userCase("insertKey() stores all or, for an attribute that is taken, nothing", async (trial) => {
    const [userId] = [await trial.addUser(1), await trial.addUser(2)]
    const key = keyOf(userId, "ada")
    const answer = await trial.adapter.insertKey(key, { username: usernameOf(2) })
    if (answer === "inserted") return expectKey(trial, key)
    expectEqual("insertKey()", answer, "attribute_taken")
    await expectNoKey(trial, key)
    await expectUser(trial, userId, 1)
  }),
  userCase(
    "insertKey() with attributes rejects with user_missing for an unknown user, and stores nothing",
    async (trial) => {
      await trial.addUser(1)
      const key = keyOf(trial.userId(2), "ada")
      const insert = () => trial.adapter.insertKey(key, { username: usernameOf(2) })
      await expectAuthError("insertKey()", "user_missing", insert)
      await expectNoKey(trial, key)
      await expectNoUser(trial, key.userId)
    },
  ),

  userCase("renameKey() gives one key another id, and leaves everything else", async (trial) => {
    const { key, others } = await addKeys(trial)
    const session = await addSession(trial, key.userId, 1)
    expectEqual("renameKey()", await trial.adapter.renameKey(key, "ada3"), "renamed")
    await expectNoKey(trial, key)
    await expectKey(trial, { ...key, providerUserId: "ada3" })
    for (const other of others) await expectKey(trial, other)
    await expectUser(trial, key.userId, 1)
    await expectStored(trial, session)
  }),
  userCase("renameKey() keeps a key without a password as it is", async (trial) => {
    const key = await addKey(trial, await trial.addUser(1), "ada", { passwordHash: null })
    expectEqual("renameKey()", await trial.adapter.renameKey(key, "ada3"), "renamed")
    await expectKey(trial, { ...key, providerUserId: "ada3" })
  }),
  userCase("renameKey() merges attributes into the user's row", async (trial) => {
    const { key } = await addKeys(trial)
    expectEqual("renameKey()", await trial.adapter.renameKey(key, "ada3", { username: usernameOf(3) }), "renamed")
    await expectKey(trial, { ...key, providerUserId: "ada3" })
    await expectUser(trial, key.userId, 3)
  }),
  userCase("renameKey() to the id that the key has changes the attributes", async (trial) => {
    const { key, others } = await addKeys(trial)
    expectEqual("renameKey()", await trial.adapter.renameKey(key, key.providerUserId), "renamed")
    const again = await trial.adapter.renameKey(key, key.providerUserId, { username: usernameOf(3) })
    expectEqual("renameKey()", again, "renamed")
    await expectUser(trial, key.userId, 3)
    for (const each of [key, ...others]) await expectKey(trial, each)
  }),
  userCase("renameKey() answers `missing` for an unknown key, and changes nothing", async (trial) => {
    const { key, others } = await addKeys(trial)
    const attributes = { username: usernameOf(3) }
    for (const to of ["ada3", ...others.map(({ providerUserId }) => providerUserId)]) {
      const missing = keyOf(key.userId, "nobody")
      expectEqual(`renameKey() to ${format(to)}`, await trial.adapter.renameKey(missing, to, attributes), "missing")
      await expectNoKey(trial, missing)
    }
    for (const each of [key, ...others]) await expectKey(trial, each)
    await expectUser(trial, key.userId, 1)
  }),
  userCase("renameKey() answers `missing` for a key of another user, and changes neither user", async (trial) => {
    const { key, others, otherId } = await addKeys(trial)
    const theirs = { ...key, userId: otherId }
    for (const to of ["eve", key.providerUserId]) {
      const answer = await trial.adapter.renameKey(theirs, to, { username: usernameOf(3) })
      expectEqual(`renameKey() to ${format(to)}`, answer, "missing")
    }
    for (const each of [key, ...others]) await expectKey(trial, each)
    await expectUser(trial, key.userId, 1)
    await expectUser(trial, otherId, 2)
  }),
  userCase("renameKey() compares both ids byte for byte", async (trial) => {
    const { key, others } = await addKeys(trial)
    const misses = (id: string) => nearMisses(id).filter((miss) => !miss.includes("\0"))
    for (const providerUserId of misses("ada").filter((miss) => miss !== "ada2"))
      expectEqual("renameKey()", await trial.adapter.renameKey({ ...key, providerUserId }, "eve"), "missing")
    for (const providerId of misses("username"))
      expectEqual("renameKey()", await trial.adapter.renameKey({ ...key, providerId }, "eve"), "missing")
    for (const each of [key, ...others]) await expectKey(trial, each)
  }),
  userCase("renameKey() answers `key_taken` for an id that is taken, whosever it is", async (trial) => {
    const { key, others } = await addKeys(trial)
    for (const { providerId, providerUserId } of others) {
      if (providerId !== key.providerId) continue
      for (const attributes of [undefined, { username: usernameOf(3) }, { username: usernameOf(2) }])
        expectEqual("renameKey()", await trial.adapter.renameKey(key, providerUserId, attributes), "key_taken")
    }
    for (const each of [key, ...others]) await expectKey(trial, each)
    await expectUser(trial, key.userId, 1)
  }),
  userCase("renameKey() changes all or, for an attribute that is taken, nothing", async (trial) => {
    const { key } = await addKeys(trial)
    for (const to of ["ada3", key.providerUserId]) {
      const answer = await trial.adapter.renameKey(key, to, { username: usernameOf(2) })
      if (answer === "renamed") return
      expectEqual("renameKey()", answer, "attribute_taken")
      await expectKey(trial, key)
      await expectUser(trial, key.userId, 1)
    }
  }),
  userCase("renameKey() gives an id to one of many racing callers", async (trial) => {
    const keys = await Promise.all([1, 2, 3, 4].map(async (n) => addKey(trial, await trial.addUser(n), `racer-${n}`)))
    const rename = (key: (typeof keys)[0]) =>
      trial.adapter.renameKey(key, "ada", { username: `renamed-${key.providerUserId}` })
    const answers = await Promise.all(keys.map(rename))
    expectEqual("renameKey()", answers.toSorted(), ["key_taken", "key_taken", "key_taken", "renamed"])
    for (const [n, key] of keys.entries()) {
      const providerUserId = answers[n] === "renamed" ? "ada" : key.providerUserId
      await expectKeys(trial, key.userId, [{ ...key, providerUserId }])
      if (answers[n] !== "renamed") await expectUser(trial, key.userId, n + 1)
    }
  }),
  userCase("renameKey() during replaceUserPasswords() loses neither", async (trial) => {
    await inRounds(6, async (round) => {
      const key = await addKey(trial, await trial.addUser(round), `racer-${round}`, { passwordHash: "old" })
      const to = `renamed-${round}`
      const rename = () => trial.adapter.renameKey(key, to)
      const change = () => trial.adapter.replaceUserPasswords(key.userId, [key.providerId], "new")
      await Promise.all(round % 2 ? [rename(), change()] : [change(), rename()])
      await expectKeys(trial, key.userId, [{ ...key, providerUserId: to, passwordHash: "new" }])
    })
  }),
]

/** Adds a user with a key, and keys that are not it: the same name elsewhere, another name, and another user's. */
async function addKeys(trial: Trial<FullAdapter>) {
  const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
  const key = await addKey(trial, userId, "ada", { passwordHash: "the hash" })
  const others = [
    await addKey(trial, userId, "ada", { providerId: "email" }),
    await addKey(trial, userId, "ada2"),
    await addKey(trial, otherId, "grace"),
  ]
  return { key, others, otherId }
}

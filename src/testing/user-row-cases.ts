import type { AdapterCase } from "./adapter-case.ts"
import { inRounds, userCase, userMethods, usernameOf } from "./adapter-case.ts"
import { expectEqual } from "./expectation.ts"
import {
  addKey,
  expectKey,
  expectKeys,
  expectNoKey,
  expectNoUser,
  expectRow,
  expectUser,
  keyOf,
  newUser,
  withoutUser,
} from "./user-fixture.ts"

/** Users are stored with their key or not at all, changed one by one, and deleted with all that is theirs. */
export const userRowCases: AdapterCase[] = [
  userCase("insertUser() stores a user without a key", async (trial) => {
    const id = trial.userId(1)
    const result = await trial.adapter.insertUser(newUser(id, 1), null)
    expectRow("user" in result ? result.user : null, id, usernameOf(1))
    await expectUser(trial, id, 1)
    await expectKeys(trial, id, [])
  }),
  userCase("insertUser() stores a user with a key, and resolves to the application's row", async (trial) => {
    const [id, other] = [trial.userId(1), await trial.addUser(2)]
    const key = keyOf(id, "ada")
    const result = await trial.adapter.insertUser(newUser(id, 1), withoutUser(key))
    expectRow("user" in result ? result.user : null, id, usernameOf(1))
    expectEqual("the row", "user" in result && result.user, await trial.adapter.findUser(id))
    await expectKeys(trial, id, [key])
    await expectKeys(trial, other, [])
  }),
  userCase("insertUser() stores a key without a password", async (trial) => {
    const key = keyOf(trial.userId(1), "4711", { providerId: "github", passwordHash: null })
    await trial.adapter.insertUser(newUser(key.userId, 1), withoutUser(key))
    await expectKey(trial, key)
  }),
  userCase("insertUser() answers `key` for a key that is taken, and stores no user", async (trial) => {
    const owner = await trial.addUser(1)
    const key = await addKey(trial, owner, "ada")
    const late = withoutUser({ ...key, passwordHash: "late" })
    expectEqual("insertUser()", await trial.adapter.insertUser(newUser(trial.userId(2), 2), late), { taken: "key" })
    await expectNoUser(trial, trial.userId(2))
    await expectKey(trial, key)
    await expectKeys(trial, trial.userId(2), [])
  }),
  userCase("insertUser() answers `id` for an id that is taken, and stores no key", async (trial) => {
    const id = await trial.addUser(1)
    const key = keyOf(id, "late")
    expectEqual("insertUser()", await trial.adapter.insertUser(newUser(id, 2), withoutUser(key)), { taken: "id" })
    expectEqual("insertUser()", await trial.adapter.insertUser(newUser(id, 2), null), { taken: "id" })
    await expectNoKey(trial, key)
    await expectUser(trial, id, 1)
  }),
  userCase("insertUser() answers `key` when id and key are taken, and harms neither", async (trial) => {
    const [id, owner] = [await trial.addUser(1), await trial.addUser(2)]
    const key = await addKey(trial, owner, "ada")
    const late = withoutUser({ ...key, passwordHash: "late" })
    expectEqual("insertUser()", await trial.adapter.insertUser(newUser(id, 3), late), { taken: "key" })
    await expectUser(trial, id, 1)
    await expectKey(trial, key)
  }),
  userCase("insertUser() answers `key` when key and attribute are taken, and stores no user", async (trial) => {
    const owner = await trial.addUser(1)
    const key = await addKey(trial, owner, "ada")
    const result = await trial.adapter.insertUser(newUser(trial.userId(2), 1), withoutUser(key))
    expectEqual("insertUser()", result, { taken: "key" })
    await expectNoUser(trial, trial.userId(2))
    await expectKey(trial, key)
  }),
  userCase("insertUser() stores all or, for an attribute that is taken, nothing", async (trial) => {
    const [first, id] = [await trial.addUser(1), trial.userId(2)]
    const key = keyOf(id, "grace")
    const result = await trial.adapter.insertUser(newUser(id, 1), withoutUser(key))
    await expectUser(trial, first, 1)
    if ("user" in result) return expectKey(trial, key)
    expectEqual("insertUser()", result, { taken: "attribute" })
    await expectNoUser(trial, id)
    await expectNoKey(trial, key)
  }),
  userCase("insertUser() gives a key to one of many racing callers, and leaves no other user", async (trial) => {
    const ids = Array.from({ length: 20 }, (_, n) => trial.userId(n + 1))
    const key = withoutUser(keyOf("", "ada"))
    const results = await Promise.all(ids.map((id, n) => trial.adapter.insertUser(newUser(id, n + 1), key)))
    expectEqual("users inserted", results.filter((result) => "user" in result).length, 1)
    expectEqual("keys taken", results.filter((result) => "taken" in result && result.taken === "key").length, 19)
    const users = await Promise.all(ids.map((id) => trial.adapter.findUser(id)))
    expectEqual("users found", users.filter((user) => user !== null).length, 1)
    const winner = ids[results.findIndex((result) => "user" in result)]
    expectEqual("the key's user", (await trial.adapter.findKey("username", "ada"))?.userId, winner)
  }),
  userCase("insertUser() gives an id to one of many racing callers, and leaves no other key", async (trial) => {
    const id = trial.userId(1)
    const keys = Array.from({ length: 8 }, (_, n) => keyOf(id, `racer-${n}`))
    const insert = (key: (typeof keys)[0], n: number) => trial.adapter.insertUser(newUser(id, n), withoutUser(key))
    const results = await Promise.all(keys.map(insert))
    const winners = keys.filter((_, n) => "user" in (results[n] ?? {}))
    expectEqual("users inserted", winners.length, 1)
    expectEqual("ids taken", results.filter((result) => "taken" in result && result.taken === "id").length, 7)
    await expectKeys(trial, id, winners)
    await expectUser(
      trial,
      id,
      results.findIndex((result) => "user" in result),
    )
  }),

  userCase("findUser() finds one user's row, and null for an unknown id", async (trial) => {
    const ids = [await trial.addUser(1), await trial.addUser(2)]
    for (const [n, id] of ids.entries()) await expectUser(trial, id, n + 1)
    await expectNoUser(trial, trial.userId(3))
  }),
  userCase("findUser() and insertUser() hand out copies", async (trial) => {
    const id = trial.userId(1)
    const result = await trial.adapter.insertUser(newUser(id, 1), null)
    for (const row of ["user" in result ? result.user : null, await trial.adapter.findUser(id)]) {
      if (row) Reflect.set(row, "username", "changed")
      await expectUser(trial, id, 1)
    }
  }),
  userCase("insertUser() and updateUser() keep nothing of the objects they were given", async (trial) => {
    const id = trial.userId(1)
    const [user, key, changes] = [newUser(id, 1), withoutUser(keyOf(id, "ada")), { username: usernameOf(2) }]
    await trial.adapter.insertUser(user, key)
    user.attributes.username = key.passwordHash = "changed"
    await expectUser(trial, id, 1)
    await expectKey(trial, keyOf(id, "ada"))
    await trial.adapter.updateUser(id, changes)
    changes.username = "changed"
    await expectUser(trial, id, 2)
  }),

  userCase("updateUser() changes one user, and no other", async (trial) => {
    const [id, other] = [await trial.addUser(1), await trial.addUser(2)]
    expectEqual("updateUser()", await trial.adapter.updateUser(id, { username: usernameOf(3) }), "updated")
    await expectUser(trial, id, 3)
    await expectUser(trial, other, 2)
  }),
  userCase("updateUser() leaves alone an attribute that is undefined", async (trial) => {
    const id = await trial.addUser(1)
    expectEqual("updateUser()", await trial.adapter.updateUser(id, { username: undefined } as object), "updated")
    await expectUser(trial, id, 1)
  }),
  userCase("updateUser() answers `updated` when there is nothing to change", async (trial) => {
    const id = await trial.addUser(1)
    expectEqual("updateUser()", await trial.adapter.updateUser(id, { username: usernameOf(1) }), "updated")
    expectEqual("updateUser() without attributes", await trial.adapter.updateUser(id, {}), "updated")
    await expectUser(trial, id, 1)
  }),
  userCase("updateUser() answers `missing` for an unknown id, and stores nothing", async (trial) => {
    const [id, missing] = [await trial.addUser(1), trial.userId(2)]
    expectEqual("updateUser()", await trial.adapter.updateUser(missing, { username: usernameOf(2) }), "missing")
    expectEqual("updateUser() without attributes", await trial.adapter.updateUser(missing, {}), "missing")
    await expectNoUser(trial, missing)
    await expectUser(trial, id, 1)
  }),
  userCase("updateUser() changes all or, for an attribute that is taken, nothing", async (trial) => {
    const [id, other] = [await trial.addUser(1), await trial.addUser(2)]
    const result = await trial.adapter.updateUser(id, { username: usernameOf(2) })
    if (result !== "taken") expectEqual("updateUser()", result, "updated")
    await expectUser(trial, id, result === "taken" ? 1 : 2)
    await expectUser(trial, other, 2)
  }),

  userCase("deleteUser() deletes one user with all keys, and may be repeated", async (trial) => {
    const [id, other] = [await trial.addUser(1), await trial.addUser(12)]
    const keys = [await addKey(trial, id, "ada"), await addKey(trial, id, "1", { providerId: "github" })]
    const kept = await addKey(trial, other, "grace")
    await trial.adapter.deleteUser(id)
    await trial.adapter.deleteUser(id)
    await expectNoUser(trial, id)
    for (const key of keys) await expectNoKey(trial, key)
    await expectKeys(trial, id, [])
    await expectUser(trial, other, 12)
    await expectKeys(trial, other, [kept])
  }),
  userCase("deleteUser() frees the id and the keys for another user", async (trial) => {
    const id = await trial.addUser(1)
    const key = await addKey(trial, id, "ada")
    await trial.adapter.deleteUser(id)
    const result = await trial.adapter.insertUser(newUser(id, 2), withoutUser(key))
    expectRow("user" in result ? result.user : null, id, usernameOf(2))
    await expectKey(trial, key)
  }),
  userCase("deleteUser() during insertKey() leaves no key without a user", async (trial) => {
    await inRounds(6, async (round) => {
      const key = keyOf(await trial.addUser(round), `racer-${round}`)
      const insert = () => trial.adapter.insertKey(key)
      const remove = () => trial.adapter.deleteUser(key.userId)
      const [first, second] = round % 2 ? [insert, remove] : [remove, insert]
      const outcomes = await Promise.allSettled([first(), second()])
      expectEqual("deleteUser()", outcomes[round % 2 ? 1 : 0]?.status, "fulfilled")
      await expectNoUser(trial, key.userId)
      await expectNoKey(trial, key)
    })
  }),
  userCase("user methods work when the adapter is spread or taken apart", async (trial) => {
    const spread = { ...trial.adapter }
    const inherited = userMethods.filter((method) => typeof spread[method] !== "function")
    expectEqual("methods that a spread loses", inherited, [])
    /* oxlint-disable typescript/unbound-method -- this is the case: no method may need `this` */
    const { insertUser, findUser, updateUser, deleteUser } = trial.adapter
    const { insertKey, findKey, listKeys, replaceKeyPassword, deleteKey } = trial.adapter
    const { replaceUserPasswords, renameKey } = trial.adapter
    /* oxlint-enable typescript/unbound-method */
    const id = trial.userId(1)
    const key = keyOf(id, "ada")
    await insertUser(newUser(id, 1), null)
    expectEqual("insertKey()", await insertKey(key), "inserted")
    expectEqual("replaceKeyPassword()", await replaceKeyPassword(key, key.passwordHash, null, {}), true)
    expectEqual("findKey()", (await findKey("username", "ada"))?.userId, id)
    expectEqual("replaceUserPasswords()", await replaceUserPasswords(id, ["username"], "new"), true)
    expectEqual("renameKey()", await renameKey(key, "ada2"), "renamed")
    await deleteKey({ ...key, providerUserId: "ada2" }, { evenLast: true })
    expectEqual("listKeys()", await listKeys(id), [])
    expectEqual("updateUser()", await updateUser(id, { username: usernameOf(2) }), "updated")
    await deleteUser(id)
    expectEqual("findUser()", await findUser(id), null)
  }),
]

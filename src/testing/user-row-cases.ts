import type { KeyRecord, UserId } from "../core/ports.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { userMethods, usernameOf } from "./adapter-case.ts"
import { expectEqual, winnerOf } from "./expectation.ts"
import type { UserTrial } from "./trial.ts"
import { userCase, userRounds } from "./trial.ts"
import { expectRow, keyOf, newUser, withoutUser } from "./user-fixture.ts"

/** A user is stored with its key or not at all, changed without others, and deleted with everything that belongs to it. */
export const userRowCases: AdapterCase[] = [
  userCase("insertUser() stores a user without a key", async (trial) => {
    const id = trial.idOf(3)
    expectRow(rowOf(await insert(trial, id, 3, null)), id, usernameOf(3))
    await trial.expectUser(id, 3)
    await trial.expectKeys(id)
  }),
  userCase("insertUser() stores a user with a key, and resolves to the application's row", async (trial) => {
    const key = keyOf(trial.idOf(3), "ada")
    const row = rowOf(await insert(trial, key.userId, 3, key))
    expectRow(row, key.userId, usernameOf(3))
    expectEqual("the row", row, await trial.adapter.findUser(key.userId))
    await trial.expectKeys(key.userId, key)
    await trial.expectKeys(trial.otherId)
  }),
  userCase("insertUser() stores a key without a password", async (trial) => {
    const key = keyOf(trial.idOf(3), "4711", { providerId: "github", passwordHash: null })
    await insert(trial, key.userId, 3, key)
    await trial.expectKey(key)
  }),
  userCase("insertUser() returns `key` for a taken key, and stores no user", async (trial) => {
    const [id, key] = [trial.idOf(3), await trial.addKey(trial.userId, "ada")]
    expectEqual("insertUser()", await insert(trial, id, 3, { ...key, passwordHash: "late" }), { taken: "key" })
    await trial.expectNoUser(id)
    await trial.expectKey(key)
    await trial.expectKeys(id)
  }),
  userCase("insertUser() returns `id` for a taken id, and stores no key", async (trial) => {
    const key = keyOf(trial.userId, "late")
    for (const late of [key, null])
      expectEqual("insertUser()", await insert(trial, trial.userId, 3, late), { taken: "id" })
    await trial.expectNoKey(key)
    await trial.expectUser(trial.userId, 1)
  }),
  userCase("insertUser() returns `key` if id and key are taken, and changes neither", async (trial) => {
    const key = await trial.addKey(trial.otherId, "ada")
    const late = { ...key, passwordHash: "late" }
    expectEqual("insertUser()", await insert(trial, trial.userId, 3, late), { taken: "key" })
    await trial.expectUser(trial.userId, 1)
    await trial.expectKey(key)
  }),
  userCase("insertUser() returns `key` if key and attribute are taken, and stores no user", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada")
    expectEqual("insertUser()", await insert(trial, trial.idOf(3), 1, key), { taken: "key" })
    await trial.expectNoUser(trial.idOf(3))
    await trial.expectKey(key)
  }),
  userCase("insertUser() stores nothing if an attribute is taken", async (trial) => {
    const key = keyOf(trial.idOf(3), "grace")
    const result = await insert(trial, key.userId, 1, key)
    await trial.expectUser(trial.userId, 1)
    if ("user" in result) return trial.expectKey(key)
    expectEqual("insertUser()", result, { taken: "attribute" })
    await trial.expectNoUser(key.userId)
    await trial.expectNoKey(key)
  }),
  userCase("insertUser() gives a key to one of many racing callers, and leaves no other user", async (trial) => {
    const ids = Array.from({ length: 20 }, (_, n) => trial.idOf(n + 3))
    const results = await Promise.all(ids.map((id, n) => insert(trial, id, n + 3, keyOf("", "ada"))))
    const winner = winnerOf("users inserted", ids, results, (result) => "user" in result)
    expectEqual("keys taken", results.filter((result) => "taken" in result && result.taken === "key").length, 19)
    const users = await Promise.all(ids.map((id) => trial.adapter.findUser(id)))
    expectEqual("users found", users.filter((user) => user !== null).length, 1)
    expectEqual("the key's user", (await trial.adapter.findKey("username", "ada"))?.userId, winner)
  }),
  userCase("insertUser() gives an id to one of many racing callers, and leaves no other key", async (trial) => {
    const id = trial.idOf(3)
    const keys = Array.from({ length: 8 }, (_, n) => keyOf(id, `racer-${n}`))
    const results = await Promise.all(keys.map((key, n) => insert(trial, id, n + 3, key)))
    const winner = winnerOf("users inserted", keys, results, (result) => "user" in result)
    expectEqual("ids taken", results.filter((result) => "taken" in result && result.taken === "id").length, 7)
    await trial.expectKeys(id, winner)
    await trial.expectUser(id, keys.indexOf(winner) + 3)
  }),

  userCase("findUser() finds one user's row, and null for an unknown id", async (trial) => {
    await trial.expectUser(trial.userId, 1)
    await trial.expectUser(trial.otherId, 2)
    await trial.expectNoUser(trial.idOf(3))
  }),
  userCase("findUser() and insertUser() return copies", async (trial) => {
    const id = trial.idOf(3)
    for (const row of [rowOf(await insert(trial, id, 3, null)), await trial.adapter.findUser(id)]) {
      if (row) Reflect.set(row, "username", "changed")
      await trial.expectUser(id, 3)
    }
  }),
  userCase("insertUser() and updateUser() copy the objects that they store", async (trial) => {
    const id = trial.idOf(3)
    const [user, key, changes] = [newUser(id, 3), withoutUser(keyOf(id, "ada")), { username: usernameOf(4) }]
    await trial.adapter.insertUser(user, key)
    user.attributes.username = key.passwordHash = "changed"
    await trial.expectUser(id, 3)
    await trial.expectKey(keyOf(id, "ada"))
    await trial.adapter.updateUser(id, changes)
    changes.username = "changed"
    await trial.expectUser(id, 4)
  }),

  userCase("updateUser() changes only that user", async ({ adapter, userId, ...trial }) => {
    expectEqual("updateUser()", await adapter.updateUser(userId, { username: usernameOf(3) }), "updated")
    await trial.expectUser(userId, 3)
    await trial.expectUser(trial.otherId, 2)
  }),
  userCase("updateUser() does not change an attribute that is undefined", async ({ adapter, userId, ...trial }) => {
    expectEqual("updateUser()", await adapter.updateUser(userId, { username: undefined } as object), "updated")
    await trial.expectUser(userId, 1)
  }),
  userCase("updateUser() returns `updated` if there is nothing to change", async ({ adapter, userId, ...trial }) => {
    for (const attributes of [{ username: usernameOf(1) }, {}])
      expectEqual("updateUser()", await adapter.updateUser(userId, attributes), "updated")
    await trial.expectUser(userId, 1)
  }),
  userCase("updateUser() returns `missing` for an unknown id, and stores nothing", async (trial) => {
    const missing = trial.idOf(3)
    for (const attributes of [{ username: usernameOf(3) }, {}])
      expectEqual("updateUser()", await trial.adapter.updateUser(missing, attributes), "missing")
    await trial.expectNoUser(missing)
    await trial.expectUser(trial.userId, 1)
  }),
  userCase("updateUser() changes nothing if an attribute is taken", async (trial) => {
    const result = await trial.adapter.updateUser(trial.userId, { username: usernameOf(2) })
    if (result !== "taken") expectEqual("updateUser()", result, "updated")
    await trial.expectUser(trial.userId, result === "taken" ? 1 : 2)
    await trial.expectUser(trial.otherId, 2)
  }),

  userCase(
    "deleteUser() deletes one user with all keys, and may be repeated",
    async ({ adapter, addKey, ...trial }) => {
      const [id, other] = [trial.userId, await trial.addUser(12)]
      const keys = [await addKey(id, "ada"), await addKey(id, "1", { providerId: "github" })]
      const kept = await addKey(other, "grace")
      await adapter.deleteUser(id)
      await adapter.deleteUser(id)
      await trial.expectNoUser(id)
      for (const key of keys) await trial.expectNoKey(key)
      await trial.expectKeys(id)
      await trial.expectUser(other, 12)
      await trial.expectKeys(other, kept)
    },
  ),
  userCase("deleteUser() frees the id and the keys for another user", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada")
    await trial.adapter.deleteUser(key.userId)
    expectRow(rowOf(await insert(trial, key.userId, 3, key)), key.userId, usernameOf(3))
    await trial.expectKey(key)
  }),
  userRounds("deleteUser() during insertKey() leaves no key without a user", async (trial, round, both) => {
    const key = keyOf(trial.userId, `racer-${round}`)
    const add = () => trial.adapter.insertKey(key).catch(() => "missing")
    await both(add, () => trial.adapter.deleteUser(key.userId))
    await trial.expectNoUser(key.userId)
    await trial.expectNoKey(key)
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
    const id = trial.idOf(3)
    const key = keyOf(id, "ada")
    await insertUser(newUser(id, 3), null)
    expectEqual("insertKey()", await insertKey(key), "inserted")
    expectEqual("replaceKeyPassword()", await replaceKeyPassword(key, key.passwordHash, null, {}), true)
    expectEqual("findKey()", (await findKey("username", "ada"))?.userId, id)
    expectEqual("replaceUserPasswords()", await replaceUserPasswords(id, ["username"], "new"), true)
    expectEqual("renameKey()", await renameKey(key, "ada2"), "renamed")
    await deleteKey({ ...key, providerUserId: "ada2" }, { evenLast: true })
    expectEqual("listKeys()", await listKeys(id), [])
    expectEqual("updateUser()", await updateUser(id, { username: usernameOf(4) }), "updated")
    await deleteUser(id)
    expectEqual("findUser()", await findUser(id), null)
  }),
]

/** Inserts a user with an id, and with the name of user `n`. */
function insert({ adapter }: UserTrial, id: UserId, n: number, key: KeyRecord | null) {
  return adapter.insertUser(newUser(id, n), key && withoutUser(key))
}

function rowOf(result: Awaited<ReturnType<typeof insert>>): object | null {
  return "user" in result ? result.user : null
}

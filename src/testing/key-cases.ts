import type { AdapterCase } from "./adapter-case.ts"
import { inRounds, userCase } from "./adapter-case.ts"
import { expectAuthError, expectEqual, format } from "./expectation.ts"
import { nearMisses } from "./hostile-input.ts"
import { addKey, expectKey, expectKeys, expectNoKey, expectUser, keyOf } from "./user-fixture.ts"

// Pairs that a careless join of the two ids, or a careless comparison, takes for one another.
const lookalikes: [string, string][] = [
  ["ab", "c"],
  ["a", "bc"],
  ["a", "b"],
  ["a", "b:c"],
  ["a", ":b"],
  ["a", "b:"],
  ["github", "1"],
  ["GitHub", "1"],
  ["github", "01"],
  ["github", "1.0"],
  ["google", "1"],
  ["saml", "Zoë"],
  ["saml", "Zoe"],
  ["saml", "Zoe\u0308"],
  ["saml", "zoë"],
  ["saml", "straße"],
  ["saml", "strasse"],
  ["saml", "🔒"],
  ["saml", "🔓"],
  ["saml", `o'brien "x" \\ ; -- % $1 ?`],
  ["long", `${"x".repeat(199)}1`],
  ["long", `${"x".repeat(199)}2`],
]

/** One key belongs to one user, and is found by its exact two ids. */
export const keyCases: AdapterCase[] = [
  userCase("findKey() finds what insertKey() stored", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const keys = [
      await addKey(trial, userId, "ada", { passwordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA" }),
      await addKey(trial, userId, "4711", { providerId: "github", passwordHash: null }),
      await addKey(trial, otherId, "grace", { passwordHash: "s2:it's 'quoted': \\ $1 ?" }),
    ]
    for (const key of keys) await expectKey(trial, key)
  }),
  userCase("findKey() finds a password hash of 500 characters whole", async (trial) => {
    await expectKey(trial, await addKey(trial, await trial.addUser(1), "ada", { passwordHash: "Ab1/".repeat(125) }))
  }),
  userCase("findKey() resolves to null for an unknown key", async (trial) => {
    await addKey(trial, await trial.addUser(1), "ada")
    await expectNoKey(trial, { providerId: "username", providerUserId: "grace" })
    await expectNoKey(trial, { providerId: "github", providerUserId: "ada" })
  }),
  userCase("findKey() compares both ids byte for byte", async (trial) => {
    const key = await addKey(trial, await trial.addUser(1), "ada")
    // A NUL can be in no key: createUsers() refuses control characters, and some databases cannot compare them.
    const misses = (id: string) => nearMisses(id).filter((miss) => !miss.includes("\0"))
    for (const providerUserId of misses(key.providerUserId)) await expectNoKey(trial, { ...key, providerUserId })
    for (const providerId of misses(key.providerId)) await expectNoKey(trial, { ...key, providerId })
  }),
  userCase("insertKey() keeps apart keys that look alike", async (trial) => {
    const userIds = [await trial.addUser(1), await trial.addUser(2)]
    const keys = lookalikes.map(([providerId, id], n) => keyOf(userIds[n % 2] ?? "", id, { providerId }))
    for (const key of keys) expectEqual(`insertKey(${format(key)})`, await trial.adapter.insertKey(key), "inserted")
    for (const key of keys) await expectKey(trial, key)
    for (const userId of userIds)
      await expectKeys(
        trial,
        userId,
        keys.filter((key) => key.userId === userId),
      )
  }),
  userCase("insertKey() answers `key_taken` for a key that is taken, and leaves it alone", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const key = await addKey(trial, userId, "ada")
    const late = { ...key, userId: otherId, passwordHash: "new" }
    expectEqual("insertKey()", await trial.adapter.insertKey(late), "key_taken")
    expectEqual("insertKey()", await trial.adapter.insertKey({ ...key, passwordHash: null }), "key_taken")
    await expectKey(trial, key)
    await expectKeys(trial, otherId, [])
  }),
  userCase("insertKey() gives a key to one of many racing callers", async (trial) => {
    const userIds = [await trial.addUser(1), await trial.addUser(2)]
    const racers = Array.from({ length: 8 }, (_, n) =>
      keyOf(userIds[n % 2] ?? "", "ada", { passwordHash: `hash ${n}` }),
    )
    const results = await Promise.all(racers.map((racer) => trial.adapter.insertKey(racer)))
    const winners = racers.filter((_, n) => results[n] === "inserted")
    expectEqual("insertKey() calls that stored it", winners.length, 1)
    for (const winner of winners) await expectKey(trial, winner)
  }),
  userCase("insertKey() rejects with user_missing for an unknown user, and stores nothing", async (trial) => {
    await trial.addUser(1)
    const key = keyOf(trial.userId(2), "ada")
    await expectAuthError("insertKey()", "user_missing", () => trial.adapter.insertKey(key))
    await expectNoKey(trial, key)
    await expectKeys(trial, key.userId, [])
  }),
  userCase("insertKey() and findKey() share no object with the store", async (trial) => {
    const key = await addKey(trial, await trial.addUser(1), "ada")
    const [found, [listed]] = [await trial.adapter.findKey("username", "ada"), await trial.adapter.listKeys(key.userId)]
    const before = { ...key }
    for (const copy of [key, found, listed]) if (copy) copy.passwordHash = "changed"
    await expectKey(trial, before)
  }),
  userCase("listKeys() lists all keys of one user, and none for a user without", async (trial) => {
    const [userId, otherId, keyless] = [await trial.addUser(1), await trial.addUser(12), await trial.addUser(3)]
    const own = [await addKey(trial, userId, "ada"), await addKey(trial, userId, "1", { providerId: "github" })]
    const theirs = await addKey(trial, otherId, "grace", { passwordHash: null })
    await expectKeys(trial, userId, own)
    await expectKeys(trial, otherId, [theirs])
    await expectKeys(trial, keyless, [])
    await expectKeys(trial, trial.userId(4), [])
  }),
  userCase("deleteKey() deletes one key, and may be repeated", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const key = await addKey(trial, userId, "ada")
    const kept = [await addKey(trial, userId, "ada", { providerId: "email" }), await addKey(trial, userId, "ada2")]
    const theirs = await addKey(trial, otherId, "grace")
    expectEqual("deleteKey()", await trial.adapter.deleteKey(key), "deleted")
    expectEqual("deleteKey() once more", await trial.adapter.deleteKey(key), "missing")
    await expectNoKey(trial, key)
    await expectKeys(trial, userId, kept)
    await expectKeys(trial, otherId, [theirs])
    await expectUser(trial, userId, 1)
  }),
  userCase("deleteKey() compares both ids byte for byte", async (trial) => {
    const key = await addKey(trial, await trial.addUser(1), "ada")
    await addKey(trial, key.userId, "ada2")
    const misses = (id: string) => nearMisses(id).filter((miss) => !miss.includes("\0"))
    for (const providerUserId of misses(key.providerUserId)) await trial.adapter.deleteKey({ ...key, providerUserId })
    for (const providerId of misses(key.providerId)) await trial.adapter.deleteKey({ ...key, providerId })
    await expectKey(trial, key)
  }),
  userCase("deleteKey() answers `last_key` for a user's only key, and leaves it alone", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const key = await addKey(trial, userId, "ada", { passwordHash: null })
    const others = [await addKey(trial, otherId, "grace"), await addKey(trial, otherId, "grace2")]
    expectEqual("deleteKey()", await trial.adapter.deleteKey(key), "last_key")
    await expectKeys(trial, userId, [key])
    await expectKeys(trial, otherId, others)
  }),
  userCase("deleteKey() with evenLast deletes the only key too", async (trial) => {
    const key = await addKey(trial, await trial.addUser(1), "ada")
    expectEqual("deleteKey()", await trial.adapter.deleteKey(key, { evenLast: true }), "deleted")
    expectEqual("deleteKey() once more", await trial.adapter.deleteKey(key, { evenLast: true }), "missing")
    await expectKeys(trial, key.userId, [])
    await expectUser(trial, key.userId, 1)
  }),
  userCase("deleteKey() answers `missing` for a key of another user, and leaves it alone", async (trial) => {
    const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
    const keys = [await addKey(trial, userId, "ada"), await addKey(trial, userId, "ada2")]
    await addKey(trial, otherId, "grace")
    for (const evenLast of [false, true]) {
      const theirs = { ...keys[0], providerId: "username", providerUserId: "ada", userId: otherId }
      expectEqual("deleteKey()", await trial.adapter.deleteKey(theirs, { evenLast }), "missing")
    }
    await expectKeys(trial, userId, keys)
  }),
  userCase("deleteKey() during another deleteKey() leaves the user one of two keys", async (trial) => {
    await inRounds(6, async (round) => {
      const userId = await trial.addUser(round)
      const keys = [await addKey(trial, userId, `a-${round}`), await addKey(trial, userId, `b-${round}`)]
      const answers = await Promise.all(keys.map((key) => trial.adapter.deleteKey(key)))
      expectEqual("deleteKey()", answers.toSorted(), ["deleted", "last_key"])
      await expectKeys(
        trial,
        userId,
        keys.filter((_, n) => answers[n] === "last_key"),
      )
    })
  }),
]

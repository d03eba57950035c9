import type { AdapterCase } from "./adapter-case.ts"
import { expectAuthError, expectEqual, format, winnerOf } from "./expectation.ts"
import { nearMissesOfKey } from "./hostile-input.ts"
import { userCase, userRounds } from "./trial.ts"
import { keyOf } from "./user-fixture.ts"

// Provider and user ids that are confused by joining the two carelessly, or by a careless comparison.
const lookalikes = {
  ab: ["c"],
  a: ["bc", "b", "b:c", ":b", "b:"],
  github: ["1", "01", "1.0"],
  GitHub: ["1"],
  google: ["1"],
  saml: ["Zoë", "Zoe", "Zoe\u0308", "zoë", "straße", "strasse", "🔒", "🔓", `o'brien "x" \\ ; -- % $1 ?`],
  long: [`${"x".repeat(199)}1`, `${"x".repeat(199)}2`],
}

/** A key belongs to one user, and is found by exactly its two ids. */
export const keyCases: AdapterCase[] = [
  userCase("findKey() finds what insertKey() stored", async (trial) => {
    const { userId, otherId, addKey } = trial
    await trial.expectKey(
      await addKey(userId, "ada", { passwordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA" }),
      await addKey(userId, "4711", { providerId: "github", passwordHash: null }),
      await addKey(otherId, "grace", { passwordHash: "s2:it's 'quoted': \\ $1 ?" }),
    )
  }),
  userCase("findKey() finds a whole password hash of 500 characters", async (trial) => {
    await trial.expectKey(await trial.addKey(trial.userId, "ada", { passwordHash: "Ab1/".repeat(125) }))
  }),
  userCase("findKey() resolves to null for an unknown key", async (trial) => {
    await trial.addKey(trial.userId, "ada")
    await trial.expectNoKey({ providerId: "username", providerUserId: "grace" })
    await trial.expectNoKey({ providerId: "github", providerUserId: "ada" })
  }),
  userCase("findKey() compares both ids byte for byte", async (trial) => {
    for (const miss of nearMissesOfKey(await trial.addKey(trial.userId, "ada"))) await trial.expectNoKey(miss)
  }),
  userCase("insertKey() distinguishes keys that look alike", async (trial) => {
    const userIds = [trial.userId, trial.otherId]
    const names = Object.entries(lookalikes).flatMap(([providerId, ids]) => ids.map((id) => ({ providerId, id })))
    const keys = names.map(({ providerId, id }, n) => keyOf(userIds[n % 2]!, id, { providerId }))
    for (const key of keys) expectEqual(`insertKey(${format(key)})`, await trial.adapter.insertKey(key), "inserted")
    await trial.expectKey(...keys)
    for (const id of userIds) await trial.expectKeys(id, ...keys.filter(({ userId }) => userId === id))
  }),
  userCase("insertKey() returns `key_taken` for a taken key, and does not change it", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada")
    const late = { ...key, userId: trial.otherId, passwordHash: "new" }
    expectEqual("insertKey()", await trial.adapter.insertKey(late), "key_taken")
    expectEqual("insertKey()", await trial.adapter.insertKey({ ...key, passwordHash: null }), "key_taken")
    await trial.expectKey(key)
    await trial.expectKeys(trial.otherId)
  }),
  userCase("insertKey() gives a key to one of many racing callers", async (trial) => {
    const hashes = Array.from({ length: 8 }, (_, n) => `hash ${n}`)
    const racers = hashes.map((passwordHash, n) => keyOf(n % 2 ? trial.otherId : trial.userId, "ada", { passwordHash }))
    const results = await Promise.all(racers.map((racer) => trial.adapter.insertKey(racer)))
    await trial.expectKey(winnerOf("insertKey() calls that stored it", racers, results, (each) => each === "inserted"))
  }),
  userCase("insertKey() rejects with user_missing for an unknown user, and stores nothing", async (trial) => {
    const key = keyOf(trial.idOf(3), "ada")
    await expectAuthError("insertKey()", "user_missing", () => trial.adapter.insertKey(key))
    await trial.expectNoKey(key)
    await trial.expectKeys(key.userId)
  }),
  userCase("insertKey() and findKey() copy what they store and return", async ({ adapter, ...trial }) => {
    const key = await trial.addKey(trial.userId, "ada")
    const [found, [listed]] = [await adapter.findKey("username", "ada"), await adapter.listKeys(key.userId)]
    const before = { ...key }
    for (const copy of [key, found, listed]) if (copy) copy.passwordHash = "changed"
    await trial.expectKey(before)
  }),
  userCase("listKeys() lists all keys of one user, and none for a user without", async (trial) => {
    const { userId, addKey } = trial
    const own = [await addKey(userId, "ada"), await addKey(userId, "1", { providerId: "github" })]
    const theirs = await addKey(await trial.addUser(12), "grace", { passwordHash: null })
    await trial.expectKeys(userId, ...own)
    await trial.expectKeys(theirs.userId, theirs)
    for (const keyless of [trial.otherId, trial.idOf(4)]) await trial.expectKeys(keyless)
  }),
  userCase("deleteKey() deletes one key, and may be repeated", async (trial) => {
    const { userId, addKey } = trial
    const key = await addKey(userId, "ada")
    const kept = [await addKey(userId, "ada", { providerId: "email" }), await addKey(userId, "ada2")]
    const theirs = await addKey(trial.otherId, "grace")
    expectEqual("deleteKey()", await trial.adapter.deleteKey(key), "deleted")
    expectEqual("deleteKey() once more", await trial.adapter.deleteKey(key), "missing")
    await trial.expectNoKey(key)
    await trial.expectKeys(userId, ...kept)
    await trial.expectKeys(trial.otherId, theirs)
    await trial.expectUser(userId, 1)
  }),
  userCase("deleteKey() compares both ids byte for byte", async (trial) => {
    const [key] = [await trial.addKey(trial.userId, "ada"), await trial.addKey(trial.userId, "ada2")]
    for (const miss of nearMissesOfKey(key)) await trial.adapter.deleteKey(miss)
    await trial.expectKey(key)
  }),
  userCase("deleteKey() returns `last_key` for a user's only key, and keeps it", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada", { passwordHash: null })
    const others = [await trial.addKey(trial.otherId, "grace"), await trial.addKey(trial.otherId, "grace2")]
    expectEqual("deleteKey()", await trial.adapter.deleteKey(key), "last_key")
    await trial.expectKeys(trial.userId, key)
    await trial.expectKeys(trial.otherId, ...others)
  }),
  userCase("deleteKey() with evenLast deletes the only key too", async (trial) => {
    const key = await trial.addKey(trial.userId, "ada")
    expectEqual("deleteKey()", await trial.adapter.deleteKey(key, { evenLast: true }), "deleted")
    expectEqual("deleteKey() once more", await trial.adapter.deleteKey(key, { evenLast: true }), "missing")
    await trial.expectKeys(key.userId)
    await trial.expectUser(key.userId, 1)
  }),
  userCase("deleteKey() returns `missing` for a key of another user, and keeps it", async (trial) => {
    const [key, second] = [await trial.addKey(trial.userId, "ada"), await trial.addKey(trial.userId, "ada2")]
    await trial.addKey(trial.otherId, "grace")
    for (const evenLast of [false, true]) {
      const theirs = { ...key, userId: trial.otherId }
      expectEqual("deleteKey()", await trial.adapter.deleteKey(theirs, { evenLast }), "missing")
    }
    await trial.expectKeys(trial.userId, key, second)
  }),
  userRounds("deleteKey() during another deleteKey() leaves the user one of two keys", async (trial, round, both) => {
    const [a, b] = [await trial.addKey(trial.userId, `a-${round}`), await trial.addKey(trial.userId, `b-${round}`)]
    const remove = (key: typeof a) => () => trial.adapter.deleteKey(key)
    const answers = await both(remove(a), remove(b))
    expectEqual("deleteKey()", answers.toSorted(), ["deleted", "last_key"])
    await trial.expectKeys(trial.userId, answers[0] === "last_key" ? a : b)
  }),
]

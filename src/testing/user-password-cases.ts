import type { KeyRecord } from "../core/ports.ts"
import type { AdapterCase, FullAdapter, Trial } from "./adapter-case.ts"
import { inRounds, userCase } from "./adapter-case.ts"
import { expectEqual, format } from "./expectation.ts"
import { nearMisses } from "./hostile-input.ts"
import type { Session } from "./session-fixture.ts"
import { addSession, expectListed, expectStored, expiredAt } from "./session-fixture.ts"
import { addKey, expectKey, expectKeys, keyOf } from "./user-fixture.ts"

const providers = ["username", "email"]

/** A user has one password: a change changes it in every key, and ends the sessions of the old one. */
export const userPasswordCases: AdapterCase[] = [
  userCase("replaceUserPasswords() changes every key of these providers, with or without a hash", async (trial) => {
    const { userId, keys, kept } = await addUser(trial)
    expectEqual("replaceUserPasswords()", await trial.adapter.replaceUserPasswords(userId, providers, "new"), true)
    for (const key of keys) await expectKey(trial, { ...key, passwordHash: "new" })
    for (const key of kept) await expectKey(trial, key)
  }),
  userCase("replaceUserPasswords() changes one provider's keys only, when told so", async (trial) => {
    const { userId, keys } = await addUser(trial)
    expectEqual("replaceUserPasswords()", await trial.adapter.replaceUserPasswords(userId, ["email"], "new"), true)
    for (const key of keys) {
      const passwordHash = key.providerId === "email" ? "new" : key.passwordHash
      await expectKey(trial, { ...key, passwordHash })
    }
  }),
  userCase("replaceUserPasswords() ends the user's sessions, but for the one it is told to spare", async (trial) => {
    const { userId, sessions, theirs } = await addUser(trial)
    const [spared] = sessions
    await trial.adapter.replaceUserPasswords(userId, providers, "new", spared?.id)
    await expectListed(trial, userId, sessions.slice(0, 1))
    await trial.adapter.replaceUserPasswords(userId, providers, "newer", theirs.id)
    await expectListed(trial, userId, [])
    await expectStored(trial, theirs)
  }),
  userCase("replaceUserPasswords() ends all of the user's sessions unless it is told otherwise", async (trial) => {
    const { userId, theirs } = await addUser(trial)
    await trial.adapter.replaceUserPasswords(userId, providers, "new")
    await expectListed(trial, userId, [])
    await expectStored(trial, theirs)
  }),
  userCase("replaceUserPasswords() resolves to true when the keys have that hash already", async (trial) => {
    const { userId, keys } = await addUser(trial)
    await trial.adapter.replaceUserPasswords(userId, providers, "new")
    const session = await addSession(trial, userId, 20)
    expectEqual("replaceUserPasswords()", await trial.adapter.replaceUserPasswords(userId, providers, "new"), true)
    for (const key of keys) await expectKey(trial, { ...key, passwordHash: "new" })
    expectEqual("findSession()", await trial.adapter.findSession(session.id), null)
  }),
  userCase("replaceUserPasswords() resolves to false without such a key, and changes nothing", async (trial) => {
    const { userId, keys, kept, sessions, theirs } = await addUser(trial)
    const misses = nearMisses("email").filter((miss) => !miss.includes("\0") && !miss.includes(":"))
    for (const given of [[], ["google"], ["user"], misses])
      expectEqual(
        `replaceUserPasswords() of ${format(given)}`,
        await trial.adapter.replaceUserPasswords(userId, given, "new"),
        false,
      )
    const unknown = await trial.adapter.replaceUserPasswords(trial.userId(9), providers, "new")
    expectEqual("replaceUserPasswords() of an unknown user", unknown, false)
    for (const key of [...keys, ...kept]) await expectKey(trial, key)
    for (const session of [...sessions, theirs]) await expectStored(trial, session)
  }),
  userCase("replaceUserPasswords() wins over a re-hash during it", async (trial) => {
    await inRounds(6, async (round) => {
      const userId = await trial.addUser(round)
      const key = await addKey(trial, userId, `racer-${round}`, { passwordHash: "old" })
      const rehash = () => trial.adapter.replaceKeyPassword(key, "old", "old, hashed again")
      const change = () => trial.adapter.replaceUserPasswords(userId, providers, "new")
      await Promise.all(round % 2 ? [rehash(), change()] : [change(), rehash()])
      await expectKey(trial, { ...key, passwordHash: "new" })
    })
  }),
  userCase("replaceUserPasswords() during another one leaves all keys one hash", async (trial) => {
    const { userId, keys } = await addUser(trial)
    const hashes = Array.from({ length: 6 }, (_, n) => `new ${n}`)
    await Promise.all(hashes.map((hash) => trial.adapter.replaceUserPasswords(userId, providers, hash)))
    const [{ passwordHash } = keyOf(userId, "")] = await listOf(trial, keys)
    expectEqual("the hash is one of these", hashes.includes(String(passwordHash)), true)
    for (const key of keys) await expectKey(trial, { ...key, passwordHash })
  }),
  userCase("replaceUserPasswords() during deleteKey() does not bring the key back", async (trial) => {
    await inRounds(6, async (round) => {
      const userId = await trial.addUser(round)
      const [key, kept] = [await addKey(trial, userId, `racer-${round}`), await addKey(trial, userId, `kept-${round}`)]
      const change = () => trial.adapter.replaceUserPasswords(userId, providers, "new")
      const remove = () => trial.adapter.deleteKey(key)
      await Promise.all(round % 2 ? [change(), remove()] : [remove(), change()])
      await expectKeys(trial, userId, [{ ...kept, passwordHash: "new" }])
    })
  }),
]

function listOf({ adapter }: Trial<FullAdapter>, keys: KeyRecord[]): Promise<KeyRecord[]> {
  return Promise.all(
    keys.map(
      async (key) => (await adapter.findKey(key.providerId, key.providerUserId)) ?? { ...key, passwordHash: null },
    ),
  )
}

/** A user with keys of both password providers, and what a change must leave alone. */
interface KeyedUser {
  userId: KeyRecord["userId"]
  keys: KeyRecord[]
  kept: KeyRecord[]
  sessions: Session[]
  theirs: Session
}

async function addUser(trial: Trial<FullAdapter>): Promise<KeyedUser> {
  const [userId, otherId] = [await trial.addUser(1), await trial.addUser(12)]
  const keys = [
    await addKey(trial, userId, "ada", { passwordHash: "old" }),
    await addKey(trial, userId, "a:b", { passwordHash: "older" }),
    await addKey(trial, userId, "ada@example.com", { providerId: "email", passwordHash: null }),
  ]
  const kept = [
    await addKey(trial, userId, "1", { providerId: "github", passwordHash: null }),
    // Providers that a careless comparison of the beginning, or of the case, takes for the ones above.
    await addKey(trial, userId, "ada", { providerId: "username2", passwordHash: "kept" }),
    await addKey(trial, userId, "username", { providerId: "Email", passwordHash: "kept" }),
    await addKey(trial, userId, "email:x", { providerId: "e_ail", passwordHash: "kept" }),
    await addKey(trial, otherId, "grace", { passwordHash: "old" }),
  ]
  const sessions = [await addSession(trial, userId, 1), await addSession(trial, userId, 2)]
  sessions.push(await addSession(trial, userId, 3, { expiresAt: expiredAt(0) }))
  return { userId, keys, kept, sessions, theirs: await addSession(trial, otherId, 4) }
}

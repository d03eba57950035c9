import type { KeyRecord, UserId } from "../core/ports.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { expectEqual, format } from "./expectation.ts"
import { nearMisses } from "./hostile-input.ts"
import type { Session } from "./session-fixture.ts"
import { expiredAt } from "./session-fixture.ts"
import type { UserTrial } from "./trial.ts"
import { userCase, userRounds } from "./trial.ts"

const providers = ["username", "email"]

/** A user has one password: a change changes it in every key, and ends the sessions of the old one. */
export const userPasswordCases: AdapterCase[] = [
  keyedCase("replaceUserPasswords() changes every key of these providers, with or without a hash", async (trial) => {
    expectEqual("replaceUserPasswords()", await trial.replace(providers, "new"), true)
    await trial.expectKey(...withHash(trial.keys, "new"), ...trial.kept)
  }),
  keyedCase("replaceUserPasswords() changes one provider's keys only, when told so", async (trial) => {
    expectEqual("replaceUserPasswords()", await trial.replace(["email"], "new"), true)
    const isOther = ({ providerId }: KeyRecord) => providerId !== "email"
    const changed = trial.keys.filter((key) => !isOther(key))
    await trial.expectKey(...trial.keys.filter(isOther), ...withHash(changed, "new"))
  }),
  keyedCase("replaceUserPasswords() ends the user's sessions, but for the one it is told to spare", async (trial) => {
    const { userId, sessions, theirs } = trial
    await trial.replace(providers, "new", sessions[0]?.id)
    await trial.expectListed(userId, sessions.slice(0, 1))
    await trial.replace(providers, "newer", theirs.id)
    await trial.expectListed(userId, [])
    await trial.expectStored(theirs)
  }),
  keyedCase("replaceUserPasswords() ends all of the user's sessions unless it is told otherwise", async (trial) => {
    await trial.replace(providers, "new")
    await trial.expectListed(trial.userId, [])
    await trial.expectStored(trial.theirs)
  }),
  keyedCase("replaceUserPasswords() resolves to true when the keys have that hash already", async (trial) => {
    await trial.replace(providers, "new")
    const session = await trial.addSession(trial.userId, 20)
    expectEqual("replaceUserPasswords()", await trial.replace(providers, "new"), true)
    await trial.expectKey(...withHash(trial.keys, "new"))
    await trial.expectNoSession(session.id)
  }),
  keyedCase("replaceUserPasswords() resolves to false without such a key, and changes nothing", async (trial) => {
    const misses = nearMisses("email").filter((miss) => !miss.includes("\0") && !miss.includes(":"))
    for (const others of [[], ["google"], ["user"], misses])
      expectEqual(`replaceUserPasswords() of ${format(others)}`, await trial.replace(others, "new"), false)
    const replaced = await trial.adapter.replaceUserPasswords(trial.idOf(9), providers, "new")
    expectEqual("replaceUserPasswords() of an unknown user", replaced, false)
    await trial.expectKey(...trial.keys, ...trial.kept)
    for (const session of [...trial.sessions, trial.theirs]) await trial.expectStored(session)
  }),
  userRounds("replaceUserPasswords() wins over a re-hash during it", async ({ adapter, ...trial }, round, both) => {
    const key = await trial.addKey(trial.userId, `racer-${round}`, { passwordHash: "old" })
    const rehash = () => adapter.replaceKeyPassword(key, "old", "old, hashed again")
    await both(rehash, () => adapter.replaceUserPasswords(trial.userId, providers, "new"))
    await trial.expectKey({ ...key, passwordHash: "new" })
  }),
  keyedCase("replaceUserPasswords() during another one leaves all keys one hash", async (trial) => {
    const hashes = Array.from({ length: 6 }, (_, n) => `new ${n}`)
    await Promise.all(hashes.map((hash) => trial.replace(providers, hash)))
    const found = await trial.adapter.findKey("username", "ada")
    expectEqual("the hash is one of these", hashes.includes(String(found?.passwordHash)), true)
    await trial.expectKey(...withHash(trial.keys, found?.passwordHash ?? null))
  }),
  userRounds("replaceUserPasswords() during deleteKey() does not bring the key back", async (trial, round, both) => {
    const { adapter, userId, addKey } = trial
    const [key, kept] = [await addKey(userId, `racer-${round}`), await addKey(userId, `kept-${round}`)]
    const change = () => adapter.replaceUserPasswords(userId, providers, "new")
    await both(change, () => adapter.deleteKey(key))
    await trial.expectKeys(userId, { ...kept, passwordHash: "new" })
  }),
]

/** A user with keys of both password providers, and what a change must leave alone. */
interface KeyedTrial extends UserTrial {
  keys: KeyRecord[]
  kept: KeyRecord[]
  sessions: Session[]
  theirs: Session
  replace(providerIds: string[], hash: string, exceptId?: string): Promise<boolean>
}

function keyedCase(name: string, check: (trial: KeyedTrial) => Promise<void>): AdapterCase {
  return userCase(name, async (trial) => {
    const { adapter, userId } = trial
    const replace: KeyedTrial["replace"] = (...args) => adapter.replaceUserPasswords(userId, ...args)
    await check({ ...trial, ...(await addKeys(trial, await trial.addUser(12))), replace })
  })
}

async function addKeys({ userId, addKey, addSession }: UserTrial, otherId: UserId) {
  const keys = [
    await addKey(userId, "ada", { passwordHash: "old" }),
    await addKey(userId, "a:b", { passwordHash: "older" }),
    await addKey(userId, "ada@example.com", { providerId: "email", passwordHash: null }),
  ]
  const kept = [
    await addKey(userId, "1", { providerId: "github", passwordHash: null }),
    // Providers that a careless comparison of the beginning, or of the case, takes for the ones above.
    await addKey(userId, "ada", { providerId: "username2", passwordHash: "kept" }),
    await addKey(userId, "username", { providerId: "Email", passwordHash: "kept" }),
    await addKey(userId, "email:x", { providerId: "e_ail", passwordHash: "kept" }),
    await addKey(otherId, "grace", { passwordHash: "old" }),
  ]
  const sessions = [await addSession(userId, 1), await addSession(userId, 2)]
  sessions.push(await addSession(userId, 3, { expiresAt: expiredAt(0) }))
  return { keys, kept, sessions, theirs: await addSession(otherId, 4) }
}

function withHash(keys: KeyRecord[], passwordHash: string | null): KeyRecord[] {
  return keys.map((key) => ({ ...key, passwordHash }))
}

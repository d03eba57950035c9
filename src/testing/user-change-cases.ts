import type { KeyRecord, UserId } from "../core/ports.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { usernameOf } from "./adapter-case.ts"
import { expectEqual, format } from "./expectation.ts"
import { nearMisses } from "./hostile-input.ts"
import { expiredAt, sessionOf } from "./session-fixture.ts"
import type { UserTrial } from "./trial.ts"
import { userCase, userRounds } from "./trial.ts"
import { expectRow, newUser } from "./user-fixture.ts"

const providers = ["username", "email"]

/** A new password changes all of a user's keys and ends the user's sessions. Deleting the user also ends them. */
export const userChangeCases: AdapterCase[] = [
  keyedCase("replaceUserPasswords() changes every key of these providers, with or without a hash", async (trial) => {
    expectEqual("replaceUserPasswords()", await trial.replace(providers, "new"), true)
    await trial.expectKey(...withHash(trial.keys, "new"), ...trial.kept)
  }),
  keyedCase("replaceUserPasswords() can change only one provider's keys", async (trial) => {
    expectEqual("replaceUserPasswords()", await trial.replace(["email"], "new"), true)
    const isOther = ({ providerId }: KeyRecord) => providerId !== "email"
    const changed = trial.keys.filter((key) => !isOther(key))
    await trial.expectKey(...trial.keys.filter(isOther), ...withHash(changed, "new"))
  }),
  keyedCase(
    "replaceUserPasswords() ends the user's sessions, except the one that it is told to keep",
    async (trial) => {
      const { userId, sessions, theirs } = trial
      await trial.replace(providers, "new", sessions[0]?.id)
      await trial.expectListed(userId, sessions.slice(0, 1))
      await trial.replace(providers, "newer", theirs.id)
      await trial.expectEnded()
    },
  ),
  keyedCase("replaceUserPasswords() ends all of the user's sessions unless it is told otherwise", async (trial) => {
    await trial.replace(providers, "new")
    await trial.expectEnded()
  }),
  keyedCase("replaceUserPasswords() resolves to true if the keys already have that hash", async (trial) => {
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
    await trial.expectKept()
  }),
  userRounds(
    "replaceUserPasswords() wins over a re-hash at the same time",
    async ({ adapter, ...trial }, round, both) => {
      const key = await trial.addKey(trial.userId, `racer-${round}`, { passwordHash: "old" })
      const rehash = () => adapter.replaceKeyPassword(key, "old", "old, hashed again")
      await both(rehash, () => adapter.replaceUserPasswords(trial.userId, providers, "new"))
      await trial.expectKey({ ...key, passwordHash: "new" })
    },
  ),
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

  userCase("a user inserted through the port can have sessions", async ({ adapter, ...trial }) => {
    const id = trial.idOf(3)
    await adapter.insertUser(newUser(id, 3), null)
    const session = await trial.addSession(id, 1)
    await trial.expectStored(session)
    if (trial.knowsUsers) expectRow((await adapter.findSession(session.id))?.user, id, usernameOf(3))
  }),
  userCase("findSession() finds the user's row as updateUser() left it", async ({ adapter, userId, ...trial }) => {
    if (!trial.knowsUsers) return
    const session = await trial.addSession(userId, 1)
    await adapter.findSession(session.id)
    await adapter.updateUser(userId, { username: usernameOf(3) })
    expectRow((await adapter.findSession(session.id))?.user, userId, usernameOf(3))
    await trial.expectStored(session)
  }),

  signedInCase("deleteUser() ends only that user's sessions", async (trial) => {
    await trial.adapter.deleteUser(trial.userId)
    await trial.expectEnded()
  }),
  signedInCase("deleteUser() ends sessions for good: a user who takes the id later has none", async (trial) => {
    await trial.adapter.deleteUser(trial.userId)
    await trial.adapter.insertUser(newUser(trial.userId, 5), null)
    await trial.expectEnded()
  }),
  userRounds("deleteUser() during a sign-in leaves no session without a user", async (trial, round, both) => {
    if (!trial.knowsUsers) return
    const session = sessionOf(trial.userId, round)
    const signIn = () => trial.adapter.insertSession(session).catch(() => {})
    await both(signIn, () => trial.adapter.deleteUser(trial.userId))
    await trial.expectNoUser(trial.userId)
    await trial.expectNoSession(session.id)
  }),

  signedInCase("replaceKeyPassword() ends no session unless it is told to", async (trial) => {
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(trial.key, "old", "new"), true)
    await trial.expectKept()
  }),
  signedInCase("replaceKeyPassword() with endSessions ends all of the user's sessions", async (trial) => {
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(trial.key, "old", "new", {}), true)
    await trial.expectEnded()
    await trial.expectKey({ ...trial.key, passwordHash: "new" })
  }),
  signedInCase("replaceKeyPassword() with endSessions keeps the one session that it is told to keep", async (trial) => {
    const kept = trial.sessions.slice(0, 1)
    await trial.adapter.replaceKeyPassword(trial.key, "old", "new", { exceptId: kept[0]?.id })
    await trial.expectListed(trial.userId, kept)
    for (const session of [...kept, trial.theirs]) await trial.expectStored(session)
  }),
  signedInCase("replaceKeyPassword() with endSessions keeps none for an id that is not that user's", async (trial) => {
    for (const exceptId of [trial.theirs.id, undefined]) {
      await trial.addSession(trial.userId, 10)
      await trial.adapter.replaceKeyPassword(trial.key, "old", "old", { exceptId })
      await trial.expectEnded()
    }
  }),
  signedInCase("replaceKeyPassword() that fails ends no session", async ({ adapter, key, ...trial }) => {
    const missing = { providerId: "username", providerUserId: "nobody" }
    expectEqual("replaceKeyPassword()", await adapter.replaceKeyPassword(key, "stale", "new", {}), false)
    expectEqual("replaceKeyPassword()", await adapter.replaceKeyPassword(missing, null, "new", {}), false)
    await trial.expectKept()
    await trial.expectKey(key)
  }),
  signedInCase("deleteKey() ends no session", async (trial) => {
    await trial.addKey(trial.userId, "ada2")
    expectEqual("deleteKey()", await trial.adapter.deleteKey(trial.key), "deleted")
    await trial.expectKept()
  }),
]

/** A trial with keys of both password providers, and rows that a change must not touch. */
type KeyedTrial = UserTrial & Awaited<ReturnType<typeof addKeys>> & Awaited<ReturnType<typeof signInBoth>>

function keyedCase(name: string, check: (trial: KeyedTrial) => Promise<void>): AdapterCase {
  return userCase(name, async (trial) => {
    const otherId = await trial.addUser(12)
    await check({ ...trial, ...(await addKeys(trial, otherId)), ...(await signInBoth(trial, otherId)) })
  })
}

async function addKeys({ adapter, userId, addKey }: UserTrial, otherId: UserId) {
  const keys = [
    await addKey(userId, "ada", { passwordHash: "old" }),
    await addKey(userId, "a:b", { passwordHash: "older" }),
    await addKey(userId, "ada@example.com", { providerId: "email", passwordHash: null }),
  ]
  const kept = [
    await addKey(userId, "1", { providerId: "github", passwordHash: null }),
    // Provider ids that a careless comparison of a prefix, or of case, treats as those above.
    await addKey(userId, "ada", { providerId: "username2", passwordHash: "kept" }),
    await addKey(userId, "username", { providerId: "Email", passwordHash: "kept" }),
    await addKey(userId, "email:x", { providerId: "e_ail", passwordHash: "kept" }),
    await addKey(otherId, "grace", { passwordHash: "old" }),
  ]
  const replace = (providerIds: string[], hash: string, exceptId?: string) =>
    adapter.replaceUserPasswords(userId, providerIds, hash, exceptId)
  return { keys, kept, replace }
}

function withHash(keys: KeyRecord[], passwordHash: string | null): KeyRecord[] {
  return keys.map((key) => ({ ...key, passwordHash }))
}

type SignedInTrial = UserTrial & Awaited<ReturnType<typeof signInBoth>> & { key: KeyRecord }

/** Creates a case about a user with a password and sessions, and another user with one session. */
function signedInCase(name: string, check: (trial: SignedInTrial) => Promise<void>): AdapterCase {
  return userCase(name, async (trial) => {
    const key = await trial.addKey(trial.userId, "ada", { passwordHash: "old" })
    await check({ ...trial, ...(await signInBoth(trial)), key })
  })
}

/** Adds three sessions of user 1, one of them expired, and one of another user, with checks for each. */
async function signInBoth({ userId, addSession, ...trial }: UserTrial, otherId = trial.otherId) {
  const sessions = [await addSession(userId, 1), await addSession(userId, 2)]
  sessions.push(await addSession(userId, 3, { expiresAt: expiredAt(0) }))
  const theirs = await addSession(otherId, 4)

  async function expectKept(): Promise<void> {
    for (const session of [...sessions, theirs]) await trial.expectStored(session)
  }

  async function expectEnded(): Promise<void> {
    for (const { id } of sessions) await trial.expectNoSession(id)
    await trial.expectListed(userId, [])
    await trial.expectStored(theirs)
  }

  return { sessions, theirs, expectKept, expectEnded }
}

import type { KeyRecord } from "../core/ports.ts"
import type { FullAdapter } from "./adapter-case.ts"
import type { ConcurrencyCase } from "./concurrency-case.ts"
import { userRace } from "./concurrency-case.ts"
import { expectAuthError, expectEqual, settle } from "./expectation.ts"
import { expectListed, expectNoSession, sessionOf } from "./session-fixture.ts"
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

/** Races about users and keys. */
export const userConcurrencyCases: ConcurrencyCase[] = [
  userRace("20 sign-ups under one name: one user, and no trace of the others", async (round) => {
    const name = `racer-${round.next()}`
    const ids = Array.from({ length: 20 }, () => round.next())
    const signUp = (n: number) => (adapter: FullAdapter) =>
      adapter.insertUser(newUser(round.userId(n), n), withoutUser(keyOf("", name)))
    const results = await round.atOnce(ids.map(signUp))
    expectEqual("users inserted", results.filter((result) => "user" in result).length, 1)
    expectEqual("keys taken", results.filter((result) => "taken" in result && result.taken === "key").length, 19)
    const winner = results.findIndex((result) => "user" in result)
    for (const [n, id] of ids.entries()) if (n !== winner) await expectNoUser(round, round.userId(id))
    await expectKey(round, keyOf(round.userId(ids[winner] ?? 0), name))
  }),
  userRace("12 changes of one password: one takes place, and ends the user's sessions", async (round) => {
    const userId = await round.addUser()
    const key = await addKey(round, userId, `racer-${round.next()}`, { passwordHash: "old" })
    const session = sessionOf(userId, round.next())
    await round.adapter.insertSession(session)
    const hashes = Array.from({ length: 12 }, (_, n) => `new-${n}`)
    const results = await round.atOnce(hashes.map((to) => (adapter) => adapter.replaceKeyPassword(key, "old", to, {})))
    expectEqual("replaceKeyPassword() calls that did", results.filter((replaced) => replaced === true).length, 1)
    await expectKey(round, { ...key, passwordHash: hashes[results.indexOf(true)] ?? "old" })
    await expectNoSession(round, session.id)
  }),
  userRace(
    "a new key during a change of the password: it has the new one, or sees that the others have it",
    async (round) => {
      const userId = await round.addUser()
      const key = await addKey(round, userId, `racer-${round.next()}`, { passwordHash: "old" })
      const added = keyOf(userId, `racer-${round.next()}`, { passwordHash: "old" })
      const change = (adapter: FullAdapter) => adapter.replaceUserPasswords(userId, ["username"], "new")
      const insert = async (adapter: FullAdapter) => {
        await adapter.insertKey(added)
        return (await adapter.findKey(key.providerId, key.providerUserId))?.passwordHash
      }
      const [, seen] = await round.atOnce<unknown>([change, insert])
      await expectKey(round, { ...key, passwordHash: "new" })
      await expectKey(round, { ...added, passwordHash: seen === "old" ? "new" : await hashOf(round, added) })
    },
  ),
  userRace("a user's 4 keys are deleted at once: one is left", async (round) => {
    const userId = await round.addUser()
    const keys: KeyRecord[] = []
    for (let n = 0; n < 4; n++) keys.push(await addKey(round, userId, `racer-${round.next()}`))
    const answers = await round.atOnce(keys.map((key) => (adapter) => adapter.deleteKey(key)))
    expectEqual("deleteKey()", answers.toSorted(), ["deleted", "deleted", "deleted", "last_key"])
    await expectKeys(
      round,
      userId,
      keys.filter((_, n) => answers[n] === "last_key"),
    )
  }),
  userRace("4 users take one name: one key and one row change", async (round) => {
    const ids = Array.from({ length: 4 }, () => round.next())
    const keys: KeyRecord[] = []
    for (const n of ids) {
      await round.adapter.insertUser(newUser(round.userId(n), n), null)
      keys.push(await addKey(round, round.userId(n), `racer-${n}`))
    }
    const name = `taken-${round.next()}`
    const attributes = (n: number) => ({ username: `${name}-${ids[n] ?? ""}` })
    const renames = keys.map((key, n) => (adapter: FullAdapter) => adapter.renameKey(key, name, attributes(n)))
    const answers = await round.atOnce(renames)
    expectEqual("renameKey()", answers.toSorted(), ["key_taken", "key_taken", "key_taken", "renamed"])
    for (const [n, key] of keys.entries()) {
      if (answers[n] === "renamed") {
        await expectKey(round, { ...key, providerUserId: name })
        expectRow(await round.adapter.findUser(key.userId), key.userId, attributes(n).username)
      } else {
        await expectKey(round, key)
        await expectUser(round, key.userId, ids[n] ?? 0)
      }
    }
  }),
  userRace("a user is deleted during sign-ins and new keys: no session and no key is left", async (round) => {
    if (!round.knowsUsers) return
    const userId = await round.addUser()
    const sessions = Array.from({ length: 8 }, () => sessionOf(userId, round.next()))
    const keys = Array.from({ length: 3 }, () => keyOf(userId, `racer-${round.next()}`))
    const remove = (adapter: FullAdapter) => adapter.deleteUser(userId)
    const calls = [
      ...sessions.map((session) => unlessUserIsMissing((adapter) => adapter.insertSession(session))),
      ...keys.map((key) => unlessUserIsMissing((adapter) => adapter.insertKey(key))),
    ]
    await round.atOnce([...calls.slice(0, 4), remove, ...calls.slice(4)])
    await expectNoUser(round, userId)
    for (const { id } of sessions) await expectNoSession(round, id)
    await expectListed(round, userId, [])
    for (const key of keys) await expectNoKey(round, key)
    await expectKeys(round, userId, [])
  }),
]

async function hashOf({ adapter }: { adapter: FullAdapter }, key: KeyRecord): Promise<string | null> {
  return (await adapter.findKey(key.providerId, key.providerUserId))?.passwordHash ?? null
}

/** Makes a call that may find no user, and must not fail otherwise. */
function unlessUserIsMissing(
  call: (adapter: FullAdapter) => Promise<unknown>,
): (adapter: FullAdapter) => Promise<void> {
  return async (adapter) => {
    const outcome = await settle(() => call(adapter))
    if (outcome.status === "rejected")
      await expectAuthError("the call", "user_missing", () => Promise.reject(outcome.reason))
  }
}

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
  userRace("a user is deleted beside sign-ins and new keys: no session and no key is left", async (round) => {
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

import type { KeyRecord } from "../core/ports.ts"
import type { FullAdapter } from "./adapter-case.ts"
import type { ConcurrencyCase } from "./concurrency-case.ts"
import { userRace } from "./concurrency-case.ts"
import { expectEqual, unlessUserIsMissing, winnerOf } from "./expectation.ts"
import { sessionOf } from "./session-fixture.ts"
import { expectRow, keyOf, newUser, withoutUser } from "./user-fixture.ts"

/** Race conditions of users and keys. */
export const userConcurrencyCases: ConcurrencyCase[] = [
  userRace("20 sign-ups under one name: one user, and no trace of the others", async (round) => {
    const name = `racer-${round.next()}`
    const numbers = Array.from({ length: 20 }, () => round.next())
    const signUp = (n: number) => (adapter: FullAdapter) =>
      adapter.insertUser(newUser(round.idOf(n), n), withoutUser(keyOf("", name)))
    const results = await round.atOnce(numbers.map(signUp))
    const winner = winnerOf("users inserted", numbers, results, (result) => "user" in result)
    expectEqual("keys taken", results.filter((result) => "taken" in result && result.taken === "key").length, 19)
    for (const n of numbers) if (n !== winner) await round.expectNoUser(round.idOf(n))
    await round.expectKey(keyOf(round.idOf(winner), name))
  }),
  userRace("12 changes of one password: one takes place, and ends the user's sessions", async (round) => {
    const key = await round.addKey(round.userId, `racer-${round.next()}`, { passwordHash: "old" })
    const session = await round.addSession(round.userId, round.next())
    const hashes = Array.from({ length: 12 }, (_, n) => `new-${n}`)
    const results = await round.atOnce(hashes.map((to) => (adapter) => adapter.replaceKeyPassword(key, "old", to, {})))
    const passwordHash = winnerOf("replaceKeyPassword() calls that did", hashes, results)
    await round.expectKey({ ...key, passwordHash })
    await round.expectNoSession(session.id)
  }),
  userRace(
    "a new key during a change of the password: it has the new one, or sees that the others have it",
    async ({ userId, next, ...round }) => {
      const key = await round.addKey(userId, `racer-${next()}`, { passwordHash: "old" })
      const added = keyOf(userId, `racer-${next()}`, { passwordHash: "old" })
      const change = (adapter: FullAdapter) => adapter.replaceUserPasswords(userId, ["username"], "new")
      const insert = async (adapter: FullAdapter) => {
        await adapter.insertKey(added)
        return hashOf(adapter, key)
      }
      const [, seen] = await round.atOnce<unknown>([change, insert])
      await round.expectKey({ ...key, passwordHash: "new" })
      await round.expectKey({ ...added, passwordHash: seen === "old" ? "new" : await hashOf(round.adapter, added) })
    },
  ),
  userRace("a user's 4 keys are deleted at once: one is left", async ({ userId, ...round }) => {
    const keys: KeyRecord[] = []
    for (let n = 0; n < 4; n++) keys.push(await round.addKey(userId, `racer-${round.next()}`))
    const outcomes = await round.atOnce(keys.map((key) => (adapter) => adapter.deleteKey(key)))
    expectEqual("deleteKey()", outcomes.toSorted(), ["deleted", "deleted", "deleted", "last_key"])
    await round.expectKeys(userId, ...keys.filter((_, n) => outcomes[n] === "last_key"))
  }),
  userRace("4 users take one name: one key and one row change", async (round) => {
    const numbers = Array.from({ length: 4 }, () => round.next())
    for (const n of numbers) await round.adapter.insertUser(newUser(round.idOf(n), n), null)
    const keys = await Promise.all(numbers.map((n) => round.addKey(round.idOf(n), `racer-${n}`)))
    const name = `taken-${round.next()}`
    const attributesOf = (key: KeyRecord) => ({ username: `${name}-${key.providerUserId}` })
    const outcomes = await round.atOnce(keys.map((key) => (adapter) => adapter.renameKey(key, name, attributesOf(key))))
    expectEqual("renameKey()", outcomes.toSorted(), ["key_taken", "key_taken", "key_taken", "renamed"])
    for (const [n, key] of keys.entries()) {
      if (outcomes[n] === "renamed") {
        await round.expectKey({ ...key, providerUserId: name })
        expectRow(await round.adapter.findUser(key.userId), key.userId, attributesOf(key).username)
      } else {
        await round.expectKey(key)
        await round.expectUser(key.userId, numbers[n]!)
      }
    }
  }),
  userRace("a user is deleted during sign-ins and new keys: no session and no key is left", async (round) => {
    if (!round.knowsUsers) return
    const n = round.next()
    const userId = await round.addUser(n)
    const sessions = Array.from({ length: 8 }, () => sessionOf(userId, round.next()))
    const keys = Array.from({ length: 3 }, () => keyOf(userId, `racer-${round.next()}`))
    const remove = (adapter: FullAdapter) => adapter.deleteUser(userId)
    const calls = [
      ...sessions.map((session) => unlessUserIsMissing((adapter: FullAdapter) => adapter.insertSession(session))),
      ...keys.map((key) => unlessUserIsMissing((adapter: FullAdapter) => adapter.insertKey(key))),
    ]
    await round.atOnce([...calls.slice(0, 4), remove, ...calls.slice(4)])
    await round.expectNoUser(userId)
    const expectNothing = async () => {
      for (const { id } of sessions) await round.expectNoSession(id)
      await round.expectListed(userId, [])
      for (const key of keys) await round.expectNoKey(key)
      await round.expectKeys(userId)
    }
    await expectNothing()
    // A row left without its user would belong to the next user with that id.
    await round.addUser(n)
    await expectNothing()
  }),
]

async function hashOf(adapter: FullAdapter, key: KeyRecord): Promise<string | null> {
  return (await adapter.findKey(key.providerId, key.providerUserId))?.passwordHash ?? null
}

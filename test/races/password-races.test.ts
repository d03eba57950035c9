import { describe, expect, test } from "vitest"
import { createAuth } from "../../src/core/create-auth.ts"
import { createUsers } from "../../src/users/create-users.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { signedInAt } from "./jobs.ts"
import type { Race } from "./races.ts"
import { openRaces, repeat } from "./races.ts"
import { attemptOf } from "../users/attempts.ts"

const old = "correct horse"
const changed = "another horse"

for (const race of await openRaces())
  describe(`passwords on ${race.name}, used by three processes`, () => passwordRaces(race))

function passwordRaces({ adapter, crew, run }: Race): void {
  const auth = createAuth({ adapter, now: () => signedInAt })
  const users = createUsers({ adapter, passwordHasher: countingHasher() })

  test("[R6] no session made by the old password survives its change", async () => {
    let [signedIn, refused] = [0, 0]
    await repeat(
      10,
      () => Math.min(signedIn, refused) > 0,
      async () => {
        const names = await signUp(25)
        const credentials = { names: [...names, ...names], password: old }
        const [changes, ...signIns] = await crew.race(
          ["changePassword", { names, password: changed }],
          ["signIn", credentials],
          ["signIn", credentials],
        )
        expect(changes).toEqual(Array(25).fill(true))
        const tokens = signIns.flat().filter((token) => token !== null)
        for (const token of tokens) expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
        for (const name of names) expect(await adapter.listSessions(name)).toEqual([])
        signedIn += tokens.length
        refused += signIns.flat().length - tokens.length
      },
    )
    expect(Math.min(signedIn, refused)).toBeGreaterThan(0)
  })

  test("a sign-in by the new password survives", async () => {
    const names = await signUp(25)
    await crew.race(["changePassword", { names, password: changed }])
    const [signIns, again] = await crew.race(
      ["signIn", { names, password: changed }],
      ["signIn", { names, password: changed, version: 2 }],
    )
    for (const token of [...signIns, ...again]) expect((await auth.validateSession(token)).session).not.toBeNull()
  })

  test("[R7][PWD-6] a changed password wins over re-hashes of the old one", async () => {
    let rehashed = 0
    await repeat(
      10,
      () => rehashed > 0,
      async () => {
        const names = await signUp(25)
        const stale = { names: [...names, ...names], password: old, version: 2 }
        const [changes, signIns] = await crew.race(
          ["changePassword", { names, password: changed }],
          ["signIn", stale],
          ["signIn", stale],
        )
        expect(changes).toEqual(Array(25).fill(true))
        for (const name of names) {
          expect(await users.verifyPassword(attemptOf(name, old))).toBeNull()
          expect(await users.verifyPassword(attemptOf(name, changed))).not.toBeNull()
          expect((await adapter.findKey("username", name))?.passwordHash).toMatch(/^v1\$/)
        }
        rehashed += signIns.filter((token) => token !== null).length
      },
    )
    expect(rehashed).toBeGreaterThan(0)
  })

  test("[R8][PWD-10] of 50 sign-ups under spellings of one name one succeeds, and the others hear the same", async () => {
    for (let trial = 0; trial < 10; trial++) {
      const name = `bob-${crypto.randomUUID()}`
      const spellings = [name, name.toUpperCase(), name.replace("bob", "Ｂｏｂ"), ` ${name}`]
      const caller = (count: number) => ({
        names: Array.from({ length: count }, (_, n) => spellings[n % spellings.length] ?? name),
        password: old,
      })
      const before = await countRows()
      const reasons = await crew.race(["signUp", caller(17)], ["signUp", caller(17)], ["signUp", caller(16)])
      expect(reasons.flat().toSorted()).toEqual([...Array<string>(49).fill("key_taken"), null])
      expect(await countRows()).toEqual({ users: before.users + 1, keys: before.keys + 1 })

      const key = await users.verifyPassword(attemptOf(name, old))
      const owner = key && (await users.getUser(String(key.userId)))
      expect(spellings).toContain(owner?.username)
    }
  })

  async function countRows(): Promise<{ users: number; keys: number }> {
    const [row] = await run(`SELECT (SELECT count(*) FROM "user") AS users, (SELECT count(*) FROM user_key) AS keys`)
    return { users: Number(row?.users), keys: Number(row?.keys) }
  }

  // The users are named by their ids.
  async function signUp(count: number): Promise<string[]> {
    const names = Array.from({ length: count }, () => crypto.randomUUID())
    for (const id of names) {
      const key = { providerId: "username", providerUserId: id, password: old }
      await users.createUser({ id, key, attributes: { username: id } })
    }
    return names
  }
}

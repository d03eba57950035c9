import { beforeEach, describe, expect, test } from "vitest"
import { empty, everyStore } from "./sql-stores.ts"

const expiresAt = new Date(2_000_000_000_000)
const later = new Date(2_100_000_000_000)
const rounds = 25

for (const store of await everyStore()) {
  describe(store.dialect, () => {
    const adapter = store.adapter()
    const session = (id: string, userId = "alice") => {
      return { id, userId, createdAt: new Date(1_700_000_000_000), expiresAt, attributes: {} }
    }
    const addUser = (id: string) => adapter.insertUser({ id, attributes: { username: id } }, null)
    beforeEach(async () => {
      await empty(store)
      await addUser("alice")
    })

    test("[R2][EXP-8] a sign-out beside renewals: the session stays dead", async () => {
      for (let n = 0; n < rounds; n++) {
        await adapter.insertSession(session("s"))
        const renew = () => adapter.extendSession("s", later, expiresAt)
        await Promise.all([renew(), jitter().then(() => adapter.deleteSession("s")), renew(), jitter().then(renew)])
        expect(await adapter.findSession("s")).toBeNull()
        expect(await renew()).toBe(false)
      }
    })

    test("[R1] many renewals at once: one writes", async () => {
      await adapter.insertSession(session("s"))
      const renewals = Array.from({ length: 20 }, () => adapter.extendSession("s", later, expiresAt))
      expect((await Promise.all(renewals)).filter(Boolean)).toHaveLength(1)
      expect((await adapter.findSession("s"))?.session.expiresAt).toEqual(later)
    })

    test("[R9][P12] a sign-in during the deletion of its user leaves no session and no key without a user", async () => {
      for (let n = 0; n < rounds; n++) {
        const id = `user-${n}`
        await addUser(id)
        const signIn = (m: number) => adapter.insertSession(session(`${id}-${m}`, id))
        const addKey = () =>
          adapter.insertKey({ providerId: "github", providerUserId: id, userId: id, passwordHash: null })
        const remove = () => jitter().then(() => adapter.deleteUser(id))
        const results = await Promise.allSettled([
          signIn(1),
          remove(),
          jitter().then(() => signIn(2)),
          addKey(),
          signIn(3),
        ])
        for (const result of results) {
          if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "user_missing" })
        }
        expect(await adapter.findUser(id)).toBeNull()
        expect(await adapter.listSessions(id)).toEqual([])
        expect(await adapter.listKeys(id)).toEqual([])
      }
    })

    test("[R3] a sign-in during a sign-out everywhere is dead, or alive and listed", async () => {
      for (let n = 0; n < rounds; n++) {
        await adapter.insertSession(session("old"))
        await Promise.all([
          adapter.insertSession(session("new")),
          jitter().then(() => adapter.deleteUserSessions("alice")),
        ])
        const alive = (await adapter.findSession("new")) !== null
        expect((await adapter.listSessions("alice")).map(({ id }) => id)).toEqual(alive ? ["new"] : [])
        await adapter.deleteSession("new")
      }
    })

    test("[R12] a cleaning beside renewals: a renewed session is not deleted", async () => {
      const dead = new Date(1_500_000_000_000)
      for (let n = 0; n < rounds; n++) {
        await adapter.insertSession({ ...session("s"), expiresAt: dead })
        await adapter.insertSession({ ...session("t"), expiresAt: dead })
        const [renewed] = await Promise.all([
          adapter.extendSession("s", later, dead),
          adapter.deleteExpiredSessions(dead, 10),
          adapter.deleteExpiredSessions(dead, 10),
        ])
        expect((await adapter.findSession("s")) !== null).toBe(renewed)
        expect(await adapter.findSession("t")).toBeNull()
        await adapter.deleteSession("s")
      }
    })

    test("[R8] many sign-ups of one name at once: one user, one key, and all the others hear that it is taken", async () => {
      const key = { providerId: "username", providerUserId: "bob", passwordHash: null }
      const signUp = (n: number) => adapter.insertUser({ id: `bob-${n}`, attributes: { username: `bob-${n}` } }, key)
      const results = await Promise.all(Array.from({ length: 20 }, (_, n) => signUp(n)))
      expect(results.filter((result) => "user" in result)).toHaveLength(1)
      expect(results.filter((result) => "taken" in result && result.taken === "key")).toHaveLength(19)
      const quote = store.dialect === "mysql" ? "`" : '"'
      expect(await store.run(`SELECT id FROM ${quote}user${quote}`)).toHaveLength(2)
    })

    test("[R7] swaps of one password at once: one takes place", async () => {
      const key = { providerId: "username", providerUserId: "alice" }
      await adapter.insertKey({ ...key, userId: "alice", passwordHash: "old" })
      const swaps = Array.from({ length: 10 }, (_, n) => adapter.replaceKeyPassword(key, "old", `new-${n}`, {}))
      const won = (await Promise.all(swaps)).indexOf(true)
      expect((await Promise.all(swaps)).filter(Boolean)).toHaveLength(1)
      expect((await adapter.findKey("username", "alice"))?.passwordHash).toBe(`new-${won}`)
    })
  })
}

function jitter(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 3))
}

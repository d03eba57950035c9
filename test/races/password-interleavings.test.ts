import { setTimeout as sleep } from "node:timers/promises"
import pg from "pg"
import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import type { SqlExecutor } from "../../adapters/sql/executor.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { createUsers } from "../../src/users/create-users.ts"
import { pgExecutor, pgPoolExecutor } from "../adapters/sql-stores.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import type { RaceAdapter, User } from "./race-store.ts"
import { openSharedStores } from "./races.ts"
import { interruptAt, stepping, steppingHasher } from "./stepping.ts"
import { attemptOf } from "../users/attempts.ts"

const old = "correct horse"
const changed = "another horse"

/** More than any of the flows has. */
const moments = Array.from({ length: 9 }, (_, n) => n + 1)

const shared = await openSharedStores()
const stores: { name: string; adapter: RaceAdapter }[] = [
  { name: "memory", adapter: memoryAdapter<User, { label?: string | null }>() },
  ...shared,
]

for (const { name, adapter } of stores) describe(`on ${name}`, () => interleavings(adapter))

function interleavings(adapter: RaceAdapter): void {
  const users = createUsers({ adapter, passwordHasher: countingHasher() })
  const auth = createAuth({ adapter })

  describe.each([1, 2])("a sign-in by the old password, with version %i of the hasher", (version) => {
    test.each(moments)("[R6] leaves no session when the change comes before its step %i", async (moment) => {
      const name = await signUp()
      const change = () => users.updateUserPassword({ userId: name, password: changed })
      const { step, methods } = interruptAt(moment, change)
      const hasher = steppingHasher(countingHasher(version), step)
      const slow = createUsers({ adapter: stepping(adapter, step), passwordHasher: hasher })
      const signedIn = await slow.signInWithPassword(createAuth({ adapter: stepping(adapter, step) }), {
        providerId: "username",
        providerUserId: name,
        password: old,
      })
      if (methods.length < moment) await change()
      expect(methods).toEqual(expect.arrayContaining(["findKey", "verify"]))

      expect((await auth.validateSession(signedIn?.token)).session).toBeNull()
      expect(await adapter.listSessions(name)).toEqual([])
      expect(await users.verifyPassword(attemptOf(name, old))).toBeNull()
      expect(await users.verifyPassword(attemptOf(name, changed))).not.toBeNull()
    })
  })

  test.each(moments)("[R6] a change leaves no session of a sign-in that comes before its step %i", async (moment) => {
    const name = await signUp()
    const tokens: unknown[] = []
    const signIn = async () => tokens.push((await users.signInWithPassword(auth, attemptOf(name, old)))?.token)
    const { step, methods } = interruptAt(moment, signIn)
    const slow = createUsers({
      adapter: stepping(adapter, step),
      passwordHasher: steppingHasher(countingHasher(), step),
    })
    expect(await slow.updateUserPassword({ userId: name, password: changed })).toEqual({ updated: true })
    if (methods.length < moment) await signIn()
    const own = methods.filter((method) => method !== "deleteTokens")
    expect(own).toEqual(["hash", "replaceUserPasswords", "listKeys", "replaceKeyPassword"])

    expect(tokens).toHaveLength(1)
    for (const token of tokens) expect((await auth.validateSession(token)).session).toBeNull()
    expect(await adapter.listSessions(name)).toEqual([])
  })

  test.each(moments)(
    "of two changes the one that swaps last wins, with the other before its step %i",
    async (moment) => {
      const name = await signUp()
      const other = () => users.updateUserPassword({ userId: name, password: "a third horse" })
      const { step, methods } = interruptAt(moment, other)
      const slow = createUsers({ adapter: stepping(adapter, step), passwordHasher: countingHasher() })
      expect(await slow.updateUserPassword({ userId: name, password: changed })).toEqual({ updated: true })
      if (methods.length < moment) await other()
      const isOvertaken = methods.indexOf("replaceUserPasswords") < moment - 1
      expect(await users.verifyPassword(attemptOf(name, isOvertaken ? "a third horse" : changed))).not.toBeNull()
      expect(await users.verifyPassword(attemptOf(name, isOvertaken ? changed : "a third horse"))).toBeNull()
    },
  )

  async function signUp(): Promise<string> {
    const id = crypto.randomUUID()
    const key = { providerId: "username", providerUserId: id, password: old }
    await users.createUser({ id, key, attributes: { username: id } })
    return id
  }
}

const postgres = shared.find(({ name }) => name === "PostgreSQL")

describe.skipIf(!postgres)("a sign-in by the old password while the change is not committed yet", () => {
  test.each([
    ["", 1],
    [", even if a sign-in by the new one hashes it anew before the change is done", 2],
  ])("[R6] leaves no session%s", async (_what, version) => {
    if (postgres?.address.dialect !== "postgres") throw new Error("skipIf() saw another store")
    const { adapter, address } = postgres
    const passwordHasher = countingHasher()
    const users = createUsers({ adapter, passwordHasher })
    const name = `slow-${version}`
    const key = { providerId: "username", providerUserId: name, password: old }
    await users.createUser({ id: name, key, attributes: { username: name } })

    let signIn: Promise<unknown> | undefined
    const pool = new pg.Pool(address.connection)
    const executor = pausingBeforeCommit(pool, async () => {
      if (signIn) return
      await new Promise<void>((storing) => {
        const insertSession: RaceAdapter["insertSession"] = (session) => (storing(), adapter.insertSession(session))
        const late = createAuth({ adapter: { ...adapter, insertSession } })
        signIn = users.signInWithPassword(late, attemptOf(name, old))
      })
      // The old password was right; the session waits for the change.
      expect(await Promise.race([signIn, sleep(100, "waiting")])).toBe("waiting")
    })
    const others = createUsers({ adapter, passwordHasher: countingHasher(version) })
    const uncommitted = sqlAdapter<User>({ dialect: "postgres", executor })
    const replaceUserPasswords: RaceAdapter["replaceUserPasswords"] = async (...change) => {
      const isChanged = await uncommitted.replaceUserPasswords(...change)
      expect(await others.verifyPassword(attemptOf(name, changed))).not.toBeNull()
      return isChanged
    }
    const slow = createUsers({ adapter: { ...uncommitted, replaceUserPasswords }, passwordHasher })
    await slow.updateUserPassword({ userId: name, password: changed })
    await pool.end()

    expect(await signIn).toBeNull()
    expect(await adapter.listSessions(name)).toEqual([])
  })
})

function pausingBeforeCommit(pool: pg.Pool, pause: () => Promise<void>): SqlExecutor {
  return {
    ...pgPoolExecutor(pool),
    async batch(statements) {
      const client = await pool.connect()
      try {
        await client.query("BEGIN")
        const counts: number[] = []
        for (const { sql, params } of statements) counts.push(await pgExecutor(client).execute(sql, params))
        await pause()
        await client.query("COMMIT")
        return counts
      } finally {
        client.release()
      }
    },
  }
}

import { describe, expect, test } from "vitest"
import { createAuth } from "../../src/core/create-auth.ts"
import { hashToken } from "../../src/core/session-token.ts"
import { signedInAt } from "./jobs.ts"
import type { Race } from "./races.ts"
import { openRaces, repeat } from "./races.ts"

const day = 86_400_000
const halfLife = signedInAt + 15 * day + 1000

for (const race of await openRaces())
  describe(`sessions on ${race.name}, used by three processes`, () => sessionRaces(race))

function sessionRaces({ adapter, crew, run }: Race): void {
  const auth = createAuth({ adapter, now: () => signedInAt })

  test("[R1] 50 requests at the half-life all succeed, and one of them writes", async () => {
    let late = 0
    await repeat(
      10,
      () => late > 0,
      async () => {
        const [userId] = await addUsers(1)
        const { token, session } = await auth.createSession(userId!)
        const requests = (count: number) => ({ tokens: Array<string>(count).fill(token), at: halfLife })
        const visits = await crew.race(
          ["validate", requests(17)],
          ["validate", requests(17)],
          ["validate", requests(16)],
        )
        expect(visits.flat().map((visit) => visit.userId)).toEqual(Array(50).fill(userId))
        expect(visits.flat().filter(({ extended }) => extended)).toHaveLength(1)
        const stored = await adapter.findSession(session.id)
        expect(stored?.session.expiresAt).toEqual(new Date(halfLife + 30 * day))
        late += visits.flat().filter(({ extended }) => extended === false).length
      },
    )
    expect(late).toBeGreaterThan(0)
  })

  test("[R2][EXP-6][EXP-8] a logout during a renewal is final, 2,000 times", async () => {
    const [userId] = await addUsers(1)
    const raced = { extended: 0, lost: 0 }
    await repeat(
      10,
      () => Math.min(raced.extended, raced.lost) > 20,
      async () => {
        const tokens = await signIn(userId!, 200)
        const ids = tokens.map(hashToken)
        const [logouts, visits] = await crew.race(["logOut", ids], ["validate", { tokens, at: halfLife }])
        expect(logouts).toEqual(Array(200).fill(true))
        raced.extended += visits.filter(({ extended }) => extended === true).length
        raced.lost += visits.filter(({ extended }) => extended === false).length

        expect(await adapter.listSessions(userId!)).toEqual([])
        const [replayed] = await crew.race(["validate", { tokens, at: halfLife }])
        expect(replayed).toEqual(Array(200).fill({ isLive: false, userId: null }))
      },
    )
    // Both orders were met, and logouts between a request's read and its write.
    expect(Math.min(raced.extended, raced.lost)).toBeGreaterThan(20)
  })

  test("[R3] after logging out everywhere beside sign-ins, every session that lives is listed", async () => {
    let [survivors, ended] = [0, 0]
    await repeat(
      5,
      () => Math.min(survivors, ended) > 0,
      async () => {
        const userIds = await addUsers(20)
        const each = userIds.flatMap((id) => [id, id, id])
        const created = await crew.race(
          ["createSessions", each],
          ["createSessions", each],
          ["logOutEverywhere", userIds],
        )
        const tokens = [...created[0], ...created[1]].filter((token) => token !== null)
        expect(tokens).toHaveLength(120)

        const live: string[] = []
        for (const token of tokens) {
          const { session } = await auth.validateSession(token)
          if (session) live.push(session.id)
        }
        const listed = await Promise.all(userIds.map((id) => auth.getUserSessions(id)))
        expect(
          listed
            .flat()
            .map(({ id }) => id)
            .toSorted(),
        ).toEqual(live.toSorted())
        for (const id of userIds) await auth.invalidateUserSessions(id)
        for (const token of tokens) expect((await auth.validateSession(token)).session).toBeNull()
        survivors += live.length
        ended += tokens.length - live.length
      },
    )
    expect(Math.min(survivors, ended)).toBeGreaterThan(0)
  })

  test("[R9][P12] a user who is deleted beside sign-ins leaves no session", async () => {
    let [signedIn, refused] = [0, 0]
    await repeat(
      5,
      () => Math.min(signedIn, refused) > 0,
      async () => {
        const userIds = await addUsers(20)
        const each = userIds.flatMap((id) => [id, id, id])
        const created = await crew.race(["createSessions", each], ["createSessions", each], ["deleteUsers", userIds])
        const tokens = [...created[0], ...created[1]]
        for (const token of tokens) {
          if (token !== null) expect((await auth.validateSession(token)).session).toBeNull()
        }
        const orphans = `SELECT id FROM session WHERE user_id NOT IN (SELECT id FROM "user")`
        expect(await run(orphans)).toEqual([])
        refused += tokens.filter((token) => token === null).length
        signedIn += tokens.filter((token) => token !== null).length
      },
    )
    expect(Math.min(signedIn, refused)).toBeGreaterThan(0)
  })

  test("[R12] a session that was extended in time survives a cleanup that runs at the same time", async () => {
    let [kept, gone] = [0, 0]
    await repeat(
      5,
      () => Math.min(kept, gone) > 0,
      async () => {
        const [userId] = await addUsers(1)
        const ids = (await signIn(userId!, 100)).map(hashToken)
        const [before, to] = [new Date(signedInAt + 30 * day), new Date(signedInAt + 60 * day)]
        const cleaning = { before, limit: 7, rounds: 20 }
        const [extended, ...deleted] = await crew.race(
          ["extend", { ids, to, ifBefore: before }],
          ["cleanUp", cleaning],
          ["cleanUp", cleaning],
        )
        const survivors = ids.filter((_, n) => extended[n])
        const left = await adapter.listSessions(userId!)
        expect(left.map(({ id }) => id).toSorted()).toEqual(survivors.toSorted())
        expect(left.every(({ expiresAt }) => expiresAt.getTime() === to.getTime())).toBe(true)
        const count = deleted.flat().reduce((sum, n) => sum + n, 0)
        expect(count).toBe(100 - survivors.length)
        kept += survivors.length
        gone += count
        await adapter.deleteUserSessions(userId!)
      },
    )
    expect(Math.min(kept, gone)).toBeGreaterThan(0)
  })

  async function addUsers(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => crypto.randomUUID())
    for (const id of ids) await adapter.insertUser({ id, attributes: { username: id } }, null)
    return ids
  }

  async function signIn(userId: string, count: number): Promise<string[]> {
    const signIns = Array.from({ length: count }, () => auth.createSession(userId))
    return (await Promise.all(signIns)).map(({ token }) => token)
  }
}

import type { KeyRecord, UserId } from "../core/ports.ts"
import type { AdapterCase, FullAdapter, Trial } from "./adapter-case.ts"
import { inRounds, userCase, usernameOf } from "./adapter-case.ts"
import { expectEqual } from "./expectation.ts"
import type { Session } from "./session-fixture.ts"
import { addSession, expectListed, expectNoSession, expectStored, expiredAt, sessionOf } from "./session-fixture.ts"
import { addKey, expectKey, expectNoUser, expectRow, newUser } from "./user-fixture.ts"

/** What happens to a user's sessions when the user, or the user's password, does not stay. */
export const userSessionCases: AdapterCase[] = [
  userCase("a user inserted through the port can have sessions", async (trial) => {
    const id = trial.userId(1)
    await trial.adapter.insertUser(newUser(id, 1), null)
    const session = await addSession(trial, id, 1)
    await expectStored(trial, session)
    if (!trial.knowsUsers) return
    expectRow((await trial.adapter.findSession(session.id))?.user ?? null, id, usernameOf(1))
  }),
  userCase("findSession() finds the user's row as updateUser() left it", async (trial) => {
    if (!trial.knowsUsers) return
    const id = await trial.addUser(1)
    const session = await addSession(trial, id, 1)
    await trial.adapter.findSession(session.id)
    await trial.adapter.updateUser(id, { username: usernameOf(2) })
    expectRow((await trial.adapter.findSession(session.id))?.user ?? null, id, usernameOf(2))
    await expectStored(trial, session)
  }),

  userCase("deleteUser() ends the user's sessions, and nobody else's", async (trial) => {
    const { userId, sessions, theirs } = await addSessions(trial)
    await trial.adapter.deleteUser(userId)
    for (const { id } of sessions) await expectNoSession(trial, id)
    await expectListed(trial, userId, [])
    await expectStored(trial, theirs)
  }),
  userCase("deleteUser() ends sessions for good: a user who takes the id later has none", async (trial) => {
    const { userId, sessions } = await addSessions(trial)
    await trial.adapter.deleteUser(userId)
    await trial.adapter.insertUser(newUser(userId, 5), null)
    for (const { id } of sessions) await expectNoSession(trial, id)
    await expectListed(trial, userId, [])
  }),
  userCase("deleteUser() during a sign-in leaves no session without a user", async (trial) => {
    if (!trial.knowsUsers) return
    await inRounds(6, async (round) => {
      const session = sessionOf(await trial.addUser(round), round)
      const signIn = () => trial.adapter.insertSession(session)
      const remove = () => trial.adapter.deleteUser(session.userId)
      const outcomes = await Promise.allSettled(round % 2 ? [signIn(), remove()] : [remove(), signIn()])
      expectEqual("deleteUser()", outcomes[round % 2 ? 1 : 0]?.status, "fulfilled")
      await expectNoUser(trial, session.userId)
      await expectNoSession(trial, session.id)
    })
  }),

  userCase("replaceKeyPassword() ends no session unless it is told to", async (trial) => {
    const { key, sessions, theirs } = await addSessions(trial)
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, "old", "new"), true)
    for (const session of [...sessions, theirs]) await expectStored(trial, session)
  }),
  userCase("replaceKeyPassword() with endSessions ends all of the user's sessions", async (trial) => {
    const { userId, key, sessions, theirs } = await addSessions(trial)
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, "old", "new", {}), true)
    for (const { id } of sessions) await expectNoSession(trial, id)
    await expectListed(trial, userId, [])
    await expectStored(trial, theirs)
    await expectKey(trial, { ...key, passwordHash: "new" })
  }),
  userCase("replaceKeyPassword() with endSessions spares the one session it is told to", async (trial) => {
    const { userId, key, sessions, theirs } = await addSessions(trial)
    const kept = sessions.slice(0, 1)
    await trial.adapter.replaceKeyPassword(key, "old", "new", { exceptId: kept[0]?.id })
    await expectListed(trial, userId, kept)
    for (const session of [...kept, theirs]) await expectStored(trial, session)
  }),
  userCase(
    "replaceKeyPassword() with endSessions spares none when told an id that is not that user's",
    async (trial) => {
      const { userId, key, theirs } = await addSessions(trial)
      for (const exceptId of [theirs.id, undefined]) {
        await addSession(trial, userId, 10)
        await trial.adapter.replaceKeyPassword(key, "old", "old", { exceptId })
        await expectListed(trial, userId, [])
        await expectStored(trial, theirs)
      }
    },
  ),
  userCase("replaceKeyPassword() that fails ends no session", async (trial) => {
    const { key, sessions, theirs } = await addSessions(trial)
    const missing = { providerId: "username", providerUserId: "nobody" }
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(key, "stale", "new", {}), false)
    expectEqual("replaceKeyPassword()", await trial.adapter.replaceKeyPassword(missing, null, "new", {}), false)
    for (const session of [...sessions, theirs]) await expectStored(trial, session)
    await expectKey(trial, key)
  }),
  userCase("deleteKey() ends no session", async (trial) => {
    const { key, sessions, theirs } = await addSessions(trial)
    await addKey(trial, key.userId, "ada2")
    expectEqual("deleteKey()", await trial.adapter.deleteKey(key), "deleted")
    for (const session of [...sessions, theirs]) await expectStored(trial, session)
  }),
]

interface Signed {
  userId: UserId
  key: KeyRecord
  sessions: Session[]
  theirs: Session
}

/** Adds a user with a password and three sessions, one of them expired, and another user with one. */
async function addSessions(trial: Trial<FullAdapter>): Promise<Signed> {
  const [userId, otherId] = [await trial.addUser(1), await trial.addUser(2)]
  const key = await addKey(trial, userId, "ada", { passwordHash: "old" })
  const sessions = [await addSession(trial, userId, 1), await addSession(trial, userId, 2)]
  sessions.push(await addSession(trial, userId, 3, { expiresAt: expiredAt(0) }))
  return { userId, key, sessions, theirs: await addSession(trial, otherId, 4) }
}

import type { KeyRecord } from "../core/ports.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { usernameOf } from "./adapter-case.ts"
import { expectEqual } from "./expectation.ts"
import type { Session } from "./session-fixture.ts"
import { expiredAt, sessionOf } from "./session-fixture.ts"
import type { UserTrial } from "./trial.ts"
import { userCase, userRounds } from "./trial.ts"
import { expectRow, newUser } from "./user-fixture.ts"

/** What happens to a user's sessions when the user, or the user's password, does not stay. */
export const userSessionCases: AdapterCase[] = [
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

  signedInCase("deleteUser() ends the user's sessions, and nobody else's", async (trial) => {
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
  signedInCase("replaceKeyPassword() with endSessions spares the one session it is told to", async (trial) => {
    const kept = trial.sessions.slice(0, 1)
    await trial.adapter.replaceKeyPassword(trial.key, "old", "new", { exceptId: kept[0]?.id })
    await trial.expectListed(trial.userId, kept)
    for (const session of [...kept, trial.theirs]) await trial.expectStored(session)
  }),
  signedInCase(
    "replaceKeyPassword() with endSessions spares none when told an id that is not that user's",
    async (trial) => {
      for (const exceptId of [trial.theirs.id, undefined]) {
        await trial.addSession(trial.userId, 10)
        await trial.adapter.replaceKeyPassword(trial.key, "old", "old", { exceptId })
        await trial.expectEnded()
      }
    },
  ),
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

interface SignedInTrial extends UserTrial {
  key: KeyRecord
  sessions: Session[]
  theirs: Session
  expectKept(): Promise<void>
  expectEnded(): Promise<void>
}

/** Makes a case about a user with a password and three sessions, one of them expired, and another user with one. */
function signedInCase(name: string, check: (trial: SignedInTrial) => Promise<void>): AdapterCase {
  return userCase(name, async (trial) => {
    const { userId, addSession, expectStored } = trial
    const key = await trial.addKey(userId, "ada", { passwordHash: "old" })
    const sessions = [await addSession(userId, 1), await addSession(userId, 2)]
    sessions.push(await addSession(userId, 3, { expiresAt: expiredAt(0) }))
    const theirs = await addSession(trial.otherId, 4)
    const expectKept = async () => {
      for (const session of [...sessions, theirs]) await expectStored(session)
    }
    const expectEnded = async () => {
      for (const { id } of sessions) await trial.expectNoSession(id)
      await trial.expectListed(userId, [])
      await expectStored(theirs)
    }
    await check({ ...trial, key, sessions, theirs, expectKept, expectEnded })
  })
}

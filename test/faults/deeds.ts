import { guardPort, isAuthError } from "../../src/core/errors.ts"
import { createThrottle } from "../../src/throttle/create-throttle.ts"
import { budget } from "./world.ts"
import type { World } from "./world.ts"

/** A sign-in that has begun: a session, or what waits for the second factor. */
export interface Begun {
  session: { id: string; token: string } | null
  pending: string | null
}

/** What a process can be asked to do: all of it can be sent to another process. */
export type Deeds = ReturnType<typeof deedsOf>

/** The user whose sign-ins ask for a second factor. */
export const enrolledUser = "two"

/** The users who are there when a drill begins. */
export const drillUsers = ["ada", "bob", enrolledUser, "quiet"]

/** The password that they begin with. */
export const firstPassword = "canary horse battery"

/** Makes all that is done in a drill, over one world, by a clock that can be moved. */
export function deedsOf(world: World, clock: { ahead: number; now: () => number }) {
  const { adapter, auth, tokens, users, door } = world
  const { insertTokens } = guardPort(adapter, ["insertTokens"])
  world.enrolled.add(enrolledUser)
  // Its nodes have the same time. clocks.test.ts covers budgets with different clocks.
  const throttle = createThrottle({
    adapter,
    name: "drill",
    limits: { account: { limit: budget.limit, window: "5m" } },
  })

  return {
    async addUsers() {
      for (const id of drillUsers) await signUp(id, firstPassword)
    },

    signUp,

    async signIn(username: string, password: string): Promise<Begun | null> {
      return begunOf(
        await users.signInWithPassword(door, { providerId: "username", providerUserId: username, password }),
      )
    },

    /** `used` without `begun`: the link is spent, and what it proved was taken back since. */
    async signInByLink(link: string): Promise<{ used: boolean; begun: Begun | null }> {
      const used = await tokens.consumeToken(link, "link")
      if (!used?.proof) return { used: used !== null, begun: null }
      return { used: true, begun: begunOf(await unlessVoid(door.beginSignIn(used.proof))) }
    },

    async finish(pending: string): Promise<Begun | null> {
      return begunOf(await door.finishSignIn(pending, async (id) => world.prove(id)))
    },

    async tryCode(handle: string, code: string): Promise<boolean> {
      return (await tokens.consumeCode({ handle, code, purpose: "link" })) !== null
    },

    async validate(token: string): Promise<{ expiresAt: number; createdAt: number } | null> {
      const { session } = await auth.validateSession(token)
      return session && { expiresAt: session.expiresAt.getTime(), createdAt: session.createdAt.getTime() }
    },

    async rotate(token: string): Promise<Begun["session"]> {
      return begunOf(await auth.rotateSession(token))?.session ?? null
    },

    signOut: (id: string): Promise<boolean> => auth.invalidateSession(id),

    signOutEverywhere: (userId: string): Promise<void> => auth.invalidateUserSessions(userId),

    async changePassword(userId: string, password: string): Promise<boolean> {
      return (await users.updateUserPassword({ userId, password })).updated
    },

    deleteUser: (userId: string): Promise<void> => users.deleteUser(userId),

    createLink: (userId: string): Promise<string> => tokens.createToken({ purpose: "link", userId }),

    createCode: (userId: string): Promise<{ handle: string; code: string }> =>
      tokens.createCode({ purpose: "link", userId }),

    /** Stores several tokens in one call, as sets of recovery codes are. */
    insertSet: (userId: string, ids: string[]): Promise<boolean> =>
      insertTokens(
        ids.map((id) => ({
          id,
          purpose: "set",
          userId,
          expiresAt: new Date(clock.now() + 3e9),
          attempts: 0,
          data: "",
        })),
      ),

    async takeAttempt(key: string): Promise<boolean> {
      return (await throttle.consume({ account: key })).allowed
    },

    async cleanUp(): Promise<void> {
      await auth.deleteExpiredSessions()
      await tokens.cleanUp()
      await throttle.cleanUp()
    },

    /** Sets how far the clock is ahead, in milliseconds. */
    async setClock(ahead: number): Promise<void> {
      clock.ahead = ahead
    },
  }

  async function signUp(username: string, password: string): Promise<boolean> {
    const key = { providerId: "username", providerUserId: username, password }
    return (await users.createUser({ id: username, key, attributes: { username } })).user !== undefined
  }
}

type AnyBegun = { session: { id: string } | null; token: string | null; pending?: string | null } | null

function begunOf(begun: AnyBegun): Begun | null {
  if (!begun) return null
  const { session, token, pending = null } = begun
  return { session: session && token ? { id: session.id, token } : null, pending }
}

async function unlessVoid<Result>(begun: Promise<Result>): Promise<Result | null> {
  try {
    return await begun
  } catch (error) {
    if (isAuthError(error) && error.code === "proof_void") return null
    throw error
  }
}

import { DatabaseSync } from "node:sqlite"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { createUsers } from "../../src/users/create-users.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import type { RedisStore } from "./redis-stores.ts"
import { openRedis, redisAddresses } from "./redis-stores.ts"
import { testTables } from "./sql-stores.ts"

interface User {
  id: string
  username: string
}

const { places, close } = await redisAddresses()
afterAll(close)

for (const { name, urls } of places)
  for (const client of ["redis", "ioredis"] as const)
    describe.skipIf(urls.length === 0)(`sessions on ${name} of Redis through ${client}, and users in SQLite`, () => {
      let store: RedisStore
      beforeAll(async () => {
        store = await openRedis({ client, urls })
      })
      afterAll(() => store.close())

      test("a user signs up, in and out, and the user's row comes with the session", async () => {
        const { auth, users } = openApplication()
        const user = await signUp(users)
        const signedIn = await users.signInWithPassword(
          auth,
          { providerId: "username", providerUserId: "ada", password: "correct horse" },
          { label: "phone" },
        )
        const validated = await auth.validateSession(signedIn?.token)
        expect(validated.user).toEqual({ id: user.id, username: "ada" })
        expect(validated.session).toMatchObject({ userId: user.id, label: "phone" })
        expect(await auth.invalidateSession(signedIn!.session.id, { userId: user.id })).toBe(true)
        expect(await auth.validateSession(signedIn?.token)).toMatchObject({ session: null, reason: "unknown" })
      })

      test("[EXP-7] a password change, followed by invalidateUserSessions(), ends every session but the one that is kept", async () => {
        const { auth, users } = openApplication()
        const user = await signUp(users)
        const signIn = async () =>
          (await users.signInWithPassword(auth, {
            providerId: "username",
            providerUserId: "ada",
            password: "correct horse",
          }))!
        const signedIn = [await signIn(), await signIn(), await signIn(), await signIn(), await signIn()]
        const kept = signedIn.shift()
        const changed = await users.updateUserPassword({ userId: user.id, password: "another horse" })
        await auth.invalidateUserSessions(user.id, { except: kept!.session.id })
        expect(changed).toEqual({ updated: true })
        for (const { token } of signedIn)
          expect(await auth.validateSession(token)).toMatchObject({ session: null, reason: "unknown" })
        expect((await auth.validateSession(kept?.token)).user?.id).toBe(user.id)
        expect((await auth.getUserSessions(user.id)).map(({ id }) => id)).toEqual([kept?.session.id])
        expect(
          await users.signInWithPassword(auth, {
            providerId: "username",
            providerUserId: "ada",
            password: "correct horse",
          }),
        ).toBeNull()
      })

      test("[EXP-7] a user who is deleted is signed out at once, and invalidateUserSessions() leaves nothing", async () => {
        const { auth, users } = openApplication()
        const user = await signUp(users)
        const signedIn = await users.signInWithPassword(auth, {
          providerId: "username",
          providerUserId: "ada",
          password: "correct horse",
        })
        await users.deleteUser(user.id)
        expect(await auth.validateSession(signedIn?.token)).toMatchObject({ session: null, reason: "user_missing" })
        await auth.invalidateUserSessions(user.id)
        expect(await auth.getUserSessions(user.id)).toEqual([])
        expect(await auth.validateSession(signedIn?.token)).toMatchObject({ session: null, reason: "unknown" })
      })

      function openApplication() {
        const db = new DatabaseSync(":memory:")
        for (const statement of testTables("sqlite", "text")) db.exec(statement)
        const users = createUsers({ adapter: nodeSqliteAdapter<User>(db), passwordHasher: countingHasher() })
        const auth = createAuth({
          adapter: store.adapter(),
          loadUser: (id: string) => users.getUser(id),
          getUserAttributes: ({ username }) => ({ username }),
          getSessionAttributes: ({ label }) => ({ label }),
        })
        return { auth, users }
      }
    })

async function signUp(users: Pick<ReturnType<typeof createUsers<User>>, "createUser">): Promise<User> {
  const key = { providerId: "username", providerUserId: "ada", password: "correct horse" }
  const { user } = await users.createUser({ key, attributes: { username: "ada" } })
  if (!user) throw new Error("Nobody signed up.")
  return user
}

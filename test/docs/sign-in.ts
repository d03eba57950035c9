import { memoryAdapter } from "../../adapters/memory.ts"
import { createAuth } from "../../src/index.ts"
import type { Auth, SessionAdapter, UserAdapter } from "../../src/index.ts"
import { pbkdf2 } from "../../src/password.ts"
import { createUsers } from "../../src/users.ts"
import type { Users } from "../../src/users.ts"

interface Row {
  id: string
  username: string
}

/** What a file of a page exports: auth and users, or the adapter alone, which may keep sessions only. */
export interface PageModule {
  auth?: Auth<Row, object, { username: string }, object>
  users?: Users<Row, { username: string }>
  adapter?: SessionAdapter<Row> & Partial<UserAdapter<Row, { username: string }>>
}

/** Signs a user up, in and out with what a file of a page exports. Rejects with what went wrong. */
export async function signUpInAndOut(page: PageModule): Promise<string> {
  const { auth, users } = await partsOf(page)
  const username = `Ada ${crypto.randomUUID()}`
  const key = { providerId: "username", providerUserId: username, password: "correct horse battery" }
  const created = await users.createUser({ key, attributes: { username } })
  check(created.user?.username === username, "no user was created")
  check(
    (await users.signInWithPassword(auth, { ...key, password: "wrong horse battery" })) === null,
    "any password will do",
  )
  const signedIn = await users.signInWithPassword(auth, key)
  const { session, user } = await auth.validateSession(signedIn?.token)
  check(user?.username === username, "nobody is signed in")
  check(await auth.invalidateSession(session!.id), "there was no session to end")
  check((await auth.validateSession(signedIn?.token)).session === null, "the user is still signed in")
  return "signed up, in and out"
}

async function partsOf({ auth, users, adapter }: PageModule) {
  if (auth && users) return { auth, users }
  if (!adapter) throw new Error("The file exports neither an auth nor an adapter.")
  const keepsUsers = "insertUser" in adapter
  const userAdapter = keepsUsers ? (adapter as UserAdapter<Row, { username: string }>) : memoryAdapter<Row>()
  const made = createUsers({ adapter: userAdapter, passwordHasher: pbkdf2() })
  const getUserAttributes = ({ username }: Row) => ({ username })
  const loadUser = keepsUsers ? {} : { loadUser: made.getUser }
  return { users: made, auth: createAuth({ adapter, getUserAttributes, ...loadUser }) }
}

function check(isRight: boolean, complaint: string): void {
  if (!isRight) throw new Error(`The page does not work: ${complaint}.`)
}

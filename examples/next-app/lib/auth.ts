import "server-only"
import { createAuth } from "nightlatch"
import type { Member } from "nightlatch"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { createNextAuth } from "nightlatch/next"
import { argon2id } from "nightlatch/password"
import { createThrottle } from "nightlatch/throttle"
import { createUsers } from "nightlatch/users"
import { cookie } from "./cookie"
import { db } from "./db"
import type { SessionRow, UserRow } from "./db"
import { snapshots } from "./snapshots"

// The database gives a new user a role.
const adapter = nodeSqliteAdapter<UserRow, SessionRow, "role">(db)

export const auth = createAuth({
  adapter,
  cookie,
  // What pages and Client Components see of a user and a session. The other columns stay here.
  getUserAttributes: ({ username, role }) => ({ username, role }),
  getSessionAttributes: ({ device }) => ({ device }),
})

export const users = createUsers({ adapter, passwordHasher: argon2id() })

/** Limits how often the password of an account may be tried. */
export const signInThrottle = createThrottle({
  adapter,
  name: "sign-in",
  limits: { account: { limit: 10, window: "10m" } },
})

export const { getSession, verifySession, protectedPage, signIn, setSession, signOut, routeHandler, serverAction } =
  createNextAuth(auth, {
    signInPath: "/sign-in",
    forbiddenPath: "/forbidden",
    // Written where a cookie can be set, and read by the proxy.
    snapshots,
  })

/** Whether a member may do what is for admins: for `authorize`. */
export function isAdmin({ user }: Member<typeof auth>): boolean {
  return user.role === "admin"
}

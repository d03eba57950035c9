import "server-only"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { createNextAuth } from "nightlatch/next"
import { argon2id } from "nightlatch/password"
import { createThrottle } from "nightlatch/throttle"
import { createUsers } from "nightlatch/users"
import { db } from "./db"
import type { UserRow } from "./db"
import { auth } from "./sessions"
import { findUser } from "./users"

const adapter = nodeSqliteAdapter<UserRow, {}, "role">(db)

export const users = createUsers({ adapter, passwordHasher: argon2id() })

/** Limits how often the password of an account may be tried. */
export const signInThrottle = createThrottle({
  adapter,
  name: "sign-in",
  limits: { account: { limit: 10, window: "10m" } },
})

export const { getSession, verifySession, protectedPage, signIn, setSession, signOut, routeHandler, serverAction } =
  createNextAuth(auth, { signInPath: "/sign-in", forbiddenPath: "/forbidden" })

/**
 * Whether a member may do what is for admins, for `authorize`. It asks the database: the role in the session is as old as
 * the sign-in.
 */
export function isAdmin({ user }: { user: { id: string } }): boolean {
  return findUser(user.id)?.role === "admin"
}

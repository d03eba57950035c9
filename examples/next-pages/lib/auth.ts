import { createAuth } from "nightlatch"
import type { InferSession, InferUser } from "nightlatch"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { createPagesAuth } from "nightlatch/next/pages"
import { argon2id } from "nightlatch/password"
import { createThrottle } from "nightlatch/throttle"
import { createUsers } from "nightlatch/users"
import { cookie } from "./cookie"
import { db } from "./db"

interface UserRow {
  id: string
  username: string
  role: "member" | "admin"
}

interface SessionRow {
  /** What the visitor signed in with, such as "Firefox on Linux". */
  device: string
}

// The database gives a new user a role.
const adapter = nodeSqliteAdapter<UserRow, SessionRow, "role">(db)

export const auth = createAuth({
  adapter,
  cookie,
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

export const { signIn, setSession, signOut, apiRoute, serverSideProps } = createPagesAuth(auth, {
  signInPath: "/sign-in",
})

/** Someone who is signed in. */
export interface Member {
  session: InferSession<typeof auth>
  user: InferUser<typeof auth>
}

/** Decides who may see what is for admins. */
export function isAdmin({ user }: Member): boolean {
  return user.role === "admin"
}

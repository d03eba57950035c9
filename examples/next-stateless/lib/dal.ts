import "server-only"
import { redirect } from "next/navigation"
import { cache } from "react"
import { getSession, isAdmin, verifySession } from "./auth"
import type { UserRow } from "./db"
import { findUser, listUsers } from "./users"

// Every read of private data asks who is signed in, and then asks the database who that is today: a session remembers
// the sign-in. What is returned are DTOs, plain objects with what a page shows.

/** The user who is signed in, as the database knows them now; `null` for nobody, and for a user who was deleted. */
export const currentUser = cache(async (): Promise<UserRow | null> => {
  const signedIn = await getSession()
  return (signedIn && findUser(signedIn.user.id)) ?? null
})

export interface Dashboard {
  name: string
  email: string
  role: string
  signedInAt: Date
  /** When the session ends if it is not used. */
  expiresAt: Date
}

/** Reads what the dashboard shows to who is signed in. */
export async function getDashboard(): Promise<Dashboard> {
  const { session } = await verifySession()
  const user = await currentUser()
  // The sign-in page asks the same question, so nobody goes in circles.
  if (!user) redirect("/sign-in")
  const { name, email, role } = user
  return { name, email, role, signedInAt: session.createdAt, expiresAt: session.expiresAt }
}

export interface Profile {
  name: string
  /** For the user and for admins. */
  email?: string
}

/** Reads a user's profile, as far as `viewer` may see it; `null` if there is no such user. */
export function getProfile(id: string, viewer: { id: string }): Profile | null {
  const user = findUser(id)
  // A viewer who was deleted sees nobody.
  if (!user || !findUser(viewer.id)) return null
  return canSeeEmail(viewer, user) ? { name: user.name, email: user.email } : { name: user.name }
}

export interface Member {
  id: string
  name: string
  email: string
  role: UserRow["role"]
  isViewer: boolean
}

/** Lists all users, for admins. */
export async function listMembers(): Promise<Member[]> {
  const { user } = await verifySession({ authorize: isAdmin })
  return listUsers().map(({ id, name, email, role }) => ({ id, name, email, role, isViewer: id === user.id }))
}

function canSeeEmail(viewer: { id: string }, user: UserRow): boolean {
  return viewer.id === user.id || isAdmin({ user: viewer })
}

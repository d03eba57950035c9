import { auth } from "./auth"
import type { Member } from "./auth"
import { db } from "./db"

/** What the browser is told of who is signed in. Props must survive JSON, so times are text. */
export interface VisitorDto {
  user: Member["user"]
  session: Omit<Member["session"], "createdAt" | "expiresAt"> & { createdAt: string; expiresAt: string }
}

/** One of a user's sessions. */
export interface DeviceDto {
  id: string
  label: string
  signedInAt: string
  isCurrent: boolean
}

/** A user, as admins see one. */
export interface UserDto {
  id: string
  username: string
  role: string
}

export function visitorOf({ user, session }: Member): VisitorDto {
  const { createdAt, expiresAt } = session
  return { user, session: { ...session, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString() } }
}

export async function listDevices({ user, session }: Member): Promise<DeviceDto[]> {
  const sessions = await auth.getUserSessions(user.id)
  return sessions.map(({ id, device, createdAt }) => ({
    id,
    label: device,
    signedInAt: createdAt.toISOString(),
    isCurrent: id === session.id,
  }))
}

export function listUsers(): UserDto[] {
  const rows = db.prepare("SELECT id, username, role FROM user ORDER BY username").all()
  return rows.map(({ id, username, role }) => ({ id: String(id), username: String(username), role: String(role) }))
}

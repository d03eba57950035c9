import "server-only"
import { auth, isAdmin, verifySession } from "./auth"
import { db } from "./db"

// Every read of private data asks who is signed in, so that no page can forget it, and returns only what a page shows.

export interface Profile {
  id: string
  username: string
  role: string
  device: string
  signedInAt: Date
  /** When the session ends if it is not used. */
  expiresAt: Date
}

/** Reads the profile of who is signed in. */
export async function getProfile(): Promise<Profile> {
  const { session, user } = await verifySession()
  const { device, createdAt, expiresAt } = session
  return { id: user.id, username: user.username, role: user.role, device, signedInAt: createdAt, expiresAt }
}

export interface Device {
  sessionId: string
  label: string
  signedInAt: Date
  isCurrent: boolean
}

/** Lists where the one who is signed in is signed in, newest first. */
export async function listDevices(): Promise<Device[]> {
  const { session, user } = await verifySession()
  const sessions = await auth.getUserSessions(user.id)
  return sessions.map(({ id, device, createdAt }) => ({
    sessionId: id,
    label: device,
    signedInAt: createdAt,
    isCurrent: id === session.id,
  }))
}

export interface Member {
  id: string
  username: string
  role: string
  /** How many sessions are live. */
  devices: number
  isViewer: boolean
}

/** Lists all users, for admins. */
export async function listMembers(): Promise<Member[]> {
  const { user } = await verifySession({ authorize: isAdmin })
  const rows = db.prepare(membersQuery).all(Date.now())
  return rows.map((row) => ({
    id: String(row.id),
    username: String(row.username),
    role: String(row.role),
    devices: Number(row.devices),
    isViewer: row.id === user.id,
  }))
}

const membersQuery = `SELECT id, username, role,
    (SELECT count(*) FROM session WHERE user_id = user.id AND expires_at > ?) AS devices
  FROM user ORDER BY username`

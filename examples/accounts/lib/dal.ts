import "server-only"
import { audit, auth, passkeys, recovery, totp, users, verifySession } from "./auth"
import { providerNamed } from "./providers"

// Every read of private data checks who is signed in, so no page can forget it. It returns only what a page shows.

export interface Profile {
  email: string
  device: string
  signedInAt: Date
  provedAt: Date | null
}

/** Reads the user's profile. */
export async function getProfile(): Promise<Profile> {
  const { session, user } = await verifySession()
  return {
    email: user.email,
    device: session.device,
    signedInAt: session.createdAt,
    provedAt: session.authenticatedAt,
  }
}

export interface SecondFactors {
  hasTotp: boolean
  hasPasskey: boolean
  recoveryCodes: number
}

/** Reads the user's factors besides a password. */
export async function getSecondFactors(): Promise<SecondFactors> {
  const { user } = await verifySession()
  const [apps, keys, recoveryCodes] = await Promise.all([
    totp.factorsOf(user.id),
    passkeys.factorsOf(user.id),
    recovery.countCodes(user.id),
  ])
  return { hasTotp: apps.length > 0, hasPasskey: keys.length > 0, recoveryCodes }
}

const tenMinutes = 600_000

export interface MissingProofs {
  step: "first" | "second"
  factors: SecondFactors
  hasPassword: boolean
}

/** Returns which proof is missing before a dangerous action: a second factor counts only together with a first. */
export async function getMissingProofs(): Promise<MissingProofs> {
  const { session, user } = await verifySession()
  const [factors, keys] = await Promise.all([getSecondFactors(), users.getUserKeys(user.id)])
  const hasPassword = keys.some((key) => key.hasPassword)
  const { password, email, oauth, sign_up } = session.provenAt
  const latest = Math.max(...[password, email, oauth, sign_up].map((date) => date?.getTime() ?? 0))
  const isRecent = Date.now() - latest < tenMinutes
  return { step: isRecent && (factors.hasTotp || factors.hasPasskey) ? "second" : "first", factors, hasPassword }
}

export interface OwnPasskey {
  id: string
  name: string
  addedAt: Date
  usedAt: Date | null
}

/** Lists the user's passkeys, newest first. */
export async function listPasskeys(): Promise<OwnPasskey[]> {
  const { user } = await verifySession()
  const own = await passkeys.listPasskeys(user.id)
  return own.map(({ id, name, createdAt, usedAt }) => ({ id, name, addedAt: createdAt, usedAt }))
}

export interface OwnProvider {
  providerId: string
  providerUserId: string
  label: string
}

/** Lists the user's linked accounts at providers. */
export async function listProviders(): Promise<OwnProvider[]> {
  const { user } = await verifySession()
  const keys = await users.getUserKeys(user.id)
  return keys
    .filter(({ providerId }) => providerId !== "email")
    .map(({ providerId, providerUserId }) => ({
      providerId,
      providerUserId,
      label: providerNamed(providerId)?.label ?? providerId,
    }))
}

export interface Device {
  sessionId: string
  label: string
  signedInAt: Date
  isCurrent: boolean
  /** Whether the session is bound to a key of its machine. */
  isBound: boolean
}

/** Lists the user's sessions, newest first. */
export async function listDevices(): Promise<Device[]> {
  const { session, user } = await verifySession()
  const sessions = await auth.getUserSessions(user.id)
  return sessions.map(({ id, device, deviceKey, createdAt }) => ({
    sessionId: id,
    label: device,
    signedInAt: createdAt,
    isCurrent: id === session.id,
    isBound: deviceKey !== null,
  }))
}

export interface Activity {
  id: string
  at: Date
  what: string
}

const pageLength = 20

/** Lists the events of the user's account, newest first. */
export async function listActivity(): Promise<Activity[]> {
  const { user } = await verifySession()
  // Events of this process that are not written yet.
  await audit.flush()
  const events = await audit.listEvents({ userId: user.id, limit: pageLength })
  return events.map(({ id, at, type }) => ({ id, at, what: sentences[type] ?? type }))
}

/** Reads the data for "Download your data": everything that the pages show without a fresh proof. */
export async function getOwnData() {
  const [profile, devices, activity] = await Promise.all([getProfile(), listDevices(), listActivity()])
  return { ...profile, devices, activity }
}

const sentences: Record<string, string> = {
  user_created: "Account created",
  session_created: "Signed in",
  session_ended: "Signed out a device",
  user_sessions_ended: "Signed out everywhere else",
  session_rotated: "Session renewed",
  session_elevated: "Confirmed it was you",
  key_used: "Password accepted",
  password_changed: "Password changed",
  password_rehashed: "Password stored with new settings",
  key_renamed: "E-mail address changed",
  token_created: "Link or code requested",
  token_used: "Link or code used",
  token_refused: "Link or code refused",
  second_factor_asked: "Second step requested",
  second_factor_refused: "Second step refused",
  totp_added: "Two-step verification turned on",
  totp_removed: "Two-step verification turned off",
  recovery_used: "Recovery code used",
  passkey_added: "Passkey added",
  passkey_removed: "Passkey removed",
  passkey_cloned: "Passkey refused: there may be a copy of it",
  key_linked: "Way to sign in added",
  key_removed: "Way to sign in removed",
  throttled: "Too many attempts",
  access_reset: "All ways to sign in reset",
  device_bound: "Session bound to its machine",
  device_refused: "Session refused on another machine",
}

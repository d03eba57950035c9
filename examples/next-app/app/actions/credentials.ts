"use server"

import { headers } from "next/headers"
import { redirect, RedirectType } from "next/navigation"
import { safeRedirect } from "nightlatch/web"
import { checkPassword } from "nightlatch/password"
import type { PasswordReason } from "nightlatch/password"
import { normalizeUsername } from "nightlatch/users"
import { auth, serverAction, setSession, signIn, signInThrottle, users } from "@/lib/auth"
import { db } from "@/lib/db"
import { deviceLabel } from "@/lib/device-label"
import { formText } from "@/lib/form-text"

/** What a form for credentials shows again. */
export interface CredentialsState {
  username?: string
  remember?: boolean
  errors?: { form?: string; username?: string; password?: string }
}

export const createAccount = serverAction(
  async (_visitor, _state: CredentialsState, form: FormData): Promise<CredentialsState> => {
    const { username, password, remember } = readCredentials(form)
    const errors = { username: usernameError(username), password: await passwordError(password) }
    if (errors.username || errors.password) return { username, remember, errors }
    const key = { providerId: "username", providerUserId: username, password }
    const { user } = await users.createUser({ key, attributes: { username } })
    if (!user) return { username, remember, errors: { username: "This username is already taken." } }
    makeAdminIfFirst(user.id)
    await signIn(user.id, { device: await currentDevice() }, { persistent: remember })
    redirect("/profile", RedirectType.replace)
  },
  { public: true },
)

export const signInWithPassword = serverAction(
  async (_visitor, _state: CredentialsState, form: FormData): Promise<CredentialsState> => {
    const { username, password, remember } = readCredentials(form)
    const errors = {
      username: username ? undefined : "Enter your username.",
      password: password ? undefined : "Enter your password.",
    }
    if (errors.username || errors.password) return { username, remember, errors }
    const account = normalizeUsername(username)
    const { allowed } = await signInThrottle.consume({ account })
    if (!allowed) return { username, remember, errors: { form: "Too many attempts. Try again in a minute." } }
    const device = await currentDevice()
    const signedIn = await users.signInWithPassword(
      auth,
      { providerId: "username", providerUserId: username, password },
      { device },
    )
    // One message for both, so that nobody learns which usernames exist.
    if (!signedIn) return { username, remember, errors: { form: "Wrong username or password." } }
    await signInThrottle.reset({ account })
    await setSession(signedIn.token, { persistent: remember })
    redirect(safeRedirect(formText(form, "next"), "/profile"), RedirectType.replace)
  },
  { public: true },
)

function readCredentials(form: FormData) {
  return { username: formText(form, "username"), password: formText(form, "password"), remember: form.has("remember") }
}

async function currentDevice(): Promise<string> {
  return deviceLabel((await headers()).get("User-Agent") ?? "")
}

// One statement, so that of two who sign up at the same time only one becomes admin.
function makeAdminIfFirst(userId: string): void {
  db.prepare(
    "UPDATE user SET role = 'admin' WHERE id = ? AND NOT EXISTS (SELECT 1 FROM user WHERE role = 'admin')",
  ).run(userId)
}

function usernameError(username: string): string | undefined {
  return /^[a-z0-9_-]{3,31}$/i.test(username) ? undefined : "Use 3 to 31 letters, digits, _ or -."
}

const passwordErrors: Record<PasswordReason, string> = {
  password_too_short: "Use at least 8 characters.",
  password_too_long: "Use at most 256 characters.",
  password_invalid: "Some of these characters cannot be read.",
  password_common: "Too many people use this password.",
}

async function passwordError(password: string): Promise<string | undefined> {
  const reason = await checkPassword(password)
  return reason ? passwordErrors[reason] : undefined
}

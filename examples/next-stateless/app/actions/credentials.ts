"use server"

import { redirect, RedirectType } from "next/navigation"
import { normalizeEmail } from "nightlatch/users"
import { safeRedirect } from "nightlatch/web"
import { z } from "zod"
import { serverAction, setSession, signIn, signInThrottle, users } from "@/lib/auth"
import { signInSchema, signUpSchema } from "@/lib/definitions"
import type { FormState } from "@/lib/definitions"
import { formText } from "@/lib/form-text"
import { auth } from "@/lib/sessions"
import { findUser, findUserByEmail, makeAdminIfFirst } from "@/lib/users"

export const createAccount = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const values = { name: formText(form, "name"), email: formText(form, "email") }
    const fields = await signUpSchema.safeParseAsync({ ...values, password: formText(form, "password") })
    if (!fields.success) return { values, errors: z.flattenError(fields.error).fieldErrors }
    const { name, email, password } = fields.data
    const key = { providerId: "email", providerUserId: email, password }
    const { user } = await users.createUser({ key, attributes: { name, email } })
    if (!user) return { values, errors: { email: ["This address already has an account."] } }
    makeAdminIfFirst(user.id)
    await signIn(user.id, { name, role: findUser(user.id)?.role ?? "member" })
    redirect("/dashboard", RedirectType.replace)
  },
  { public: true },
)

export const signInWithPassword = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const values = { email: formText(form, "email") }
    const fields = signInSchema.safeParse({ ...values, password: formText(form, "password") })
    if (!fields.success) return { values, errors: z.flattenError(fields.error).fieldErrors }
    const { email, password } = fields.data
    const account = normalizeEmail(email)
    const { allowed } = await signInThrottle.consume({ account })
    if (!allowed) return { values, message: "Too many attempts. Please try again in a minute." }
    // Read before the password is checked: they are sealed with the session.
    const { name, role } = findUserByEmail(email) ?? { name: "", role: "member" as const }
    const signedIn = await users.signInWithPassword(
      auth,
      { providerId: "email", providerUserId: email, password },
      { name, role },
    )
    // One message for both, so that nobody learns which addresses have an account.
    if (!signedIn) return { values, message: "Wrong email address or password." }
    // Whoever took the role away meanwhile has ended the user's sessions, but not this one.
    if (findUserByEmail(email)?.role !== role) {
      await auth.invalidateSession(signedIn.session.id)
      return { values, message: "Please try again." }
    }
    await signInThrottle.reset({ account })
    await setSession(signedIn.token)
    redirect(safeRedirect(formText(form, "next"), "/dashboard"), RedirectType.replace)
  },
  { public: true },
)

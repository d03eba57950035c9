"use server"

import { redirect, RedirectType } from "next/navigation"
import { after } from "next/server"
import { normalizeEmail } from "nightlatch/users"
import { rotate, recently, serverAction, tokens, users } from "@/lib/auth"
import type { FormState } from "@/lib/form-state"
import { formText } from "@/lib/form-text"
import { currentClient, mails, waitingTime } from "@/lib/limits"
import { linkTo, sendMail } from "@/lib/mail"
import { passwordMessage, usedLink, wrongAddress } from "@/lib/messages"
import { bucketsOf, enter, notYou } from "@/lib/sessions"

export const requestReset = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const typed = formText(form, "email")
    const email = normalizeEmail(typed)
    if (!email) return { values: { email: typed }, errors: { email: wrongAddress } }
    const { allowed, retryAfter } = await mails.consume({
      client: await currentClient(),
      account: await bucketsOf(email),
    })
    if (!allowed) return { values: { email }, errors: { form: `Try again in ${waitingTime(retryAfter)}.` } }
    // After the response: only an existing account gets a token, and the time to write it would reveal the account.
    after(() => mailReset(email))
    redirect("/forgot-password/sent")
  },
  { public: true },
)

async function mailReset(email: string): Promise<void> {
  const key = await users.getKey({ providerId: "email", providerUserId: email })
  if (!key) return
  const link = linkTo("/reset-password", await tokens.createToken({ purpose: "reset_password", userId: key.userId }))
  // Read after the link exists: a new address ends older links.
  const user = await users.getUser(key.userId)
  if (!user) return
  sendMail(user.email, "Reset your password", [
    link,
    "The link works for one hour. If you did not request it, ignore this mail.",
  ])
}

export const resetPassword = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const password = formText(form, "password")
    // First check what the user can correct, so a weak password does not use up the link.
    const reason = await users.checkPassword(password)
    if (reason) return { errors: { password: passwordMessage(reason) } }
    const proved = await tokens.consumeToken(formText(form, "token"), "reset_password")
    const user = proved && (await users.getUser(proved.userId))
    if (!user || !proved.proof) return { errors: { form: usedLink } }
    const { updated } = await users.updateUserPassword({ userId: user.id, password })
    // The account or its address was just removed elsewhere.
    if (!updated) return { errors: { form: usedLink } }
    sendMail(user.email, "Your password was changed", [notYou])
    return enter(proved.proof, user.email)
  },
  { public: true },
)

export const changePassword = serverAction(
  async ({ session, user }, _state: FormState, form: FormData): Promise<FormState> => {
    const changed = await users.updateUserPassword(
      { userId: user.id, password: formText(form, "password") },
      { except: session.id },
    )
    if (changed.reason === "key_missing") return { errors: { form: "This account has no password." } }
    if (changed.reason) return { errors: { password: passwordMessage(changed.reason) } }
    await rotate()
    sendMail(user.email, "Your password was changed", [notYou])
    redirect("/account?done=password", RedirectType.replace)
  },
  { authorize: recently },
)

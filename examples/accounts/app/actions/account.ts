"use server"

import { redirect, RedirectType } from "next/navigation"
import { normalizeEmail } from "nightlatch/users"
import { auth, recently, serverAction, signOut, tokens, users } from "@/lib/auth"
import type { FormState } from "@/lib/form-state"
import { formText } from "@/lib/form-text"
import { mails, waitingTime } from "@/lib/limits"
import { linkTo, sendMail } from "@/lib/mail"
import { usedLink, wrongAddress } from "@/lib/messages"
import { notYou } from "@/lib/sessions"

export const requestEmailChange = serverAction(
  async ({ user }, _state: FormState, form: FormData): Promise<FormState> => {
    const typed = formText(form, "email")
    const to = normalizeEmail(typed)
    if (!to || to === user.email) return { values: { email: typed }, errors: { email: wrongAddress } }
    const { allowed, retryAfter } = await mails.consume({ account: user.id, stranger: to })
    if (!allowed) return { values: { email: to }, errors: { form: `Try again in ${waitingTime(retryAfter)}.` } }
    // The link names both addresses: it becomes invalid if another link changes the address first.
    const data = { from: user.email, to }
    const token = await tokens.createToken({ purpose: "change_email", userId: user.id, data })
    if (await users.getKey({ providerId: "email", providerUserId: to })) {
      sendMail(to, "You already have an account", ["Someone wants to use this address for another account."])
    } else {
      sendMail(to, "Confirm your new address", [linkTo("/account/email/confirm", token)])
    }
    sendMail(user.email, "Your address is about to change", [
      `It will be ${to} once that address is confirmed.`,
      notYou,
    ])
    redirect("/account?done=email-asked", RedirectType.replace)
  },
  { authorize: recently },
)

// The user may open the link where they are signed out, such as on a phone. It is bound to its user, and signs nobody in.
export const confirmEmailChange = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const confirmed = await tokens.consumeToken(formText(form, "token"), "change_email")
    if (!confirmed) return { errors: { form: usedLink } }
    const { userId, data } = confirmed
    const key = { userId, providerId: "email", providerUserId: data.from }
    const renamed = await users.renameKey(key, data.to, { attributes: { email: data.to } })
    if (!renamed.renamed) return { errors: { form: usedLink } }
    sendMail(data.from, "Your address was changed", [`It is now ${data.to}.`, notYou])
    sendMail(data.to, "Your address was changed", ["From now on, sign in with this address."])
    redirect("/account/email/done", RedirectType.replace)
  },
  { public: true },
)

export const deleteAccount = serverAction(
  async ({ user }) => {
    await users.deleteUser(user.id)
    await signOut()
    sendMail(user.email, "Your account was deleted", ["Everything in it was deleted."])
    redirect("/")
  },
  { authorize: recently },
)

export const leave = serverAction(
  async () => {
    await signOut()
    redirect("/")
  },
  { public: true },
)

export const endDevice = serverAction(async ({ user }, form: FormData) => {
  // A form can name anyone's session: the user id limits it to the user's own.
  await auth.invalidateSession(formText(form, "session"), { userId: user.id })
  redirect("/devices", RedirectType.replace)
})

export const endOtherDevices = serverAction(async ({ session, user }) => {
  await auth.invalidateUserSessions(user.id, { except: session.id })
  redirect("/devices", RedirectType.replace)
})

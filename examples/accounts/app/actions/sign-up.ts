"use server"

import { redirect, RedirectType } from "next/navigation"
import { normalizeEmail } from "nightlatch/users"
import { flow, serverAction, tokens, users } from "@/lib/auth"
import type { FormState } from "@/lib/form-state"
import { formText } from "@/lib/form-text"
import { currentClient, guesses, mails, waitingTime } from "@/lib/limits"
import { passwordMessage, wrongAddress, wrongCode } from "@/lib/messages"
import { confirmedAddress, mailSignUpCode } from "@/lib/sign-up"
import { enter } from "@/lib/sessions"

const flowName = "sign-up"

// The visitor proves the address before the account exists. So nobody can prepare an unconfirmed account for the owner of
// the address.
export const requestSignUpCode = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const typed = formText(form, "email")
    const email = normalizeEmail(typed)
    if (!email) return { values: { email: typed }, errors: { email: wrongAddress } }
    const { allowed, retryAfter } = await mails.consume({ client: await currentClient(), stranger: email })
    if (!allowed) return { values: { email }, errors: { form: `Try again in ${waitingTime(retryAfter)}.` } }
    await flow.setFlow(flowName, await mailSignUpCode(email))
    redirect("/sign-up/code")
  },
  { public: true },
)

export const finishSignUp = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const [code, password] = [formText(form, "code"), formText(form, "password")]
    // First check what the visitor can correct, so a weak password does not use up the code.
    const reason = await users.checkPassword(password)
    if (reason) return { values: { code }, errors: { password: passwordMessage(reason) } }
    const { allowed, retryAfter } = await guesses.consume({ client: await currentClient() })
    if (!allowed) return { values: { code }, errors: { form: `Try again in ${waitingTime(retryAfter)}.` } }
    const confirmed = await tokens.consumeCode({ handle: await flow.readFlow(flowName), code, purpose: "sign_up" })
    if (!confirmed) return { errors: { code: wrongCode } }
    const { email } = confirmed.data
    const key = { providerId: "email", providerUserId: email, password }
    const created = await users.createUser({ key, attributes: { email } })
    if (!created.user) return { errors: { form: "There is already an account with this address. Sign in instead." } }
    await flow.setFlow(flowName, null)
    return enter(created.proof, email)
  },
  { public: true },
)

/** Confirms only the address: an account with a passkey has no password. */
export const confirmSignUpAddress = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const { allowed, retryAfter } = await guesses.consume({ client: await currentClient() })
    if (!allowed) return { errors: { form: `Try again in ${waitingTime(retryAfter)}.` } }
    const code = formText(form, "code")
    const confirmed = await tokens.consumeCode({ handle: await flow.readFlow(flowName), code, purpose: "sign_up" })
    if (!confirmed) return { errors: { code: wrongCode } }
    await flow.setFlow(flowName, null)
    const { data } = confirmed
    await flow.setFlow(confirmedAddress, await tokens.createToken({ purpose: "confirmed_address", data }))
    redirect("/sign-up/passkey", RedirectType.replace)
  },
  { public: true },
)

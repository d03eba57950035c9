"use server"

import { redirect, RedirectType } from "next/navigation"
import { safeRedirect } from "nightlatch/web"
import { door, elevate, flow, serverAction, tokens, totp, users } from "@/lib/auth"
import type { FormState } from "@/lib/form-state"
import { formText } from "@/lib/form-text"
import { guesses, mails, waitingTime } from "@/lib/limits"
import { sendMail } from "@/lib/mail"
import { wrongCode, wrongRecovery, wrongTotp } from "@/lib/messages"
import { redeemRecoveryCode } from "@/lib/sessions"

const flowName = "confirm"

export const confirmWithPassword = serverAction(
  async ({ user }, _state: FormState, form: FormData): Promise<FormState> => {
    const tooMany = await tooManyGuesses(user.id)
    if (tooMany) return tooMany
    const proof = await users.verifyUserPassword({ userId: user.id, password: formText(form, "password") })
    if (!proof || !(await elevate(door, proof))) return { errors: { password: "This is not your password." } }
    return goOn(user.id, form)
  },
)

export const confirmWithTotp = serverAction(async ({ user }, _state: FormState, form: FormData): Promise<FormState> => {
  const tooMany = await tooManyGuesses(user.id)
  if (tooMany) return tooMany
  const proof = await totp.verifyTotp({ userId: user.id, code: formText(form, "code") })
  if (!proof || !(await elevate(door, proof))) return { errors: { code: wrongTotp } }
  return goOn(user.id, form)
})

export const confirmWithRecoveryCode = serverAction(
  async ({ user }, _state: FormState, form: FormData): Promise<FormState> => {
    const tooMany = await tooManyGuesses(user.id)
    if (tooMany) return tooMany
    const proof = await redeemRecoveryCode(user.id, formText(form, "recovery"))
    if (!proof || !(await elevate(door, proof))) return { errors: { recovery: wrongRecovery } }
    return goOn(user.id, form)
  },
)

export const mailConfirmCode = serverAction(async ({ user }, _state: FormState, form: FormData): Promise<FormState> => {
  const { allowed, retryAfter } = await mails.consume({ account: user.id })
  if (!allowed) return { errors: { form: `Try again in ${waitingTime(retryAfter)}.` } }
  const { code, handle } = await tokens.createCode({ purpose: "confirm", userId: user.id })
  await flow.setFlow(flowName, handle)
  sendMail(user.email, "Your code", [code, "Someone, probably you, wants to change something in your account."])
  redirect(`/confirm/code?next=${encodeURIComponent(nextOf(form))}`)
})

export const confirmWithCode = serverAction(async ({ user }, _state: FormState, form: FormData): Promise<FormState> => {
  const handle = await flow.readFlow(flowName)
  const proved = await tokens.consumeCode({ handle, code: formText(form, "code"), purpose: "confirm" })
  const isOwn = proved?.userId === user.id
  if (!isOwn || !proved.proof || !(await elevate(door, proved.proof))) return { errors: { code: wrongCode } }
  await flow.setFlow(flowName, null)
  redirect(nextOf(form), RedirectType.replace)
})

async function tooManyGuesses(userId: string): Promise<FormState | null> {
  const { allowed, retryAfter } = await guesses.consume({ account: userId, total: userId })
  return allowed ? null : { errors: { form: `Too many attempts. Try again in ${waitingTime(retryAfter)}.` } }
}

/** Redirects to the page that the visitor wanted. If that page requires a second proof, it sends the visitor back here. */
async function goOn(userId: string, form: FormData): Promise<never> {
  await guesses.reset({ account: userId, total: userId })
  redirect(nextOf(form), RedirectType.replace)
}

function nextOf(form: FormData): string {
  return safeRedirect(formText(form, "next"), "/account")
}

"use server"

import { redirect } from "next/navigation"
import { after } from "next/server"
import type { Proof } from "nightlatch/sign-in"
import { normalizeEmail } from "nightlatch/users"
import { safeRedirect } from "nightlatch/web"
import { door, flow, serverAction, tokens, users } from "@/lib/auth"
import type { FormState } from "@/lib/form-state"
import { formText } from "@/lib/form-text"
import { currentClient, guesses, mails, waitingTime } from "@/lib/limits"
import { linkTo, sendMail } from "@/lib/mail"
import { usedLink, wrongAddress, wrongCode } from "@/lib/messages"
import { bucketsOf, currentDevice, enter, finish } from "@/lib/sessions"

const flowName = "sign-in"

export const signInWithPassword = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const [typed, password] = [formText(form, "email"), formText(form, "password")]
    const email = normalizeEmail(typed)
    if (!email) return { values: { email: typed }, errors: { email: wrongAddress } }
    if (!password) return { values: { email }, errors: { password: "Enter your password." } }
    // A known browser has its own budget for both limits, because an attacker could also use up `total`.
    const buckets = await bucketsOf(email)
    const { allowed, retryAfter } = await guesses.consume({
      client: await currentClient(),
      account: buckets,
      total: buckets,
    })
    if (!allowed) {
      return { values: { email }, errors: { form: `Too many attempts. Try again in ${waitingTime(retryAfter)}.` } }
    }
    const device = await currentDevice()
    const begun = await users.signInWithPassword(
      door,
      { providerId: "email", providerUserId: email, password },
      { device },
    )
    // One message for both, so nobody learns who has an account.
    const userId = begun && (begun.session?.userId ?? (await door.peekSignIn(begun.pending))?.userId)
    if (!userId) return { values: { email }, errors: { form: "Wrong e-mail address or password." } }
    return finish(begun, { userId, email, device }, safeRedirect(formText(form, "next"), "/account"))
  },
  { public: true },
)

export const requestSignInMail = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const typed = formText(form, "email")
    const email = normalizeEmail(typed)
    if (!email) return { values: { email: typed }, errors: { email: wrongAddress } }
    const { allowed, retryAfter } = await mails.consume({
      client: await currentClient(),
      account: await bucketsOf(email),
    })
    if (!allowed) return { values: { email }, errors: { form: `Try again in ${waitingTime(retryAfter)}.` } }
    await flow.setFlow(flowName, await mailSignIn(email))
    redirect("/sign-in/code")
  },
  { public: true },
)

/** Mails a link and a code if the account exists. Always creates a handle. */
async function mailSignIn(email: string): Promise<string> {
  const key = await users.getKey({ providerId: "email", providerUserId: email })
  // A handle that signs nobody in, at the same cost.
  if (!key) return (await tokens.createCode({ purpose: "sign_up", data: { email } })).handle
  const { code, handle } = await tokens.createCode({ purpose: "sign_in", userId: key.userId })
  // Do the rest after the response, because its duration would reveal that the account exists.
  after(() => mailLinkAndCode(key.userId, code))
  return handle
}

async function mailLinkAndCode(userId: string, code: string): Promise<void> {
  const link = linkTo("/sign-in/link", await tokens.createToken({ purpose: "sign_in", userId }))
  // Send it to the address in the user's row, never to what the visitor typed. Read after the link exists: a new address ends
  // older links.
  const user = await users.getUser(userId)
  if (!user) return
  sendMail(user.email, "Sign in", [
    `Your code: ${code}`,
    `Or open this link: ${link}`,
    "Both work only for a short time.",
  ])
}

export const signInWithCode = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const { allowed, retryAfter } = await guesses.consume({ client: await currentClient() })
    if (!allowed) return { errors: { form: `Try again in ${waitingTime(retryAfter)}.` } }
    const handle = await flow.readFlow(flowName)
    const proved = await tokens.consumeCode({ handle, code: formText(form, "code"), purpose: "sign_in" })
    if (!proved?.proof) return { errors: { code: wrongCode } }
    await flow.setFlow(flowName, null)
    return enterByMail(proved)
  },
  { public: true },
)

// The linked page shows a button, which uses up the link. Programs that open links in mails do not press it.
export const signInWithLink = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const proved = await tokens.consumeToken(formText(form, "token"), "sign_in")
    if (!proved?.proof) return { errors: { form: usedLink } }
    return enterByMail(proved)
  },
  { public: true },
)

async function enterByMail({ userId, proof }: { userId: string; proof: Proof<string> | null }): Promise<FormState> {
  const user = await users.getUser(userId)
  return user && proof ? enter(proof, user.email) : { errors: { form: usedLink } }
}

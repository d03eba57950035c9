"use server"

import { notFound, redirect, RedirectType } from "next/navigation"
import { isAuthError } from "nightlatch"
import { normalizeEmail } from "nightlatch/users"
import { safeRedirect } from "nightlatch/web"
import { flow, recently, serverAction, tokens, users } from "@/lib/auth"
import type { FormState } from "@/lib/form-state"
import { formText } from "@/lib/form-text"
import { currentClient, guesses, mails, waitingTime } from "@/lib/limits"
import { sendMail } from "@/lib/mail"
import { wrongAddress, wrongCode } from "@/lib/messages"
import { oauth } from "@/lib/oauth"
import { providerNamed } from "@/lib/providers"
import { enter, notYou } from "@/lib/sessions"
import { mailSignUpCode, newFromProvider } from "@/lib/sign-up"

const codeFlow = "new-account-code"

export const signInWithProvider = serverAction(
  async (_visitor, form: FormData) => {
    const { allowed } = await guesses.consume({ client: await currentClient() })
    if (!allowed) redirect("/oauth/problem?reason=too_many")
    await goToProvider(form, "sign_in", safeRedirect(formText(form, "next"), "/account"))
  },
  { public: true },
)

// Linking adds a way to sign in, so it requires a fresh proof. The library checks that it started here, with a POST.
export const linkProvider = serverAction(
  async (_member, form: FormData) => goToProvider(form, "link", "/account?done=linked"),
  { authorize: recently },
)

export const confirmWithProvider = serverAction(async (_member, form: FormData) =>
  goToProvider(form, "confirm", safeRedirect(formText(form, "next"), "/account")),
)

async function goToProvider(form: FormData, intent: "sign_in" | "link" | "confirm", next: string): Promise<never> {
  const provider = providerNamed(formText(form, "provider"))
  if (!provider) notFound()
  const begun = oauth.beginOAuth(flow, { providerId: provider.id, intent, next })
  const url = await begun.catch((error: unknown) => {
    if (isAuthError(error) && error.code === "provider_failed") return "/oauth/problem?reason=provider_failed"
    throw error
  })
  redirect(String(url))
}

export const unlinkProvider = serverAction(
  async ({ user }, form: FormData) => {
    const [providerId, providerUserId] = [formText(form, "provider"), formText(form, "id")]
    // The address is also a key, but it is changed on its own page.
    if (!providerNamed(providerId)) notFound()
    const { deleted, reason } = await users.deleteKey({ userId: user.id, providerId, providerUserId })
    if (reason === "last_key") redirect("/account/providers?done=last", RedirectType.replace)
    if (deleted) sendMail(user.email, "A way to sign in was removed", ["You can no longer sign in with it.", notYou])
    redirect("/account?done=unlinked", RedirectType.replace)
  },
  { authorize: recently },
)

// Before an account gets an address, the provider must have proved it, or the visitor must enter a code.
export const signUpFromProvider = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const typed = formText(form, "email")
    const email = normalizeEmail(typed)
    if (!email) return { values: { email: typed }, errors: { email: wrongAddress } }
    const waiting = await tokens.peekToken(await flow.readFlow(newFromProvider), "provider_sign_up")
    if (!waiting) return { errors: { form: tooLate } }
    if (waiting.data.isVerified && waiting.data.email === email) return createAccount(email)
    const { allowed, retryAfter } = await mails.consume({ client: await currentClient(), stranger: email })
    if (!allowed) return { values: { email }, errors: { form: `Try again in ${waitingTime(retryAfter)}.` } }
    await flow.setFlow(codeFlow, await mailSignUpCode(email))
    redirect("/oauth/sign-up/code")
  },
  { public: true },
)

export const finishProviderSignUp = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const { allowed, retryAfter } = await guesses.consume({ client: await currentClient() })
    if (!allowed) return { errors: { form: `Try again in ${waitingTime(retryAfter)}.` } }
    const [handle, code] = [await flow.readFlow(codeFlow), formText(form, "code")]
    const confirmed = await tokens.consumeCode({ handle, code, purpose: "sign_up" })
    if (!confirmed) return { errors: { code: wrongCode } }
    await flow.setFlow(codeFlow, null)
    return createAccount(confirmed.data.email)
  },
  { public: true },
)

const tooLate = "Too much time has passed. Go to the sign-in page and start again."

async function createAccount(email: string): Promise<FormState> {
  const waiting = await tokens.consumeToken(await flow.readFlow(newFromProvider), "provider_sign_up")
  const redeemed = waiting && (await oauth.redeemTicket(waiting.data.ticket))
  if (!redeemed) return { errors: { form: tooLate } }
  await flow.setFlow(newFromProvider, null)
  const created = await users.createUser({ key: redeemed.key, attributes: { email } })
  if (!created.user) redirect("/oauth/taken", RedirectType.replace)
  // Signing in by mail also works: users who lose the account at the provider keep this one.
  await users.createKey({ userId: created.user.id, providerId: "email", providerUserId: email })
  return enter(created.proof, email)
}

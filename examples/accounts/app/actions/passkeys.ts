"use server"

import { redirect, RedirectType } from "next/navigation"
import { safeRedirect } from "nightlatch/web"
import { adapter, door, elevate, flow, passkeys, recently, serverAction, tokens, users } from "@/lib/auth"
import type { FormState } from "@/lib/form-state"
import { formText } from "@/lib/form-text"
import { currentClient, guesses, waitingTime } from "@/lib/limits"
import { sendMail } from "@/lib/mail"
import { passkeyNotAdded, refusedPasskey, unknownPasskey } from "@/lib/messages"
import { passkeyAnswer, passkeyIdIn } from "@/lib/passkey-answer"
import { currentDevice, enter, finish, notYou } from "@/lib/sessions"
import { confirmedAddress } from "@/lib/sign-up"
import { dropLoneRecoveryCodes } from "@/lib/two-step"

export const signInWithPasskey = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const { allowed, retryAfter } = await guesses.consume({ client: await currentClient() })
    if (!allowed) return { errors: { form: `Try again in ${waitingTime(retryAfter)}.` } }
    const answer = passkeyAnswer(form)
    const proof = await passkeys.verifyPasskey(answer)
    const user = proof && (await users.getUser(proof.userId))
    if (!user) return refusalOf(answer)
    return enter(proof, user.email, nextOf(form))
  },
  { public: true },
)

export const confirmWithPasskey = serverAction(
  async (_member, _state: FormState, form: FormData): Promise<FormState> => {
    const answer = passkeyAnswer(form)
    const proof = await passkeys.verifyPasskey(answer)
    if (!proof || !(await elevate(door, proof))) return refusalOf(answer)
    redirect(nextOf(form), RedirectType.replace)
  },
)

export const addPasskey = serverAction(
  async ({ session, user }, _state: FormState, form: FormData): Promise<FormState> => {
    const answer = passkeyAnswer(form)
    const registered = await passkeys.verifyRegistration(answer)
    const name = await currentDevice()
    const added =
      registered?.userId === user.id && (await passkeys.addPasskey(registered, { name, sessionId: session.id }))
    if (!added) return notAdded(answer, passkeyNotAdded)
    sendMail(user.email, "A passkey was added", [`You can now sign in with "${name}".`, notYou])
    // Not back to the list, which asks whoever has a passkey to use it first.
    redirect("/account?done=passkey-added", RedirectType.replace)
  },
  { authorize: recently },
)

export const renamePasskey = serverAction(
  async ({ user }, form: FormData) => {
    const [id, name] = [formText(form, "id"), formText(form, "name").trim()]
    const isRenamed = await passkeys.renamePasskey({ userId: user.id, id, name })
    redirect(`/account/passkeys?done=${isRenamed ? "renamed" : "not-renamed"}`, RedirectType.replace)
  },
  { authorize: recently },
)

// The owner is part of the question: a form can name anyone's passkey. Signing in by mail is always left.
export const removePasskey = serverAction(
  async ({ user }, form: FormData) => {
    const isRemoved = await passkeys.deletePasskey({ userId: user.id, id: formText(form, "id") })
    await dropLoneRecoveryCodes(user.id)
    if (isRemoved) sendMail(user.email, "A passkey was removed", ["You can no longer sign in with it.", notYou])
    redirect("/account/passkeys?done=removed", RedirectType.replace)
  },
  { authorize: recently },
)

/** Creates an account without a password, once its address is confirmed. */
export const signUpWithPasskey = serverAction(
  async (_visitor, _state: FormState, form: FormData): Promise<FormState> => {
    const answer = passkeyAnswer(form)
    const registered = await passkeys.verifyRegistration(answer)
    if (!registered) return notAdded(answer, passkeyNotAdded)
    const confirmed = await tokens.consumeToken(await flow.readFlow(confirmedAddress), "confirmed_address")
    if (!confirmed) return notAdded(answer, "Too much time has passed. Confirm your address again.")
    const { email } = confirmed.data
    // The browser has stored this id with the passkey.
    const id = registered.userId
    const key = { providerId: "email", providerUserId: email }
    const created = await users.createUser({ id, key, attributes: { email } })
    if (!created.user) return notAdded(answer, "There is already an account with this address. Sign in instead.")
    await flow.setFlow(confirmedAddress, null)
    const device = await currentDevice()
    // Before the passkey is there, which would be asked for as a second step.
    const begun = await door.beginSignIn(created.proof, { device })
    await passkeys.addPasskey(registered, { name: device })
    return finish(begun, { userId: id, email, device }, "/account?done=passkey-account")
  },
  { public: true },
)

/** Says what was wrong, and has the browser forget the new passkey. One that was stored, if the form came twice, stays. */
async function notAdded(answer: { response: unknown }, form: string): Promise<FormState> {
  const id = passkeyIdIn(answer)
  const isStored = id !== undefined && (await adapter.findPasskey(id)) !== null
  return { errors: { form }, unknownPasskey: isStored ? undefined : id }
}

/** Says kindly what was wrong. Only whoever has a passkey knows its id, so that it may be said that it is unknown. */
async function refusalOf(answer: { response: unknown }): Promise<FormState> {
  const id = passkeyIdIn(answer)
  if (!id || (await adapter.findPasskey(id))) return { errors: { form: refusedPasskey } }
  return { errors: { form: unknownPasskey }, unknownPasskey: id }
}

function nextOf(form: FormData): string {
  return safeRedirect(formText(form, "next"), "/account")
}

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
    // Not to the list, which first asks users with a passkey to use it.
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

// Always pass the owner, because a form can name anyone's passkey. Signing in by mail still works.
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
    // Sign in before storing the passkey. Otherwise it would be required as a second step.
    const begun = await door.beginSignIn(created.proof, { device })
    await passkeys.addPasskey(registered, { name: device })
    return finish(begun, { userId: id, email, device }, "/account?done=passkey-account")
  },
  { public: true },
)

/** Shows the error, and lets the browser forget the new passkey. If the form was sent twice, a stored passkey stays. */
async function notAdded(answer: { response: unknown }, form: string): Promise<FormState> {
  const id = passkeyIdIn(answer)
  const isStored = id !== undefined && (await adapter.findPasskey(id)) !== null
  return { errors: { form }, unknownPasskey: isStored ? undefined : id }
}

/** Explains the error. Only the owner of a passkey knows its id, so the message may say that the id is unknown. */
async function refusalOf(answer: { response: unknown }): Promise<FormState> {
  const id = passkeyIdIn(answer)
  if (!id || (await adapter.findPasskey(id))) return { errors: { form: refusedPasskey } }
  return { errors: { form: unknownPasskey }, unknownPasskey: id }
}

function nextOf(form: FormData): string {
  return safeRedirect(formText(form, "next"), "/account")
}

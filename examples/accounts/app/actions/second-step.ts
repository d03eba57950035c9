"use server"

import type { Proof } from "nightlatch/sign-in"
import { safeRedirect } from "nightlatch/web"
import { door, flow, passkeys, serverAction, totp, users } from "@/lib/auth"
import type { FormAction, FormState } from "@/lib/form-state"
import { formText } from "@/lib/form-text"
import { currentClient, guesses, waitingTime } from "@/lib/limits"
import { overSignIn, refusedPasskey, wrongRecovery, wrongTotp } from "@/lib/messages"
import { passkeyAnswer } from "@/lib/passkey-answer"
import { bucketsOf, currentDevice, pendingSignIn, redeemRecoveryCode, welcome } from "@/lib/sessions"

export const finishWithTotp = serverAction(
  (_visitor, _state: FormState, form: FormData) =>
    finishSignIn(form, (userId) => totp.verifyTotp({ userId, code: formText(form, "code") }), {
      errors: { code: wrongTotp },
    }),
  { public: true },
)

export const finishWithRecoveryCode = serverAction(
  (_visitor, _state: FormState, form: FormData) =>
    finishSignIn(form, (userId) => redeemRecoveryCode(userId, formText(form, "recovery")), {
      errors: { recovery: wrongRecovery },
    }),
  { public: true },
)

export const finishWithPasskey = serverAction(
  (_visitor, _state: FormState, form: FormData) =>
    finishSignIn(form, () => passkeys.verifyPasskey(passkeyAnswer(form)), { errors: { form: refusedPasskey } }),
  { public: true },
)

/** Completes the pending sign-in of this browser. */
async function finishSignIn(
  form: FormData,
  verify: (userId: string) => Promise<Proof<string> | null>,
  refusal: FormState,
): ReturnType<FormAction> {
  const pending = await flow.readFlow(pendingSignIn)
  const waiting = await door.peekSignIn(pending)
  const user = waiting && (await users.getUser(waiting.userId))
  if (!user) return { errors: { form: overSignIn } }
  const buckets = await bucketsOf(user.email)
  const { allowed, retryAfter } = await guesses.consume({
    client: await currentClient(),
    account: buckets,
    total: buckets,
  })
  if (!allowed) return { errors: { form: `Too many attempts. Try again in ${waitingTime(retryAfter)}.` } }
  const signedIn = await door.finishSignIn(pending, verify)
  if (!signedIn) return (await door.peekSignIn(pending)) ? refusal : { errors: { form: overSignIn } }
  await flow.setFlow(pendingSignIn, null)
  const visitor = { userId: user.id, email: user.email, device: await currentDevice() }
  return welcome(signedIn.token, visitor, safeRedirect(formText(form, "next"), "/account"))
}

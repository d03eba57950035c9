"use server"

import { redirect, RedirectType } from "next/navigation"
import { door, elevate, flow, recently, recovery, serverAction, totp } from "@/lib/auth"
import type { FormState } from "@/lib/form-state"
import { formText } from "@/lib/form-text"
import { sendMail } from "@/lib/mail"
import { wrongTotp } from "@/lib/messages"
import { notYou } from "@/lib/sessions"
import { dropLoneRecoveryCodes, enrollmentFlow } from "@/lib/two-step"

// A flow cookie stores the new key, encrypted, so the page shows the same QR code each time it is loaded.
export const startTotp = serverAction(
  async ({ user }) => {
    const { enrollment } = await totp.enrollTotp({ userId: user.id, account: user.email })
    await flow.setFlow(enrollmentFlow, enrollment, "1h")
    redirect("/account/two-step/set-up")
  },
  { authorize: recently },
)

export const confirmTotp = serverAction(
  async ({ session, user }, _state: FormState, form: FormData): Promise<FormState> => {
    const { proof, reason } = await totp.confirmTotp({
      userId: user.id,
      enrollment: await flow.readFlow(enrollmentFlow),
      code: formText(form, "code"),
      sessionId: session.id,
      // The previous app stops working.
      replace: true,
    })
    if (reason === "wrong_code") return { errors: { code: wrongTotp } }
    if (!proof) return { errors: { form: "This QR code is too old. Go back and start again." } }
    await flow.setFlow(enrollmentFlow, null)
    // Otherwise this session would have to enter a code before the next change.
    await elevate(door, proof)
    sendMail(user.email, "Two-step verification is on", [
      "From now on, signing in requires a code from your app.",
      notYou,
    ])
    redirect("/account/two-step/codes?done=on", RedirectType.replace)
  },
  { authorize: recently },
)

export const makeRecoveryCodes = serverAction(
  async ({ user }, _state: FormState, _form: FormData): Promise<FormState> => {
    const codes = await recovery.createCodes(user.id)
    // Check afterwards, because another tab may have just removed the last factor.
    if (await dropLoneRecoveryCodes(user.id)) return { errors: { form: "Set up an app or a passkey first." } }
    sendMail(user.email, "You have new recovery codes", ["The old ones no longer work.", notYou])
    return { codes }
  },
  { authorize: recently },
)

export const removeTotp = serverAction(
  async ({ user }) => {
    await totp.removeTotp({ userId: user.id })
    await dropLoneRecoveryCodes(user.id)
    sendMail(user.email, "Two-step verification is off", ["Signing in no longer requires a code.", notYou])
    redirect("/account?done=two-step-off", RedirectType.replace)
  },
  { authorize: recently },
)

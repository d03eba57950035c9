import type { Metadata } from "next"
import { safeRedirect } from "nightlatch/web"
import { finishWithPasskey, finishWithRecoveryCode, finishWithTotp } from "@/app/actions/second-step"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"
import { OverSignIn } from "@/app/ui/over-sign-in"
import { PasskeyForm } from "@/app/ui/passkey-form"
import { door, flow, passkeys } from "@/lib/auth"
import { pendingSignIn } from "@/lib/sessions"

export const metadata: Metadata = { title: "One more step" }

interface SecondStepPageProps {
  searchParams: Promise<{ next?: string | string[] }>
}

export default async function SecondStepPage({ searchParams }: SecondStepPageProps) {
  const next = safeRedirect((await searchParams).next, "/account")
  const waiting = await door.peekSignIn(await flow.readFlow(pendingSignIn))
  if (!waiting) return <OverSignIn />
  const has = (factor: (typeof waiting.factors)[number]) => waiting.factors.includes(factor)
  return (
    <>
      <h1>One more step</h1>
      {has("totp") && <ActionForm action={finishWithTotp} button="Sign in" fields={[fields.totp]} hidden={{ next }} />}
      {has("passkey") && (
        <PasskeyForm
          action={finishWithPasskey}
          button="Use your passkey"
          question={await passkeys.signInOptions({ userId: waiting.userId })}
          hidden={{ next }}
        />
      )}
      {has("recovery") && (
        <>
          <h2>Without your device</h2>
          <ActionForm
            action={finishWithRecoveryCode}
            button="Use recovery code"
            fields={[fields.recovery]}
            hidden={{ next }}
          />
        </>
      )}
    </>
  )
}

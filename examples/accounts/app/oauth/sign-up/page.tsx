import type { Metadata } from "next"
import { signUpFromProvider } from "@/app/actions/oauth"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"
import { OverSignIn } from "@/app/ui/over-sign-in"
import { flow, tokens } from "@/lib/auth"
import { newFromProvider } from "@/lib/sign-up"

export const metadata: Metadata = { title: "Create account" }

export default async function ProviderSignUpPage() {
  const waiting = await tokens.peekToken(await flow.readFlow(newFromProvider), "provider_sign_up")
  if (!waiting) return <OverSignIn />
  const { email, isVerified } = waiting.data
  return (
    <>
      <h1>Create account</h1>
      <p className="lead">
        {isVerified
          ? "Your address is confirmed. If you choose another one, we will send a code to it."
          : "Choose your address. We will send a code to it."}
      </p>
      <ActionForm action={signUpFromProvider} button="Create account" fields={[fields.email]} values={{ email }} />
    </>
  )
}

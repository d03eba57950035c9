import type { Metadata } from "next"
import Link from "next/link"
import { finishProviderSignUp } from "@/app/actions/oauth"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"

export const metadata: Metadata = { title: "Confirm your address" }

export default function ProviderSignUpCodePage() {
  return (
    <>
      <h1>Confirm your address</h1>
      <p className="lead">Enter the code from the e-mail.</p>
      <ActionForm action={finishProviderSignUp} button="Create account" fields={[fields.code]} />
      <p className="other">
        No e-mail? Check your spam folder, or <Link href="/oauth/sign-up">choose another address</Link>.
      </p>
    </>
  )
}

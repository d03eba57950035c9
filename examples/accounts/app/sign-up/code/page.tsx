import type { Metadata } from "next"
import Link from "next/link"
import { finishSignUp } from "@/app/actions/sign-up"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"

export const metadata: Metadata = { title: "Confirm your address" }

export default function SignUpCodePage() {
  return (
    <>
      <h1>Confirm your address</h1>
      <p className="lead">Enter the code from the e-mail, and choose a password.</p>
      <ActionForm action={finishSignUp} button="Create account" fields={[fields.code, fields.newPassword]} />
      <p className="other">
        Prefer no password? <Link href="/sign-up/passkey">Use a passkey</Link>
      </p>
      <p className="other">
        No e-mail? Check your spam folder, or <Link href="/sign-up">ask for another code</Link>.
      </p>
    </>
  )
}

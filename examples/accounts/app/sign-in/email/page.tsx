import type { Metadata } from "next"
import { requestSignInMail } from "@/app/actions/sign-in"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"

export const metadata: Metadata = { title: "Sign in by e-mail" }

export default function SignInByEmailPage() {
  return (
    <>
      <h1>Sign in by e-mail</h1>
      <p className="lead">We will send you a link and a code. Either signs you in.</p>
      <ActionForm action={requestSignInMail} button="Send e-mail" fields={[fields.email]} />
    </>
  )
}

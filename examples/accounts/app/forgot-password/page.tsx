import type { Metadata } from "next"
import { requestReset } from "@/app/actions/password"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"

export const metadata: Metadata = { title: "Reset your password" }

export default function ForgotPasswordPage() {
  return (
    <>
      <h1>Reset your password</h1>
      <p className="lead">We will send you a link that works for one hour.</p>
      <ActionForm action={requestReset} button="Send link" fields={[fields.email]} />
    </>
  )
}

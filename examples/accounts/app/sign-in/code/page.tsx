import type { Metadata } from "next"
import Link from "next/link"
import { signInWithCode } from "@/app/actions/sign-in"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"

export const metadata: Metadata = { title: "Check your email" }

export default function SignInCodePage() {
  return (
    <>
      <h1>Check your email</h1>
      <p className="lead">If there is an account with this address, we have sent a link and a code to it.</p>
      <ActionForm action={signInWithCode} button="Sign in" fields={[fields.code]} />
      <p className="other">
        No e-mail? <Link href="/sign-in/email">Send another one</Link>
      </p>
    </>
  )
}

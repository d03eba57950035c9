import type { Metadata } from "next"
import Link from "next/link"
import { redirect } from "next/navigation"
import { signInWithProvider } from "@/app/actions/oauth"
import { requestSignUpCode } from "@/app/actions/sign-up"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"
import { ProviderButtons } from "@/app/ui/provider-buttons"
import { RefreshHeader } from "@/app/ui/refresh-header"
import { getSession } from "@/lib/auth"

export const metadata: Metadata = { title: "Create account" }

export default async function SignUpPage() {
  if (await getSession()) redirect("/account")
  return (
    <>
      <RefreshHeader />
      <h1>Create account</h1>
      <p className="lead">First, we send a code to your address.</p>
      <ActionForm action={requestSignUpCode} button="Send code" fields={[fields.email]} />
      <ProviderButtons action={signInWithProvider} verb="Continue with" />
      <p className="other">
        Have an account? <Link href="/sign-in">Sign in</Link>
      </p>
    </>
  )
}

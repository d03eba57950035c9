import type { Metadata } from "next"
import Link from "next/link"
import { redirect } from "next/navigation"
import { signInWithPassword } from "@/app/actions/credentials"
import { CredentialsForm } from "@/app/ui/credentials-form"
import { RefreshHeader } from "@/app/ui/refresh-header"
import { currentUser } from "@/lib/dal"

export const metadata: Metadata = { title: "Sign in" }

export default async function SignInPage() {
  // Asked of the database, as the dashboard does: else the session of a deleted user would run in circles.
  if (await currentUser()) redirect("/dashboard")
  return (
    <>
      <RefreshHeader />
      <h1>Sign in</h1>
      <CredentialsForm action={signInWithPassword} />
      <p className="other">
        New here? <Link href="/sign-up">Create account</Link>
      </p>
    </>
  )
}

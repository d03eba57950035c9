import type { Metadata } from "next"
import Link from "next/link"
import { redirect } from "next/navigation"
import { signInWithPassword } from "@/app/actions/credentials"
import { CredentialsForm } from "@/app/ui/credentials-form"
import { RefreshHeader } from "@/app/ui/refresh-header"
import { getSession } from "@/lib/auth"

export const metadata: Metadata = { title: "Sign in" }

export default async function SignInPage() {
  // Asked here and not in the proxy, which cannot tell a live session from one that has ended.
  if (await getSession()) redirect("/profile")
  return (
    <>
      <RefreshHeader />
      <h1>Sign in</h1>
      <CredentialsForm action={signInWithPassword} button="Sign in" passwordKind="current-password" />
      <p className="other">
        New here? <Link href="/sign-up">Create account</Link>
      </p>
    </>
  )
}

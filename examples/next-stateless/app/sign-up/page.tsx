import type { Metadata } from "next"
import Link from "next/link"
import { redirect } from "next/navigation"
import { createAccount } from "@/app/actions/credentials"
import { CredentialsForm } from "@/app/ui/credentials-form"
import { RefreshHeader } from "@/app/ui/refresh-header"
import { currentUser } from "@/lib/dal"

export const metadata: Metadata = { title: "Create account" }

export default async function SignUpPage() {
  if (await currentUser()) redirect("/dashboard")
  return (
    <>
      <RefreshHeader />
      <h1>Create account</h1>
      <CredentialsForm action={createAccount} isNew />
      <p className="other">
        Have an account? <Link href="/sign-in">Sign in</Link>
      </p>
    </>
  )
}

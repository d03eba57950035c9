import type { Metadata } from "next"
import Link from "next/link"
import { redirect } from "next/navigation"
import { createAccount } from "@/app/actions/credentials"
import { CredentialsForm } from "@/app/ui/credentials-form"
import { RefreshHeader } from "@/app/ui/refresh-header"
import { getSession } from "@/lib/auth"

export const metadata: Metadata = { title: "Create account" }

const hints = {
  username: "3 to 31 letters, digits, _ or -",
  password: "At least 8 characters. A sentence is best.",
}

export default async function SignUpPage() {
  if (await getSession()) redirect("/profile")
  return (
    <>
      <RefreshHeader />
      <h1>Create account</h1>
      <CredentialsForm action={createAccount} button="Create account" passwordKind="new-password" hints={hints} />
      <p className="other">
        Have an account? <Link href="/sign-in">Sign in</Link>
      </p>
    </>
  )
}

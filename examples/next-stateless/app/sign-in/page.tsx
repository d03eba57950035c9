import type { Metadata } from "next"
import Link from "next/link"
import { redirect } from "next/navigation"
import { safeRedirect } from "nightlatch/web"
import { signInWithPassword } from "@/app/actions/credentials"
import { CredentialsForm } from "@/app/ui/credentials-form"
import { RefreshHeader } from "@/app/ui/refresh-header"
import { currentUser } from "@/lib/dal"

export const metadata: Metadata = { title: "Sign in" }

interface SignInPageProps {
  searchParams: Promise<{ next?: string | string[] }>
}

export default async function SignInPage({ searchParams }: SignInPageProps) {
  // The page that the visitor wanted, which the proxy has put there. Anyone can write this address.
  const next = safeRedirect((await searchParams).next, "/dashboard")
  // Asked of the database, as the dashboard does: otherwise a deleted user would be caught in a redirect loop.
  if (await currentUser()) redirect(next)
  return (
    <>
      <RefreshHeader />
      <h1>Sign in</h1>
      <CredentialsForm action={signInWithPassword} next={next} />
      <p className="other">
        New here? <Link href="/sign-up">Create account</Link>
      </p>
    </>
  )
}

import type { Metadata } from "next"
import Link from "next/link"
import { redirect } from "next/navigation"
import { safeRedirect } from "nightlatch/web"
import { signInWithPassword } from "@/app/actions/sign-in"
import { signInWithProvider } from "@/app/actions/oauth"
import { signInWithPasskey } from "@/app/actions/passkeys"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"
import { PasskeyForm } from "@/app/ui/passkey-form"
import { ProviderButtons } from "@/app/ui/provider-buttons"
import { RefreshHeader } from "@/app/ui/refresh-header"
import { getSession, passkeys } from "@/lib/auth"

export const metadata: Metadata = { title: "Sign in" }

interface SignInPageProps {
  searchParams: Promise<{ next?: string | string[] }>
}

export default async function SignInPage({ searchParams }: SignInPageProps) {
  // The proxy adds the page that the visitor wanted. Anyone can set this parameter.
  const next = safeRedirect((await searchParams).next, "/account")
  // Check here, not in the proxy, which cannot tell a live session from an ended one.
  if (await getSession()) redirect(next)
  return (
    <>
      <RefreshHeader />
      <h1>Sign in</h1>
      <ActionForm
        action={signInWithPassword}
        button="Sign in"
        fields={[{ ...fields.email, autoComplete: "username webauthn" }, fields.password]}
        hidden={{ next }}
      />
      <p className="divider">or</p>
      <PasskeyForm
        action={signInWithPasskey}
        button="Sign in with a passkey"
        question={await passkeys.signInOptions()}
        hidden={{ next }}
        autofill
      />
      <ProviderButtons action={signInWithProvider} verb="Sign in with" next={next} />
      <p className="other">
        <Link href="/forgot-password">Forgot your password?</Link> ·{" "}
        <Link href="/sign-in/email">Sign in by e-mail</Link>
      </p>
      <p className="other">
        New here? <Link href="/sign-up">Create account</Link>
      </p>
    </>
  )
}

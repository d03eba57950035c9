import type { Metadata } from "next"
import Link from "next/link"
import { signInWithLink } from "@/app/actions/sign-in"
import { ActionForm } from "@/app/ui/action-form"
import { tokens, users } from "@/lib/auth"
import { usedLink } from "@/lib/messages"

export const metadata: Metadata = { title: "Sign in", referrer: "strict-origin" }

// Opening the page does not use up the link: mail scanners and previews open every link.
export default async function SignInLinkPage({ searchParams }: { searchParams: Promise<{ token?: unknown }> }) {
  const { token } = await searchParams
  const found = await tokens.peekToken(token, "sign_in")
  const user = found && (await users.getUser(found.userId))
  if (!user) return <UsedLink />
  return (
    <>
      <h1>Sign in</h1>
      {/* An attacker may have sent the link, to lead the visitor into another account. */}
      <p className="lead">The account of {user.email}.</p>
      <ActionForm action={signInWithLink} button="Sign in on this device" hidden={{ token: String(token) }} />
    </>
  )
}

function UsedLink() {
  return (
    <>
      <h1>This link no longer works</h1>
      <p>{usedLink}</p>
      <p className="actions">
        <Link className="button" href="/sign-in/email">
          Send another one
        </Link>
      </p>
    </>
  )
}

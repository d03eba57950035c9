import type { Metadata } from "next"
import Link from "next/link"
import { resetPassword } from "@/app/actions/password"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"
import { tokens, users } from "@/lib/auth"
import { usedLink } from "@/lib/messages"

export const metadata: Metadata = { title: "Choose a new password", referrer: "strict-origin" }

// Opening the page does not use up the link: mail scanners and previews open every link.
export default async function ResetPasswordPage({ searchParams }: { searchParams: Promise<{ token?: unknown }> }) {
  const { token } = await searchParams
  const found = await tokens.peekToken(token, "reset_password")
  const user = found && (await users.getUser(found.userId))
  if (!user) return <UsedLink />
  return (
    <>
      <h1>Choose a new password</h1>
      {/* An attacker may have sent the link, to lead the visitor into another account. */}
      <p className="lead">The account of {user.email}.</p>
      <ActionForm
        action={resetPassword}
        button="Set password and sign in"
        fields={[fields.newPassword]}
        hidden={{ token: String(token) }}
      />
    </>
  )
}

function UsedLink() {
  return (
    <>
      <h1>This link no longer works</h1>
      <p>{usedLink}</p>
      <p className="actions">
        <Link className="button" href="/forgot-password">
          Send another one
        </Link>
      </p>
    </>
  )
}

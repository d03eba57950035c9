import type { Metadata } from "next"
import { confirmEmailChange } from "@/app/actions/account"
import { ActionForm } from "@/app/ui/action-form"
import { tokens } from "@/lib/auth"
import { usedLink } from "@/lib/messages"

export const metadata: Metadata = { title: "Confirm your new address", referrer: "strict-origin" }

// Opening the page does not use up the link: mail scanners and previews open every link.
export default async function ConfirmEmailPage({ searchParams }: { searchParams: Promise<{ token?: unknown }> }) {
  const { token } = await searchParams
  const found = await tokens.peekToken(token, "change_email")
  if (!found) {
    return (
      <>
        <h1>This link no longer works</h1>
        <p>{usedLink}</p>
      </>
    )
  }
  return (
    <>
      <h1>Confirm your new address</h1>
      <p className="lead">
        From {found.data.from} to {found.data.to}.
      </p>
      <ActionForm action={confirmEmailChange} button="Use this address" hidden={{ token: String(token) }} />
    </>
  )
}

import type { Metadata } from "next"
import { confirmWithCode } from "@/app/actions/confirm"
import { ActionForm } from "@/app/ui/action-form"
import { fields } from "@/app/ui/fields"
import { protectedPage } from "@/lib/auth"
import { safeRedirect } from "nightlatch/web"

export const metadata: Metadata = { title: "Confirm it is you" }

interface ConfirmCodePageProps {
  searchParams: Promise<{ next?: string | string[] }>
}

export default protectedPage(async (_member, { searchParams }: ConfirmCodePageProps) => {
  const next = safeRedirect((await searchParams).next, "/account")
  return (
    <>
      <h1>Confirm it is you</h1>
      <p className="lead">We have sent a code to your address.</p>
      <ActionForm action={confirmWithCode} button="Confirm" fields={[fields.code]} hidden={{ next }} />
    </>
  )
})

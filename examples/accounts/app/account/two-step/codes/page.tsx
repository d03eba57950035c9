import type { Metadata } from "next"
import Link from "next/link"
import { makeRecoveryCodes } from "@/app/actions/two-step"
import { RecoveryCodes } from "@/app/ui/recovery-codes"
import { protectedPage, recently } from "@/lib/auth"
import { siteName } from "@/lib/site"

export const metadata: Metadata = { title: "Recovery codes" }

interface CodesPageProps {
  searchParams: Promise<{ done?: string | string[] }>
}

export default protectedPage(
  async ({ user }, { searchParams }: CodesPageProps) => {
    const isNew = (await searchParams).done === "on"
    return (
      <>
        <h1>Recovery codes</h1>
        {isNew && (
          <p className="notice" role="status">
            Two-step verification is on.
          </p>
        )}
        <p className="lead">
          You get ten codes. Each signs you in once if you lose your device. Print them or write them down: we show them
          only once. Earlier codes stop working.
        </p>
        <RecoveryCodes action={makeRecoveryCodes} owner={`${siteName}, ${user.email}`} />
        <p className="other">
          <Link href="/account">Your account</Link>
        </p>
      </>
    )
  },
  { authorize: recently, path: "/account/two-step/codes" },
)

import type { Metadata } from "next"
import Link from "next/link"
import { startTotp } from "@/app/actions/two-step"
import { protectedPage, recently } from "@/lib/auth"
import { getSecondFactors } from "@/lib/dal"

export const metadata: Metadata = { title: "Two-step verification" }

export default protectedPage(
  async () => {
    const { hasTotp, hasPasskey, recoveryCodes } = await getSecondFactors()
    return (
      <>
        <h1>Two-step verification</h1>
        <p className="lead">
          {hasTotp
            ? "It is on: signing in also requires a code from your authenticator app."
            : "Signing in then also requires a code from an app on your phone, so a stolen password is not enough."}
        </p>
        <form action={startTotp} className="actions">
          <button>{hasTotp ? "Use another app" : "Set up an app"}</button>
          {hasTotp && <Link href="/account/two-step/remove">Turn it off</Link>}
        </form>
        {(hasTotp || hasPasskey) && (
          <>
            <h2>Recovery codes</h2>
            <p>
              {recoveryCodes === 0 ? "You have none. " : `You have ${recoveryCodes} left. `}
              Each signs you in once without your device.
            </p>
            <p className="actions">
              <Link href="/account/two-step/codes">New recovery codes</Link>
            </p>
          </>
        )}
      </>
    )
  },
  { authorize: recently, path: "/account/two-step" },
)

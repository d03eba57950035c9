import type { Metadata } from "next"
import Link from "next/link"
import { Time } from "@/app/ui/time"
import { protectedPage } from "@/lib/auth"
import { getProfile, getSecondFactors } from "@/lib/dal"

export const metadata: Metadata = { title: "Account" }

const notices: Record<string, string> = {
  password: "Your password was changed. All other devices are signed out.",
  "passkey-account": "Your account was created.",
  "passkey-added": "Your passkey was added. From now on, we also ask for it after your password.",
  linked: "You can now sign in with it.",
  unlinked: "You can no longer sign in with it.",
  "two-step-off": "Two-step verification is off.",
  data: "Thank you. You can download your data now.",
  "email-asked": "We have sent a link to the new address. Nothing changes until you open it.",
}

interface AccountPageProps {
  searchParams: Promise<{ done?: string | string[] }>
}

export default protectedPage(async ({ session }, { searchParams }: AccountPageProps) => {
  const [{ done }, { email, device, signedInAt, provedAt }] = [await searchParams, await getProfile()]
  const notice = typeof done === "string" && Object.hasOwn(notices, done) ? notices[done] : undefined
  const wantsCodes = String(done).startsWith("passkey") && (await getSecondFactors()).recoveryCodes === 0
  return (
    <>
      {/* This page follows a sign-in, and Next.js may have fetched it by script. The picture lets the browser bind the session. */}
      {session.deviceKey === null && <img src="/auth/device" alt="" hidden />}
      <h1>Account</h1>
      {notice && (
        <p className="notice" role="status">
          {notice}
          {wantsCodes && (
            <>
              {" "}
              <Link href="/account/two-step/codes">Create recovery codes</Link> in case you lose your device.
            </>
          )}
        </p>
      )}
      <dl>
        <dt>E-mail address</dt>
        <dd>{email}</dd>
        <dt>Signed in</dt>
        <dd>
          <Time date={signedInAt} /> with {device}
        </dd>
        {provedAt && (
          <>
            <dt>Last confirmed it was you</dt>
            <dd>
              <Time date={provedAt} />
            </dd>
          </>
        )}
      </dl>
      <ul className="rows">
        <Row href="/account/password" label="Change password" />
        <Row href="/account/email" label="Change e-mail address" />
        <Row href="/account/two-step" label="Two-step verification" />
        <Row href="/account/passkeys" label="Passkeys" />
        <Row href="/account/providers" label="Other ways to sign in" />
        <Row href="/devices" label="Devices" />
        <Row href="/activity" label="Recent activity" />
        <li>
          {/* Not a <Link>, which would prefetch it. */}
          <a href="/account/data">Download your data</a>
        </li>
        <Row href="/account/delete" label="Delete account" />
      </ul>
    </>
  )
})

function Row({ href, label }: { href: string; label: string }) {
  return (
    <li>
      <Link href={href}>{label}</Link>
    </li>
  )
}

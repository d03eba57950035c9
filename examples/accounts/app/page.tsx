import Link from "next/link"
import { getSession } from "@/lib/auth"
import { RefreshHeader } from "./ui/refresh-header"

export default async function HomePage() {
  const signedIn = await getSession()
  return (
    <>
      <h1>Everything an account needs</h1>
      <p className="lead">
        Confirmed addresses, links and codes by e-mail, rate limits, step-up and recent activity, in your own database.
      </p>
      {signedIn ? <MemberActions /> : <VisitorActions />}
    </>
  )
}

function MemberActions() {
  return (
    <p className="actions">
      <Link className="button" href="/account">
        Your account
      </Link>
      <Link href="/activity">Recent activity</Link>
    </p>
  )
}

function VisitorActions() {
  return (
    <>
      <RefreshHeader />
      <p className="actions">
        <Link className="button" href="/sign-up">
          Create account
        </Link>
        <Link href="/sign-in">Sign in</Link>
      </p>
    </>
  )
}

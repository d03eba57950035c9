import type { Metadata } from "next"
import Link from "next/link"

export const metadata: Metadata = { title: "This address is taken" }

// Never sign anyone in because two addresses are the same.
export default function TakenPage() {
  return (
    <>
      <h1>This address is taken</h1>
      <p>
        There is already an account with your address. Sign in as you did before. Then add this way to sign in under
        “Other ways to sign in”.
      </p>
      <p className="actions">
        <Link className="button" href="/sign-in?next=/account/providers">
          Sign in
        </Link>
        <Link href="/forgot-password">Forgot your password?</Link>
      </p>
    </>
  )
}

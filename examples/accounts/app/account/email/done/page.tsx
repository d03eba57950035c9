import type { Metadata } from "next"
import Link from "next/link"

export const metadata: Metadata = { title: "Address changed" }

export default function EmailChangedPage() {
  return (
    <>
      <h1>Address changed</h1>
      <p>From now on, sign in with the new address.</p>
      <p className="actions">
        <Link className="button" href="/account">
          Your account
        </Link>
      </p>
    </>
  )
}

import type { Metadata } from "next"
import Link from "next/link"

export const metadata: Metadata = { title: "Not for you" }

export default function ForbiddenPage() {
  return (
    <>
      <h1>Not for you</h1>
      <p>This page is for admins.</p>
      <p className="actions">
        <Link href="/">Home</Link>
      </p>
    </>
  )
}

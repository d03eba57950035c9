import type { Metadata } from "next"
import Link from "next/link"

export const metadata: Metadata = { title: "Check your email" }

export default function ResetSentPage() {
  return (
    <>
      <h1>Check your email</h1>
      <p>If there is an account with this address, we have sent a link to it.</p>
      <p className="other">
        No e-mail? Check your spam folder, or <Link href="/forgot-password">ask again</Link>.
      </p>
    </>
  )
}

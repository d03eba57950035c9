"use client"

import Link from "next/link"
import { leave } from "@/app/actions/account"
import { useSession } from "./session"

export function AccountNav({ hasMailbox }: { hasMailbox: boolean }) {
  const signedIn = useSession()
  return (
    <nav aria-label="Account">
      {signedIn ? <MemberLinks email={signedIn.user.email} /> : <VisitorLinks />}
      {hasMailbox && <Link href="/mailbox">Mailbox</Link>}
    </nav>
  )
}

function VisitorLinks() {
  return (
    <>
      <Link href="/sign-in">Sign in</Link>
      <Link href="/sign-up">Create account</Link>
    </>
  )
}

function MemberLinks({ email }: { email: string }) {
  return (
    <>
      <Link href="/account">{email}</Link>
      <form action={leave}>
        <button className="link">Sign out</button>
      </form>
    </>
  )
}

"use client"

import Link from "next/link"
import { leave } from "@/app/actions/sessions"
import { useSession } from "./session"

export function AccountNav() {
  const signedIn = useSession()
  return <nav aria-label="Account">{signedIn ? <MemberLinks {...signedIn.user} /> : <StrangerLinks />}</nav>
}

function StrangerLinks() {
  return (
    <>
      <Link href="/sign-in">Sign in</Link>
      <Link href="/sign-up">Create account</Link>
    </>
  )
}

function MemberLinks({ name, role }: { name: string; role: string }) {
  return (
    <>
      <Link href="/dashboard">{name}</Link>
      {role === "admin" && <Link href="/admin">Members</Link>}
      <form action={leave}>
        <button className="link">Sign out</button>
      </form>
    </>
  )
}

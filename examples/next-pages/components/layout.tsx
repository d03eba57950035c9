import Head from "next/head"
import Link from "next/link"
import type { ReactNode } from "react"
import { useSession } from "../lib/session"
import { Form } from "./form"

interface LayoutProps {
  title: string
  /** Set by the pages that are made at build time, when nobody is signed in or out. */
  isStatic?: boolean
  children: ReactNode
}

/** What every page has in common: a title of its own, and who is signed in. */
export function Layout({ title, isStatic = false, children }: LayoutProps) {
  return (
    <>
      <Head>
        <title>{`${title} · Nightlatch example`}</title>
      </Head>
      <header>
        <Link className="brand" href="/">
          nightlatch
        </Link>
        {!isStatic && <Navigation />}
      </header>
      <main>
        <h1>{title}</h1>
        {children}
      </main>
    </>
  )
}

function Navigation() {
  const signedIn = useSession()
  return <nav>{signedIn ? <MemberLinks {...signedIn.user} /> : <StrangerLinks />}</nav>
}

function StrangerLinks() {
  return (
    <>
      <Link href="/sign-in">Sign in</Link>
      <Link href="/sign-up">Create account</Link>
    </>
  )
}

function MemberLinks({ username, role }: { username: string; role: string }) {
  return (
    <>
      <Link href="/profile">{username}</Link>
      <Link href="/devices">Devices</Link>
      {role === "admin" && <Link href="/admin">Users</Link>}
      <Form action="/api/sign-out">{() => <button className="link">Sign out</button>}</Form>
    </>
  )
}

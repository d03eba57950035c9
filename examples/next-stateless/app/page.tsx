import Link from "next/link"
import { getSession } from "@/lib/auth"
import { RefreshHeader } from "./ui/refresh-header"

export default async function HomePage() {
  const signedIn = await getSession()
  return (
    <>
      <h1>{signedIn ? `Hello, ${signedIn.user.name}` : "The key is the session"}</h1>
      <p className="lead">Sign-in with an email address and a password. The session is sealed into its cookie.</p>
      {signedIn ? <Greeting /> : <Invitation />}
    </>
  )
}

function Greeting() {
  return (
    <p className="actions">
      <Link className="button" href="/dashboard">
        Your dashboard
      </Link>
    </p>
  )
}

function Invitation() {
  return (
    <>
      <RefreshHeader />
      <p>Create an account, then sign in from a second browser. Whoever signs up first becomes the admin.</p>
      <p className="actions">
        <Link className="button" href="/sign-up">
          Create account
        </Link>
        <Link href="/sign-in">Sign in</Link>
      </p>
    </>
  )
}

import Link from "next/link"
import { getSession } from "@/lib/auth"
import { RefreshHeader } from "./ui/refresh-header"

export default async function HomePage() {
  const signedIn = await getSession()
  return (
    <>
      <h1>{signedIn ? `Hello, ${signedIn.user.username}` : "A door of your own"}</h1>
      <p className="lead">Sign-in with a username and a password, on your own database.</p>
      {signedIn ? <Greeting username={signedIn.user.username} /> : <Invitation />}
    </>
  )
}

function Greeting({ username }: { username: string }) {
  return (
    <>
      <p>
        You are signed in as <strong>{username}</strong>.
      </p>
      <p className="actions">
        <Link className="button" href="/profile">
          Your profile
        </Link>
        <Link href="/devices">Your devices</Link>
      </p>
    </>
  )
}

function Invitation() {
  return (
    <>
      <RefreshHeader />
      <p>
        Create an account, then sign in from a second browser to see it under Devices. Whoever signs up first becomes
        the admin.
      </p>
      <p className="actions">
        <Link className="button" href="/sign-up">
          Create account
        </Link>
        <Link href="/sign-in">Sign in</Link>
      </p>
    </>
  )
}

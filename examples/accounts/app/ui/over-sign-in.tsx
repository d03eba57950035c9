import Link from "next/link"
import { overSignIn } from "@/lib/messages"

export function OverSignIn() {
  return (
    <>
      <h1>This sign-in has ended</h1>
      <p>{overSignIn}</p>
      <p className="actions">
        <Link className="button" href="/sign-in">
          Sign in
        </Link>
      </p>
    </>
  )
}

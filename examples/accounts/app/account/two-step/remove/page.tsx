import type { Metadata } from "next"
import Link from "next/link"
import { removeTotp } from "@/app/actions/two-step"
import { protectedPage, recently } from "@/lib/auth"

export const metadata: Metadata = { title: "Turn two-step verification off" }

export default protectedPage(
  () => (
    <>
      <h1>Turn two-step verification off</h1>
      <p>Signing in will no longer require a code, and your authenticator app will stop working.</p>
      <form action={removeTotp} className="actions">
        <button>Turn it off</button>
        <Link href="/account/two-step">Keep it</Link>
      </form>
    </>
  ),
  { authorize: recently, path: "/account/two-step/remove" },
)

import type { Metadata } from "next"
import Link from "next/link"
import { deleteAccount } from "@/app/actions/account"
import { protectedPage, recently } from "@/lib/auth"

export const metadata: Metadata = { title: "Delete account" }

export default protectedPage(
  ({ user }) => (
    <>
      <h1>Delete account</h1>
      <p>The account of {user.email} and all that belongs to it will be gone. This cannot be undone.</p>
      <form action={deleteAccount} className="actions">
        <button>Delete my account</button>
        <Link href="/account">Keep it</Link>
      </form>
    </>
  ),
  { authorize: recently, path: "/account/delete" },
)

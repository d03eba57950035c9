import type { Metadata } from "next"
import Link from "next/link"
import { deleteAccount } from "@/app/actions/account"
import { protectedPage, recently } from "@/lib/auth"

export const metadata: Metadata = { title: "Delete account" }

export default protectedPage(
  ({ user }) => (
    <>
      <h1>Delete account</h1>
      <p>This deletes the account {user.email} and everything in it. You cannot undo this.</p>
      <form action={deleteAccount} className="actions">
        <button>Delete my account</button>
        <Link href="/account">Keep it</Link>
      </form>
    </>
  ),
  { authorize: recently, path: "/account/delete" },
)

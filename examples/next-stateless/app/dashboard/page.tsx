import type { Metadata } from "next"
import { leaveEverywhere } from "@/app/actions/sessions"
import { Time } from "@/app/ui/time"
import { protectedPage } from "@/lib/auth"
import { getDashboard } from "@/lib/dal"

export const metadata: Metadata = { title: "Dashboard" }

export default protectedPage(async () => {
  const { name, email, role, signedInAt, expiresAt } = await getDashboard()
  return (
    <>
      <h1>Dashboard</h1>
      <dl>
        <dt>Name</dt>
        <dd>{name}</dd>
        <dt>Email</dt>
        <dd>{email}</dd>
        <dt>Role</dt>
        <dd>{role === "admin" ? "Admin" : "Member"}</dd>
        <dt>Signed in</dt>
        <dd>
          <Time date={signedInAt} />
        </dd>
        <dt>Signed out if unused until</dt>
        <dd>
          <Time date={expiresAt} />
        </dd>
      </dl>
      <form className="actions" action={leaveEverywhere}>
        <button className="quiet">Sign out everywhere</button>
      </form>
    </>
  )
})

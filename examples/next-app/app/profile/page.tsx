import type { Metadata } from "next"
import { Time } from "@/app/ui/time"
import { protectedPage } from "@/lib/auth"
import { getProfile } from "@/lib/dal"

export const metadata: Metadata = { title: "Profile" }

export default protectedPage(async () => {
  const { id, username, role, device, signedInAt, expiresAt } = await getProfile()
  return (
    <>
      <h1>Profile</h1>
      <dl>
        <dt>Username</dt>
        <dd>{username}</dd>
        <dt>Role</dt>
        <dd>{role === "admin" ? "Admin, as the first to sign up" : "Member"}</dd>
        <dt>User id</dt>
        <dd>
          <code>{id}</code>
        </dd>
        <dt>Signed in</dt>
        <dd>
          <Time date={signedInAt} />
        </dd>
        <dt>This device</dt>
        <dd>{device}</dd>
        <dt>Signed out if unused until</dt>
        <dd>
          <Time date={expiresAt} />
        </dd>
      </dl>
    </>
  )
})

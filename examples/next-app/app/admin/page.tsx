import type { Metadata } from "next"
import { endMember } from "@/app/actions/sessions"
import { isAdmin, protectedPage } from "@/lib/auth"
import { listMembers } from "@/lib/dal"
import type { Member } from "@/lib/dal"

export const metadata: Metadata = { title: "Members" }

export default protectedPage(
  async () => {
    const members = await listMembers()
    return (
      <>
        <h1>Members</h1>
        <p className="lead">This page is for admins. The first to sign up is one.</p>
        <ul className="rows">
          {members.map((member) => (
            <MemberRow key={member.id} {...member} />
          ))}
        </ul>
      </>
    )
  },
  { authorize: isAdmin },
)

function MemberRow({ id, username, role, devices, isViewer }: Member) {
  return (
    <li>
      <div>
        <strong>{username}</strong>
        <small>
          {role === "admin" ? "Admin" : "Member"}, signed in on {devices} {devices === 1 ? "device" : "devices"}
        </small>
      </div>
      {isViewer && <span className="badge">You</span>}
      {!isViewer && devices > 0 && <EndMember id={id} username={username} />}
    </li>
  )
}

function EndMember({ id, username }: { id: string; username: string }) {
  return (
    <form action={endMember}>
      <input type="hidden" name="user" value={id} />
      <button className="quiet">
        Sign out<span className="hidden"> {username} everywhere</span>
      </button>
    </form>
  )
}

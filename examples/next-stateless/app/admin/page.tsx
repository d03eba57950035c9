import type { Metadata } from "next"
import { changeRole } from "@/app/actions/sessions"
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
        <p className="lead">
          For admins. Another role takes effect at once, and ends the sessions that hold the old one.
        </p>
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

function MemberRow({ id, name, email, role, isViewer }: Member) {
  return (
    <li>
      <div>
        <strong>{name}</strong>
        <small>
          {email}, {role === "admin" ? "Admin" : "Member"}
        </small>
      </div>
      {isViewer ? <span className="badge">You</span> : <ChangeRole id={id} name={name} role={role} />}
    </li>
  )
}

function ChangeRole({ id, name, role }: Pick<Member, "id" | "name" | "role">) {
  const other = role === "admin" ? "member" : "admin"
  return (
    <form action={changeRole}>
      <input type="hidden" name="user" value={id} />
      <input type="hidden" name="role" value={other} />
      <button className="quiet">
        Make <span className="hidden">{name} </span>
        {other}
      </button>
    </form>
  )
}

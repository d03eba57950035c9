import type { InferGetServerSidePropsType } from "next"
import { Layout } from "../components/layout"
import { isAdmin, serverSideProps } from "../lib/auth"
import { listUsers, visitorOf } from "../lib/data-access"

export const getServerSideProps = serverSideProps(
  async (_context, member) => ({ props: { visitor: visitorOf(member), users: listUsers() } }),
  { authorize: isAdmin },
)

export default function Admin({ users }: InferGetServerSidePropsType<typeof getServerSideProps>) {
  return (
    <Layout title="Users">
      <p className="lead">Only admins see this page. Whoever signed up first is one.</p>
      <ul className="devices">
        {users.map(({ id, username, role }) => (
          <li key={id}>
            <div>
              <strong>{username}</strong>
              <small>
                <code>{id}</code>
              </small>
            </div>
            {role === "admin" && <span className="badge">Admin</span>}
          </li>
        ))}
      </ul>
    </Layout>
  )
}

import type { InferGetServerSidePropsType } from "next"
import { Layout } from "../components/layout"
import { Time } from "../components/time"
import { serverSideProps } from "../lib/auth"
import { visitorOf } from "../lib/data-access"

export const getServerSideProps = serverSideProps(async (_context, member) => ({
  props: { visitor: visitorOf(member) },
}))

export default function Profile({ visitor }: InferGetServerSidePropsType<typeof getServerSideProps>) {
  const { user, session } = visitor
  return (
    <Layout title="Profile">
      <dl>
        <dt>Username</dt>
        <dd>{user.username}</dd>
        <dt>Role</dt>
        <dd>{user.role}</dd>
        <dt>User id</dt>
        <dd>
          <code>{user.id}</code>
        </dd>
        <dt>Signed in</dt>
        <dd>
          <Time iso={session.createdAt} />
        </dd>
        <dt>This device</dt>
        <dd>{session.device}</dd>
        <dt>Signed out if unused until</dt>
        <dd>
          <Time iso={session.expiresAt} />
        </dd>
      </dl>
    </Layout>
  )
}

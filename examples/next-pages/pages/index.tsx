import type { InferGetServerSidePropsType } from "next"
import Link from "next/link"
import { Layout } from "../components/layout"
import { serverSideProps } from "../lib/auth"
import { visitorOf } from "../lib/data-access"

export const getServerSideProps = serverSideProps(
  async (_context, member) => ({ props: { visitor: member && visitorOf(member) } }),
  { public: true },
)

export default function Home({ visitor }: InferGetServerSidePropsType<typeof getServerSideProps>) {
  return (
    <Layout title={visitor ? `Hello, ${visitor.user.username}` : "A door of your own"}>
      <p className="lead">Sign-in with a username and a password, on your own database.</p>
      {visitor ? <Greeting username={visitor.user.username} /> : <Invitation />}
    </Layout>
  )
}

function Greeting({ username }: { username: string }) {
  return (
    <>
      <p>
        You are signed in as <strong>{username}</strong>.
      </p>
      <p className="actions">
        <Link className="button" href="/profile">
          Your profile
        </Link>
        <Link href="/devices">Your devices</Link>
      </p>
    </>
  )
}

function Invitation() {
  return (
    <>
      <p>Create an account, then sign in from a second browser to see it under Devices.</p>
      <p>Whoever signs up first is the admin, and sees everyone under Users.</p>
      <p className="actions">
        <Link className="button" href="/sign-up">
          Create account
        </Link>
        <Link href="/sign-in">Sign in</Link>
      </p>
    </>
  )
}

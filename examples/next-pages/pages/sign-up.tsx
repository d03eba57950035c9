import type { InferGetServerSidePropsType } from "next"
import Link from "next/link"
import { CredentialsForm } from "../components/credentials-form"
import { Layout } from "../components/layout"
import { credentialsProps } from "../lib/credentials-props"

export const getServerSideProps = credentialsProps

const hints = { username: "3 to 31 letters, digits, _ or -", password: "At least 8 characters. A sentence is best." }

export default function SignUp({ errors }: InferGetServerSidePropsType<typeof getServerSideProps>) {
  return (
    <Layout title="Create account">
      <CredentialsForm
        action="/api/sign-up"
        button="Create account"
        passwordKind="new-password"
        hints={hints}
        errors={errors}
      />
      <p className="other">
        Have an account? <Link href="/sign-in">Sign in</Link>
      </p>
    </Layout>
  )
}

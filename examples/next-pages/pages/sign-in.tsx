import type { InferGetServerSidePropsType } from "next"
import Link from "next/link"
import { CredentialsForm } from "../components/credentials-form"
import { Layout } from "../components/layout"
import { credentialsProps } from "../lib/credentials-props"

export const getServerSideProps = credentialsProps

export default function SignIn({ errors, next }: InferGetServerSidePropsType<typeof getServerSideProps>) {
  return (
    <Layout title="Sign in">
      <CredentialsForm
        action="/api/sign-in"
        button="Sign in"
        passwordKind="current-password"
        errors={errors}
        next={next}
      />
      <p className="other">
        New here? <Link href="/sign-up">Create account</Link>
      </p>
    </Layout>
  )
}

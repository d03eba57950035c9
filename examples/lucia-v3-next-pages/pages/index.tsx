import { validateRequest } from "@/lib/auth"
import Head from "next/head"
import { useRouter } from "next/router"
import { useState } from "react"

import type { GetServerSidePropsContext, GetServerSidePropsResult, InferGetServerSidePropsType } from "next"
import type { User } from "nightlatch/lucia"
import type { FormEvent } from "react"

export async function getServerSideProps(context: GetServerSidePropsContext): Promise<
  GetServerSidePropsResult<{
    user: User
  }>
> {
  const { user } = await validateRequest(context.req, context.res)
  if (!user) {
    return {
      redirect: {
        permanent: false,
        destination: "/login",
      },
    }
  }
  return {
    props: {
      user,
    },
  }
}

export default function Page({ user }: InferGetServerSidePropsType<typeof getServerSideProps>) {
  const router = useRouter()
  const [error, setError] = useState<string | null>(null)

  async function onSubmit(e: FormEvent<HTMLFormElement>) {
    e.preventDefault()
    setError(null)
    const formElement = e.currentTarget
    const response = await fetch(formElement.action, {
      method: formElement.method,
    }).catch(() => null)
    // Repaired: whoever could not be signed out was sent to the sign-in page all the same. 401 is who is signed out.
    if (response?.ok || response?.status === 401) {
      await router.push("/login")
    } else {
      setError("You are still signed in. Try again.")
    }
  }

  return (
    <main>
      <Head>
        <title>Your account</title>
      </Head>
      <h1>Hi, {user.username}!</h1>
      <p>Your user ID is {user.id}.</p>
      <form method="post" action="/api/logout" onSubmit={onSubmit}>
        <button>Sign out</button>
        <p role="alert">{error}</p>
      </form>
    </main>
  )
}

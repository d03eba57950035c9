import { validateRequest } from "@/lib/auth"
import Head from "next/head"
import Link from "next/link"
import { useRouter } from "next/router"
import { useState } from "react"

import type { GetServerSidePropsContext, GetServerSidePropsResult } from "next"
import type { FormEvent } from "react"

export async function getServerSideProps(
  context: GetServerSidePropsContext,
): Promise<GetServerSidePropsResult<object>> {
  const { user } = await validateRequest(context.req, context.res)
  if (user) {
    return {
      redirect: {
        permanent: false,
        destination: "/",
      },
    }
  }
  return {
    props: {},
  }
}

export default function Page() {
  const router = useRouter()
  const [error, setError] = useState<string | null>(null)

  async function onSubmit(e: FormEvent<HTMLFormElement>) {
    e.preventDefault()
    setError(null)
    const formElement = e.currentTarget
    const response = await fetch(formElement.action, {
      method: formElement.method,
      body: JSON.stringify(Object.fromEntries(new FormData(formElement).entries())),
      headers: {
        "Content-Type": "application/json",
      },
    }).catch(() => null)
    if (response?.ok) {
      await router.push("/")
    } else {
      // Repaired: the tutorial shows no error, and not every answer is JSON.
      const answer: { error?: string } | null = await response?.json().catch(() => null)
      setError(answer?.error ?? "An unknown error occurred")
    }
  }

  return (
    <main>
      <Head>
        <title>Create an account</title>
      </Head>
      <h1>Create an account</h1>
      <form method="post" action="/api/signup" onSubmit={onSubmit}>
        <label htmlFor="username">Username</label>
        <input
          name="username"
          id="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          aria-describedby="username-rule"
        />
        <small id="username-rule">3 to 31 of a-z, 0-9, - and _</small>
        <label htmlFor="password">Password</label>
        <input
          type="password"
          name="password"
          id="password"
          autoComplete="new-password"
          required
          aria-describedby="password-rule"
        />
        <small id="password-rule">At least 6 characters</small>
        <button>Continue</button>
        <p role="alert">{error}</p>
      </form>
      <Link href="/login">Sign in</Link>
    </main>
  )
}

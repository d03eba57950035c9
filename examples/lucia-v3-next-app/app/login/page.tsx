import Link from "next/link"

import { db } from "@/lib/db"
import { verify } from "@node-rs/argon2"
import { cookies } from "next/headers"
import { lucia, validateRequest } from "@/lib/auth"
import { redirect } from "next/navigation"
import { Form } from "@/lib/form"

import type { Metadata } from "next"
import type { DatabaseUser } from "@/lib/db"
import type { ActionResult } from "@/lib/form"

export const metadata: Metadata = { title: "Sign in" }

export default async function Page() {
  const { user } = await validateRequest()
  if (user) {
    return redirect("/")
  }
  return (
    <main>
      <h1>Sign in</h1>
      <Form action={login}>
        <label htmlFor="username">Username</label>
        <input
          name="username"
          id="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
        />
        <label htmlFor="password">Password</label>
        <input type="password" name="password" id="password" autoComplete="current-password" required />
        <button>Continue</button>
      </Form>
      <Link href="/signup">Create an account</Link>
    </main>
  )
}

async function login(_: ActionResult, formData: FormData): Promise<ActionResult> {
  "use server"
  const username = formData.get("username")
  if (typeof username !== "string" || username.length < 3 || username.length > 31 || !/^[a-z0-9_-]+$/.test(username)) {
    return {
      error: "Invalid username",
    }
  }
  const password = formData.get("password")
  if (typeof password !== "string" || password.length < 6 || password.length > 255) {
    return {
      error: "Invalid password",
    }
  }

  const existingUser = db.prepare("SELECT * FROM user WHERE username = ?").get(username) as DatabaseUser | undefined
  if (!existingUser) {
    // NOTE:
    // Returning immediately allows malicious actors to figure out valid usernames from response times,
    // allowing them to only focus on guessing passwords in brute-force attacks.
    // As a preventive measure, you may want to hash passwords even for invalid usernames.
    // However, valid usernames can be already be revealed with the signup page among other methods.
    // It will also be much more resource intensive.
    // Since protecting against this is non-trivial,
    // it is crucial your implementation is protected against brute-force attacks with login throttling etc.
    // If usernames are public, you may outright tell the user that the username is invalid.
    return {
      error: "Incorrect username or password",
    }
  }

  const validPassword = await verify(existingUser.password_hash, password, {
    memoryCost: 19456,
    timeCost: 2,
    outputLen: 32,
    parallelism: 1,
  })
  if (!validPassword) {
    return {
      error: "Incorrect username or password",
    }
  }

  const session = await lucia.createSession(existingUser.id, {})
  const sessionCookie = lucia.createSessionCookie(session.id)
  ;(await cookies()).set(sessionCookie.name, sessionCookie.value, sessionCookie.attributes)
  return redirect("/")
}

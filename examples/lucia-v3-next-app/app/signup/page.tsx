import Link from "next/link"

import { db } from "@/lib/db"
import { hash } from "@node-rs/argon2"
import { cookies } from "next/headers"
import { lucia, validateRequest } from "@/lib/auth"
import { redirect } from "next/navigation"
import { Form } from "@/lib/form"
import { generateIdFromEntropySize } from "nightlatch/lucia"
import { SqliteError } from "better-sqlite3"

import type { Metadata } from "next"
import type { ActionResult } from "@/lib/form"

export const metadata: Metadata = { title: "Create an account" }

export default async function Page() {
  const { user } = await validateRequest()
  if (user) {
    return redirect("/")
  }
  return (
    <main>
      <h1>Create an account</h1>
      <Form action={signup}>
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
      </Form>
      <Link href="/login">Sign in</Link>
    </main>
  )
}

async function signup(_: ActionResult, formData: FormData): Promise<ActionResult> {
  "use server"
  const username = formData.get("username")
  // username must be between 3 ~ 31 characters, and only consists of lowercase letters, 0-9, -, and _
  // keep in mind some database (e.g. mysql) are case insensitive
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

  const passwordHash = await hash(password, {
    // recommended minimum parameters
    memoryCost: 19456,
    timeCost: 2,
    outputLen: 32,
    parallelism: 1,
  })
  const userId = generateIdFromEntropySize(10) // 16 characters long

  try {
    db.prepare("INSERT INTO user (id, username, password_hash) VALUES(?, ?, ?)").run(userId, username, passwordHash)
  } catch (e) {
    // Repaired: the tutorial leaves this to do, and a username that is taken was a 500.
    if (e instanceof SqliteError && e.code === "SQLITE_CONSTRAINT_UNIQUE") {
      return {
        error: "Username already used",
      }
    }
    throw e
  }

  const session = await lucia.createSession(userId, {})
  const sessionCookie = lucia.createSessionCookie(session.id)
  ;(await cookies()).set(sessionCookie.name, sessionCookie.value, sessionCookie.attributes)
  return redirect("/")
}

import { lucia, validateRequest } from "@/lib/auth"
import { Form } from "@/lib/form"
import { redirect } from "next/navigation"
import { cookies } from "next/headers"

import type { Metadata } from "next"
import type { ActionResult } from "@/lib/form"

export const metadata: Metadata = { title: "Your account" }

export default async function Page() {
  const { user } = await validateRequest()
  if (!user) {
    return redirect("/login")
  }
  return (
    <main>
      <h1>Hi, {user.username}!</h1>
      <p>Your user ID is {user.id}.</p>
      <Form action={logout}>
        <button>Sign out</button>
      </Form>
    </main>
  )
}

async function logout(): Promise<ActionResult> {
  "use server"
  const { session } = await validateRequest()
  if (!session) {
    return {
      error: "Unauthorized",
    }
  }

  await lucia.invalidateSession(session.id)

  const sessionCookie = lucia.createBlankSessionCookie()
  ;(await cookies()).set(sessionCookie.name, sessionCookie.value, sessionCookie.attributes)
  return redirect("/login")
}

"use server"

import { redirect, RedirectType } from "next/navigation"
import { isAdmin, serverAction, signOut } from "@/lib/auth"
import { formText } from "@/lib/form-text"
import { auth } from "@/lib/sessions"
import { setRole } from "@/lib/users"

export const leave = serverAction(
  async () => {
    await signOut()
    redirect("/")
  },
  { public: true },
)

export const leaveEverywhere = serverAction(async ({ user }) => {
  await auth.invalidateUserSessions(user.id)
  await signOut()
  redirect("/")
})

// The page asked already, but anyone can post to an action: it asks again.
export const changeRole = serverAction(
  async ({ user }, form: FormData) => {
    const id = formText(form, "user")
    if (id && id !== user.id) {
      setRole(id, formText(form, "role") === "admin" ? "admin" : "member")
      // Their sessions have the old role sealed in. The next sign-in seals the new one.
      await auth.invalidateUserSessions(id)
    }
    redirect("/admin", RedirectType.replace)
  },
  { authorize: isAdmin },
)

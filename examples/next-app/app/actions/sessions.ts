"use server"

import { redirect, RedirectType } from "next/navigation"
import { auth, isAdmin, serverAction, signOut } from "@/lib/auth"
import { formText } from "@/lib/form-text"

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

export const endDevice = serverAction(async ({ user }, form: FormData) => {
  // A form can name anyone's session: the user id keeps it to their own.
  await auth.invalidateSession(formText(form, "session"), { userId: user.id })
  redirect("/devices", RedirectType.replace)
})

export const endOtherDevices = serverAction(async ({ session, user }) => {
  await auth.invalidateUserSessions(user.id, { except: session.id })
  redirect("/devices", RedirectType.replace)
})

// The page asked already, but anyone can post to an action: it asks again.
export const endMember = serverAction(
  async ({ session }, form: FormData) => {
    await auth.invalidateUserSessions(formText(form, "user"), { except: session.id })
    redirect("/admin", RedirectType.replace)
  },
  { authorize: isAdmin },
)

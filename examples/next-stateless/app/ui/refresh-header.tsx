"use client"

import { useRouter } from "next/navigation"
import { useEffect } from "react"
import { useSession } from "./session"

/** Belongs on pages for strangers: has the header rendered again if it still shows a session that has ended. */
export function RefreshHeader() {
  const router = useRouter()
  // Once, and not again for each answer: the session of a user who was deleted still opens.
  const isSignedIn = useSession() !== null

  useEffect(() => {
    if (isSignedIn) router.refresh()
  }, [router, isSignedIn])

  return null
}

"use client"

import { useRouter } from "next/navigation"
import { useEffect } from "react"
import { useSession } from "./session"

/** Belongs on pages for strangers: has the header rendered again if it still shows a session that has ended. */
export function RefreshHeader() {
  const router = useRouter()
  const signedIn = useSession()

  useEffect(() => {
    if (signedIn) router.refresh()
  }, [router, signedIn])

  return null
}

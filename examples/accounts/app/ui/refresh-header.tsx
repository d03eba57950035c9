"use client"

import { useRouter } from "next/navigation"
import { useEffect } from "react"
import { useSession } from "./session"

/** For public pages: renders the header again if it still shows an ended session. */
export function RefreshHeader() {
  const router = useRouter()
  const signedIn = useSession()

  useEffect(() => {
    if (signedIn) router.refresh()
  }, [router, signedIn])

  return null
}

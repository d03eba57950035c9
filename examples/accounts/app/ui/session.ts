"use client"

import { createSessionContext } from "nightlatch/react"
import type { auth } from "@/lib/auth"

const context = createSessionContext<typeof auth>()
// Export them one by one: webpack finds no destructured exports in a client file.
export const SessionProvider = context.SessionProvider
export const useSession = context.useSession

"use client"

import { createSessionContext } from "nightlatch/react"
import type { auth } from "@/lib/auth"

export const { SessionProvider, useSession } = createSessionContext<typeof auth>()

import { createSessionContext } from "nightlatch/react"
import type { auth } from "./auth"

export const { SessionProvider, useSession } = createSessionContext<typeof auth>()

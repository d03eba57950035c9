import "server-only"
import { randomBytes } from "node:crypto"
import { PHASE_PRODUCTION_BUILD } from "next/constants"
import type { Member } from "nightlatch"
import { createSnapshots } from "nightlatch/stateless"
import type { Secret } from "nightlatch/stateless"
import type { auth } from "./auth"

/**
 * Sealed copies of a member's role, a minute old at most, beside the session cookie. A separate file, because the proxy
 * needs it too and must not open the database.
 */
export const snapshots = createSnapshots({
  secrets: [snapshotSecret()],
  claims: ({ user }: Member<typeof auth>) => ({ role: user.role }),
})

// There is no default: whoever knows the secret can write snapshots.
function snapshotSecret(): Secret {
  // `next build` loads the pages and seals nothing. It needs no secret, and gets one that nobody will ever know.
  if (process.env.NEXT_PHASE === PHASE_PRODUCTION_BUILD) return randomBytes(32)
  if (process.env.SESSION_SECRET) return process.env.SESSION_SECRET
  throw new Error("Set SESSION_SECRET. Make one with `openssl rand -base64 32`.")
}

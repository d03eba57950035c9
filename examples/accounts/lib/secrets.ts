import "server-only"
import { randomBytes } from "node:crypto"
import { PHASE_PRODUCTION_BUILD } from "next/constants"

/**
 * The secrets that the keys of authenticator apps are encrypted with: the first encrypts, all decrypt. There is no default,
 * and without them those apps do not work: keep them as you keep the database, but not in it.
 */
export function authSecrets(): (string | Uint8Array)[] {
  // `next build` loads the pages and encrypts nothing. It needs no secret, and gets one that nobody will ever know.
  if (process.env.NEXT_PHASE === PHASE_PRODUCTION_BUILD) return [randomBytes(32)]
  const { AUTH_SECRET, AUTH_SECRET_OLD } = process.env
  if (!AUTH_SECRET) throw new Error("Set AUTH_SECRET. Make one with `openssl rand -base64 32`.")
  return AUTH_SECRET_OLD ? [AUTH_SECRET, AUTH_SECRET_OLD] : [AUTH_SECRET]
}

import "server-only"
import { randomBytes } from "node:crypto"
import { PHASE_PRODUCTION_BUILD } from "next/constants"

/**
 * The secrets for the keys of authenticator apps: the first encrypts, all decrypt. There is no default, and without them
 * the apps do not work: back them up like the database, but not in it.
 */
export function authSecrets(): (string | Uint8Array)[] {
  // `next build` loads the pages and encrypts nothing. It needs no real secret, so it gets a random one.
  if (process.env.NEXT_PHASE === PHASE_PRODUCTION_BUILD) return [randomBytes(32)]
  const { AUTH_SECRET, AUTH_SECRET_OLD } = process.env
  if (!AUTH_SECRET) throw new Error("Set AUTH_SECRET. Make one with `openssl rand -base64 32`.")
  return AUTH_SECRET_OLD ? [AUTH_SECRET, AUTH_SECRET_OLD] : [AUTH_SECRET]
}

import "server-only"
import { randomBytes } from "node:crypto"
import { PHASE_PRODUCTION_BUILD } from "next/constants"
import type { Secret } from "nightlatch/stateless"

/** The secrets of sessions: the first seals, all open. There is no default: whoever knows a secret can be anyone. */
export function sessionSecrets(): Secret[] {
  // `next build` loads the pages and seals nothing. It needs no secret, and gets one that nobody will ever know.
  if (process.env.NEXT_PHASE === PHASE_PRODUCTION_BUILD) return [randomBytes(32)]
  const { SESSION_SECRET, SESSION_SECRET_OLD } = process.env
  if (!SESSION_SECRET) throw new Error("Set SESSION_SECRET. Make one with `openssl rand -base64 32`.")
  return SESSION_SECRET_OLD ? [SESSION_SECRET, SESSION_SECRET_OLD] : [SESSION_SECRET]
}

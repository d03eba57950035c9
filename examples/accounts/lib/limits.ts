import "server-only"
import { headers } from "next/headers"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { clientKey, createKnownBrowsers, createThrottle, fromRight } from "nightlatch/throttle"
import { audit, tokens } from "./auth"
import { db } from "./db"
import type { SessionRow, UserRow } from "./db"

const adapter = nodeSqliteAdapter<UserRow, SessionRow>(db)
const { onEvent } = audit

/** Limits guesses of passwords and codes. `account` is the canonical address, `total` the cap of NIST SP 800-63B. */
export const guesses = createThrottle({
  adapter,
  name: "guesses",
  limits: {
    client: { limit: 50, window: "10m" },
    account: { limit: 10, window: "10m" },
    total: { limit: 100, window: "30d" },
  },
  onEvent,
})

/**
 * Limits mails that visitors request, so nobody can flood a mailbox. `stranger` counts mails to an address that the visitor
 * has not proved: for sign-up, or for a change of address. `account` counts mails that sign the owner in. The two are
 * separate, so mails of the first kind cannot use up the owner's budget.
 */
export const mails = createThrottle({
  adapter,
  name: "mails",
  limits: {
    client: { limit: 20, window: "1h" },
    account: { limit: 5, window: "1h" },
    stranger: { limit: 5, window: "1h" },
  },
  onEvent,
})

/** Gives browsers that have signed in before a separate budget, so nobody can lock an owner out. */
export const browsers = createKnownBrowsers({ tokens })

/** The key of the visitor's IP address, if the application is behind its own proxies: `TRUSTED_PROXIES` is their number. */
export async function currentClient(): Promise<string | null> {
  const hops = Number(process.env.TRUSTED_PROXIES) || 0
  // Without our own proxy, anyone can set this header.
  return hops > 0 ? clientKey(fromRight((await headers()).get("X-Forwarded-For"), hops)) : null
}

/** Formats the waiting time for a message. */
export function waitingTime(retryAfter: number): string {
  return retryAfter < 90 ? `${retryAfter} seconds` : `${Math.ceil(retryAfter / 60)} minutes`
}

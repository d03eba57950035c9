import "server-only"
import { headers } from "next/headers"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { clientKey, createKnownBrowsers, createThrottle, fromRight } from "nightlatch/throttle"
import { audit, tokens } from "./auth"
import { db } from "./db"
import type { SessionRow, UserRow } from "./db"

const adapter = nodeSqliteAdapter<UserRow, SessionRow>(db)
const { onEvent } = audit

/** Guesses of passwords and codes. `account` is the address in its canonical form, `total` the cap of NIST SP 800-63B. */
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
 * Mails that a visitor asks for: nobody's mailbox is to be flooded, and nobody's server used for that. `stranger` counts the
 * mails to an address that whoever asks has not proved to own: to sign up, or for a change of address. It is apart from
 * `account`, whose mails all let the owner in: mails without a use must not use those up.
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

/** Browsers that have signed in before have a budget of their own, so that nobody can lock an owner out. */
export const browsers = createKnownBrowsers({ tokens })

/** The visitor's address, if the application runs behind proxies of its own; `TRUSTED_PROXIES` says how many. */
export async function currentClient(): Promise<string | null> {
  const hops = Number(process.env.TRUSTED_PROXIES) || 0
  // Without a proxy of ours, anyone can write this header.
  return hops > 0 ? clientKey(fromRight((await headers()).get("X-Forwarded-For"), hops)) : null
}

/** Says how long to wait, for a message. */
export function waitingTime(retryAfter: number): string {
  return retryAfter < 90 ? `${retryAfter} seconds` : `${Math.ceil(retryAfter / 60)} minutes`
}

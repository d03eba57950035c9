import type { UserId } from "../core/ports.ts"
import { hashText } from "../platform/crypto.ts"
import type { ThrottleAdapter } from "../throttle/throttle-port.ts"

/** The budgets of one user. */
export interface AttemptBudget {
  /** Takes an attempt. `false` if there is none left. */
  charge(): Promise<boolean>
  /** Gives the attempt back, after a right code. Those of wrong codes in the last 30 days stay charged. */
  giveBack(): Promise<void>
}

// Milliseconds that one attempt costs, and that all of them cost. NIST SP 800-63B-4, section 3.2.2, allows 100 failures.
const short = { name: "short", cost: 60_000, span: 600_000 }
const long = { name: "long", cost: 25_920_000, span: 2_592_000_000 }

/** Counts a user's attempts: 10 in 10 minutes, and 100 in 30 days, over all servers that share the store. */
export function attemptBudget(store: ThrottleAdapter, realm: string, userId: UserId, now: () => number): AttemptBudget {
  // Throttles of applications have other names: theirs start with a letter.
  const idOf = (name: string) => hashText(`:totp\0${name}\0${realm}\0${userId}`)
  const shortId = idOf(short.name)
  const longId = idOf(long.name)
  let at: number

  return {
    async charge() {
      at = Math.floor(now())
      const { taken } = await store.takeAttempt(shortId, at, short.cost, short.span)
      return taken && (await store.takeAttempt(longId, at, long.cost, long.span)).taken
    },

    async giveBack() {
      // One more: the answer says what others have charged since. If there is no room for it, there is none for others.
      const last = await store.takeAttempt(longId, at, long.cost, long.span)
      await store.dropAttempts([shortId, longId])
      // Otherwise each sign-in of the owner would give an attacker 100 more guesses.
      let owed = last.until - (last.taken ? 2 : 1) * long.cost - at
      while (owed > 0) {
        const charged = await store.takeAttempt(longId, at, owed, long.span)
        // Attempts that were made in between leave less room: then the budget is filled up.
        owed = charged.taken ? 0 : at + long.span - charged.until
      }
    },
  }
}

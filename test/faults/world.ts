import { createAuth } from "../../src/core/create-auth.ts"
import type { AuthEvent } from "../../src/core/events.ts"
import type { SessionAdapter, UserAdapter } from "../../src/core/ports.ts"
import type { PasswordHasher } from "../../src/password/password-hasher.ts"
import { makeProof } from "../../src/proof/proof.ts"
import type { Proof } from "../../src/proof/proof.ts"
import { assurance } from "../../src/sign-in/assurance.ts"
import type { AssuranceRow } from "../../src/sign-in/assurance.ts"
import { createSignIn } from "../../src/sign-in/create-sign-in.ts"
import { createThrottle } from "../../src/throttle/create-throttle.ts"
import type { ThrottleAdapter } from "../../src/throttle/throttle-port.ts"
import { createTokens } from "../../src/tokens/create-tokens.ts"
import { purpose } from "../../src/tokens/purpose.ts"
import type { TokenAdapter } from "../../src/tokens/token-port.ts"
import { createUsers } from "../../src/users/create-users.ts"

/** The application's row. */
export interface UserRow {
  id: string
  username: string
}

/** All ports that the histories need. */
export type WorldAdapter = SessionAdapter<UserRow, AssuranceRow> &
  UserAdapter<UserRow, { username: string }> &
  TokenAdapter &
  ThrottleAdapter

/** Lifetimes in milliseconds, as {@link createWorld} configures them. */
export const lifetimes = {
  idle: 3_600_000,
  absolute: 7_200_000,
  link: 1_800_000,
  code: 600_000,
  pending: 600_000,
}

/** The budget of each key: 5 attempts at once, then one a minute. */
export const budget = { limit: 5, window: 300_000 }

export const codeAttempts = 5
export const pendingAttempts = 5
/** How many links of a user and purpose are live. */
export const liveLinks = 3

/** Everything that signs in and out, over one adapter. */
export type World = ReturnType<typeof createWorld>

/**
 * Makes all modules over one adapter. `enrolled` names the users with a second factor, which stands in for an authenticator
 * app: `prove` makes its proof.
 */
export function createWorld(
  adapter: WorldAdapter,
  now: () => number,
  passwordHasher: PasswordHasher,
  onEvent?: (event: AuthEvent) => void,
) {
  const enrolled = new Set<string>()
  const auth = createAuth({
    adapter,
    proofsOnly: true,
    session: { idleTimeout: "1h", absoluteTimeout: "2h" },
    getSessionAttributes: assurance,
    onEvent,
    now,
  })
  const tokens = createTokens({
    adapter,
    purposes: {
      link: purpose({ expiresIn: "30m", proves: "email" }),
      other: purpose<{ to: string }>({ expiresIn: "30m" }),
    },
    onEvent,
    now,
  })
  const users = createUsers({ adapter, passwordHasher, resets: [auth, tokens], onEvent, now })
  const factor = {
    factorsOf: async (userId: string) => (enrolled.has(userId) ? (["totp"] as const).slice() : []),
  }
  const door = createSignIn({ auth, users, tokens, factors: [factor], onEvent, now })
  const throttle = createThrottle({
    adapter,
    name: "histories",
    limits: { account: { limit: budget.limit, window: "5m" } },
    onEvent,
    now,
  })

  function prove(userId: string): Proof<string> {
    return makeProof({ realm: "user", userId, method: "totp", stillHolds: async () => enrolled.has(userId) })
  }

  return { adapter, auth, tokens, users, door, throttle, enrolled, prove }
}

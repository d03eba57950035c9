import { createAuth } from "../../src/core/create-auth.ts"
import type { SessionAdapter, UserAdapter } from "../../src/core/ports.ts"
import { createPasskeys } from "../../src/passkeys/create-passkeys.ts"
import type { PasskeyAdapter } from "../../src/passkeys/passkey-port.ts"
import type { PasswordHasher } from "../../src/password/password-hasher.ts"
import { assurance } from "../../src/sign-in/assurance.ts"
import type { AssuranceRow } from "../../src/sign-in/assurance.ts"
import { createSignIn } from "../../src/sign-in/create-sign-in.ts"
import type { ThrottleAdapter } from "../../src/throttle/throttle-port.ts"
import { createTokens } from "../../src/tokens/create-tokens.ts"
import { purpose } from "../../src/tokens/purpose.ts"
import type { TokenAdapter } from "../../src/tokens/token-port.ts"
import { createRecoveryCodes } from "../../src/totp/create-recovery-codes.ts"
import { createTotp } from "../../src/totp/create-totp.ts"
import type { TotpAdapter } from "../../src/totp/totp-port.ts"
import { createUsers } from "../../src/users/create-users.ts"
import type { UserRow } from "./world.ts"

/** All ports of an account. */
export type AccountAdapter = SessionAdapter<UserRow, AssuranceRow> &
  UserAdapter<UserRow, { username: string }> &
  TokenAdapter &
  ThrottleAdapter &
  TotpAdapter &
  PasskeyAdapter

/** Every module that an account is made of, over one adapter. */
export type AccountWorld = ReturnType<typeof createAccountWorld>

const secrets = ["the secret of today, which has at least 32 bytes", "the secret of last year, with as many bytes"]

/** Makes all modules of an account. `early` wrote the hashes and sealed the authenticators that are there at first. */
export function createAccountWorld(
  adapter: AccountAdapter,
  now: () => number,
  passwordHasher: PasswordHasher,
  isEarly = false,
) {
  const auth = createAuth({
    adapter,
    proofsOnly: true,
    session: { idleTimeout: "1h", absoluteTimeout: "4h" },
    getSessionAttributes: assurance,
    now,
  })
  const purposes = {
    link: purpose({ expiresIn: "30m", proves: "email" }),
    change_email: purpose<{ from: string; to: string }>({ expiresIn: "30m" }),
  }
  const tokens = createTokens({ adapter, purposes, now })
  const totp = createTotp({ adapter, auth, issuer: "Example", secrets: isEarly ? secrets.slice(1) : secrets, now })
  const site = { rpId: "example.com", rpName: "Example", origins: ["https://example.com"], secrets }
  const passkeys = createPasskeys({ adapter, auth, ...site, now })
  const recovery = createRecoveryCodes({ tokens, now })
  const users = createUsers({ adapter, passwordHasher, auth, resets: [auth, tokens, totp, passkeys], now })
  const door = createSignIn({ auth, users, tokens, factors: [totp, passkeys, recovery], now })
  return { adapter, auth, tokens, users, totp, passkeys, recovery, door, passwordHasher }
}

import "server-only"
import { createAuth } from "nightlatch"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { createAudit } from "nightlatch/audit"
import { createDeviceBinding, deviceKey } from "nightlatch/device"
import { createNextAuth } from "nightlatch/next"
import { createPasskeys } from "nightlatch/passkeys"
import { argon2id } from "nightlatch/password"
import { assurance, createSignIn } from "nightlatch/sign-in"
import { createTokens, purpose } from "nightlatch/tokens"
import { createRecoveryCodes, createTotp } from "nightlatch/totp"
import { createUsers } from "nightlatch/users"
import { cookie, devicePath } from "./cookie"
import { db } from "./db"
import type { SessionRow, UserRow } from "./db"
import { deviceMode } from "./device-mode"
import { authSecrets } from "./secrets"
import { site, siteName } from "./site"

export const adapter = nodeSqliteAdapter<UserRow, SessionRow>(db)

/** Records events for the page "Recent activity". */
export const audit = createAudit({ adapter })

const { onEvent } = audit
const secrets = authSecrets()

export const auth = createAuth({
  adapter,
  cookie,
  // Only `door` creates sessions, so no action can forget a second factor.
  proofsOnly: true,
  // The fields that pages and Client Components get. The other columns stay here.
  getUserAttributes: ({ email }) => ({ email }),
  getSessionAttributes: (row) => ({ ...assurance(row), ...deviceKey(row), device: row.device }),
  onEvent,
})

/** The purpose of each kind of link or code. One kind is never accepted as another. */
export const tokens = createTokens({
  adapter,
  purposes: {
    sign_up: purpose<{ email: string }>({ expiresIn: "10m", user: false }),
    confirmed_address: purpose<{ email: string }>({ expiresIn: "10m", user: false }),
    provider_sign_up: purpose<{ ticket: string; email: string; isVerified: boolean }>({
      expiresIn: "10m",
      user: false,
    }),
    sign_in: purpose({ expiresIn: "15m", proves: "email" }),
    reset_password: purpose({ expiresIn: "1h", proves: "email" }),
    change_email: purpose<{ from: string; to: string }>({ expiresIn: "24h" }),
    confirm: purpose({ expiresIn: "10m", proves: "email" }),
  },
  onEvent,
})

/** Authenticator apps, and recovery codes for users who lose theirs. */
export const totp = createTotp({ adapter, auth, issuer: siteName, secrets, onEvent })
export const recovery = createRecoveryCodes({ tokens, onEvent })

export const passkeys = createPasskeys({
  adapter,
  auth,
  rpId: site.hostname,
  rpName: siteName,
  origins: [site.origin],
  secrets,
  onEvent,
})

export const users = createUsers({
  adapter,
  auth,
  passwordHasher: argon2id(),
  resets: [auth, tokens, totp, passkeys],
  onEvent,
})

/** The entry point of every sign-in. It asks users for their second factor if they have one. */
export const door = createSignIn({ auth, users, tokens, factors: [totp, passkeys, recovery], onEvent })

/** Binds sessions to the user's machine if the browser supports it. Over http, it does nothing. */
export const deviceBinding = createDeviceBinding({ auth, secrets, mode: deviceMode(), path: devicePath })

export const {
  elevate,
  flow,
  getSession,
  protectedPage,
  rotate,
  routeHandler,
  serverAction,
  setSession,
  signOut,
  verifySession,
} = createNextAuth(auth, { signInPath: "/sign-in", confirmPath: "/confirm", device: deviceBinding })

/** Guards dangerous actions: the user must have proved who they are within ten minutes. */
export const recently = door.recent({ within: "10m" })

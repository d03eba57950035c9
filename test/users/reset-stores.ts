import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { resetsPort } from "../../src/proof/resets.ts"
import type { Resettable } from "../../src/proof/resets.ts"
import type { PasskeyAdapter, PasskeyRecord } from "../../src/passkeys/passkey-port.ts"
import { createTokens } from "../../src/tokens/create-tokens.ts"
import { purpose } from "../../src/tokens/purpose.ts"
import type { TokenAdapter } from "../../src/tokens/token-port.ts"
import type { TotpAdapter } from "../../src/totp/totp-port.ts"
import type { UsersOptions } from "../../src/users/users.ts"
import { keyOfAda, openSqlite, setUp, setUpAda } from "./user-stores.ts"
import type { NewUser, Store, User } from "./user-stores.ts"

/** A store that keeps tokens, too. */
export type TokenStore = Store & TokenAdapter

/** Opens a store in memory that has the ports of users, sessions and tokens. */
export function openMemory(): TokenStore {
  return memoryAdapter<User, { label?: string | null }>()
}

/** The stores that tests of tokens and users run over, each new and empty. */
export const tokenStores: [name: string, open: () => TokenStore][] = [
  ["memory", openMemory],
  ["node:sqlite", () => nodeSqliteAdapter<User, { label?: string | null }>(openSqlite("tokens"))],
]

const purposes = {
  reset_password: purpose({ expiresIn: "1h", proves: "email" }),
  change_email: purpose<{ from: string; to: string }>({ expiresIn: "24h" }),
}

/** The tokens of an application that lets users reset a password, and change their address. */
export function tokensOver(adapter: TokenStore) {
  return createTokens({ adapter, purposes })
}

/** What `resets` needs besides the auth: a module for tokens, if the store has them. */
export function modulesFor(store: Store & Partial<TokenAdapter>): Resettable[] {
  const resetUser: Resettable["resetUser"] = async (userId) => store.deleteTokens?.(userId, { except: [] })
  return "deleteTokens" in store ? [{ [resetsPort]: "deleteTokens", resetUser }] : []
}

/** A store that keeps authenticators and passkeys, too. */
export type FactorStore = TokenStore & TotpAdapter & Required<PasskeyAdapter>

/** The stores that tests of second factors run over, each new and empty. */
export const factorStores: [name: string, open: () => FactorStore][] = [
  ["memory", () => memoryAdapter<User, { label?: string | null }>()],
  ["node:sqlite", () => nodeSqliteAdapter<User, { label?: string | null }>(openSqlite("tokens", "totp", "passkeys"))],
]

/** Enrols an authenticator app and two passkeys, as the modules for them store those. */
export async function enrol(store: FactorStore, userId: string): Promise<void> {
  await store.insertTotp(userId, "sealed", 0, false)
  for (const name of ["phone", "laptop"]) await store.insertPasskey(passkeyOf(userId, name))
}

/** Resolves to whether a user has an authenticator app, and to how many passkeys. */
export async function factorsOf(store: FactorStore, userId: string): Promise<[hasTotp: boolean, passkeys: number]> {
  return [(await store.findTotp(userId)) !== null, (await store.listPasskeys(userId)).length]
}

/** A passkey with a unique name. */
export function passkeyOf(userId: string, name: string): PasskeyRecord {
  return {
    id: `${userId}-${name}`,
    userId,
    publicKey: "spki",
    algorithm: -7,
    signCount: 0,
    backupEligible: false,
    backedUp: false,
    aaguid: "00000000-0000-0000-0000-000000000000",
    transports: [],
    name,
    createdAt: new Date(0),
    usedAt: null,
  }
}

/** Users whose access can be reset, and an auth that says which sessions live. */
export function setUpReset(store: Store, options: Partial<UsersOptions<User, NewUser>> = {}) {
  return setUp(store, withReset(store, options))
}

/** The same with one user who has a password: `ada`, `correct horse`. */
export function setUpResetOfAda(store: Store, options: Partial<UsersOptions<User, NewUser>> = {}) {
  return setUpAda(store, withReset(store, options))
}

/** The key of that user, as its owner names it. */
export const ownKeyOfAda = {
  providerId: keyOfAda.providerId,
  providerUserId: keyOfAda.providerUserId,
  userId: "user-1",
}

function withReset(store: Store, options: Partial<UsersOptions<User, NewUser>>): Partial<UsersOptions<User, NewUser>> {
  const auth = createAuth({ adapter: store })
  return { auth, resets: [auth, ...modulesFor(store)], ...options }
}

// Compiled by tarball.test.ts against the packed package, as strictly as TypeScript can, without the types of Node.
import { createAuth, isAuthError, sessionPolicies, verifyRequestOrigin } from "nightlatch"
import type { AuthErrorCode, AuthEvent, Cookie, InferSession, InferUser, Member, SessionAdapter } from "nightlatch"
import { betterSqlite3Adapter } from "nightlatch/adapters/better-sqlite3"
import { memoryAdapter } from "nightlatch/adapters/memory"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { schema, sqlAdapter } from "nightlatch/adapters/sql"
import { argon2id, bcrypt, checkPassword, luciaScrypt, passwordHasher, pbkdf2, scrypt } from "nightlatch/password"
import type { PasswordReason } from "nightlatch/password"
import { cachedRevocations, createSnapshots, createStatelessAuth, memoryRevocations } from "nightlatch/stateless"
import { manualClock, sessionAdapterCases, testAdapter } from "nightlatch/testing"
import { createUsers } from "nightlatch/users"
import type { Proof } from "nightlatch/users"
import { createWebAuth } from "nightlatch/web"

interface UserRow {
  id: string
  username: string
}

interface SessionRow {
  device: string
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never

const adapter = memoryAdapter<UserRow, SessionRow>()
const clock = manualClock()
const events: AuthEvent[] = []

export const auth = createAuth({
  adapter,
  session: sessionPolicies.aal2,
  cookie: { sameSite: "strict" },
  now: clock,
  onEvent: (event) => void events.push(event),
  getUserAttributes: (row) => ({ username: row.username }),
  getSessionAttributes: (row) => ({ device: row.device }),
})

type User = InferUser<typeof auth>
type Session = InferSession<typeof auth>

export const inferred: [
  Same<User["id"], string>,
  Same<User["username"], string>,
  Same<Session["userId"], string>,
  Same<Session["device"], string>,
  Same<Session["expiresAt"], Date>,
] = [true, true, true, true, true]

export async function signIn(): Promise<Cookie> {
  const { token } = await auth.createSession("ada", { device: "laptop" })
  const { session, user } = await auth.validateSession(token)
  if (session) return auth.createSessionCookie(`${user.username}${session.device}`)
  // @ts-expect-error Signed out, there is no user.
  void user.username
  return auth.createBlankSessionCookie()
}

// @ts-expect-error A user's id is a string here.
void auth.createSession(1, { device: "laptop" })
// @ts-expect-error A duration has a unit.
createAuth({ adapter, session: { idleTimeout: "30" } })
// @ts-expect-error This is the part of an adapter that keeps no users.
createUsers({ adapter: {} as SessionAdapter<UserRow>, passwordHasher: scrypt() })

export const users = createUsers({
  adapter,
  passwordHasher: passwordHasher({ preferred: argon2id(), accepted: [scrypt(), pbkdf2(), luciaScrypt()] }),
})

// @ts-expect-error Only the package makes proofs.
export const forged: Proof = { userId: "ada", method: "password" }

export async function signUp(): Promise<string | null> {
  const key = { providerId: "username", providerUserId: "ada", password: "correct horse battery" }
  const created = await users.createUser({ key, attributes: { username: "ada" } })
  if (!created.user) return created.reason
  const signedIn = await users.signInWithPassword(auth, key, { device: "laptop" })
  return signedIn && signedIn.session.device
}

export const GET = createWebAuth(auth).handler(async (request, { validate, signOut }) => {
  const signedIn = await validate()
  if (!signedIn || !verifyRequestOrigin(request)) await signOut()
  return Response.json({ username: signedIn?.user.username ?? null })
})

export function codeOf(error: unknown): AuthErrorCode | null {
  return isAuthError(error) ? error.code : null
}

// Every option may be `undefined`, as one that comes out of the environment is.
const absent = undefined
createAuth({
  adapter,
  session: { idleTimeout: absent, absoluteTimeout: absent },
  cookie: { name: absent, domain: absent, path: absent, sameSite: absent, secure: absent, partitioned: absent },
  trustedOrigins: absent,
  getUserAttributes: absent,
  getSessionAttributes: absent,
  loadUser: absent,
  onEvent: absent,
  now: absent,
}).createSessionCookie("token", { persistent: absent })
createAuth({ adapter, session: absent, cookie: absent })
createStatelessAuth({
  secrets: ["x".repeat(31) + "y"],
  session: absent,
  cookie: absent,
  trustedOrigins: absent,
  attributes: absent,
  getUserAttributes: absent,
  revocations: absent,
  onEvent: absent,
  now: absent,
})
createSnapshots({
  secrets: ["x".repeat(31) + "y"],
  claims: ({ user }: Member<typeof auth>) => ({ name: user.username }),
  maxAge: absent,
  cookieName: absent,
  now: absent,
})
cachedRevocations(memoryRevocations({ now: absent }), { maxAge: "5s", maxKeys: absent, now: absent })
createWebAuth(auth, { snapshots: absent })
createUsers({
  adapter,
  passwordHasher: scrypt({ cost: absent, blockSize: absent, parallelism: absent }),
  passwordPolicy: { minLength: absent, maxLength: absent, blocklist: absent },
  passwordProviders: absent,
  generateUserId: absent,
  onEvent: absent,
  now: absent,
})
createUsers({ adapter, passwordHasher: argon2id({ memoryCost: absent, timeCost: absent }), passwordPolicy: absent })
passwordHasher({ preferred: pbkdf2({ iterations: absent }), accepted: absent })

const sqlite = {
  exec: (_sql: string) => undefined,
  prepare: (_sql: string) => ({ all: () => [], run: () => ({ changes: 0 }) }),
}
export const adapters = [
  betterSqlite3Adapter<UserRow>(sqlite),
  nodeSqliteAdapter<UserRow>(sqlite, { inTransaction: true }),
  nodeSqliteAdapter<UserRow>(sqlite, { tables: absent, userIdType: absent, inTransaction: absent }),
  nodeSqliteAdapter<UserRow>(sqlite, { tables: { user: absent, session: absent, key: absent } }),
  sqlAdapter<UserRow>({ dialect: "postgres", executor: { query: async () => [], execute: async () => 0 } }),
]
export const statements: string[] = schema("mysql", { userIdType: "bigint", sessionColumns: { device: "TEXT" } })
export const hasher = bcrypt({ compare: async () => false })
export const problem: Promise<PasswordReason | null> = checkPassword("password", { minLength: 15 })
export const caseNames: string[] = sessionAdapterCases.map(({ name }) => name)
export const test = testAdapter

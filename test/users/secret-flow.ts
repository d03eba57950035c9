import { randomUUID } from "node:crypto"
import { inspect } from "node:util"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { argon2id } from "../../src/password/argon2id.ts"
import { keyOfAda, openSqlite, setUp } from "./user-stores.ts"
import type { Store, User } from "./user-stores.ts"
import { attemptOf } from "./attempts.ts"

/** What the flow reports: everything that a log might show, and what must not be in it. */
export interface FlowReport {
  logged: string
  secrets: string[]
}

// Made here, because Node prints the text of modules while debugging.
const canary = () => `canary-${randomUUID()}`
const [first, second, wrong] = [canary(), canary(), canary()] as const

const inspection = { depth: Infinity, showHidden: true, maxArrayLength: null, maxStringLength: null }

process.send?.(await runFlow())
process.disconnect?.()

async function runFlow(): Promise<FlowReport> {
  const store: Store = nodeSqliteAdapter<User, { label?: string | null }>(openSqlite())
  const { users, auth, events } = setUp(store, { passwordHasher: argon2id() })
  const hashes: string[] = []
  const results: unknown[] = []
  const errors: unknown[] = []
  const keep = async (call: Promise<unknown>) => results.push(await call.catch((error: unknown) => errors.push(error)))
  const keepHash = async () => hashes.push((await store.findKey("username", "ada"))?.passwordHash ?? "no hash")

  const key = { ...keyOfAda, password: first }
  await keep(users.createUser({ id: "user-1", key, attributes: { username: "ada" } }))
  await keepHash()
  await keep(users.createUser({ key, attributes: {} }))
  await keep(users.createUser({ key: { ...key, providerId: "github" }, attributes: {} }))
  await keep(users.createUser({ key, attributes: { password: wrong } as never }))
  await keep(users.verifyPassword(attemptOf("ada", wrong)))
  await keep(users.verifyPassword(attemptOf("nobody", wrong)))
  await keep(users.verifyPassword({ providerId: "github", providerUserId: "ada", password: wrong }))

  const signedIn = await users.signInWithPassword(auth, attemptOf("ada", first))
  const rotated = await auth.rotateSession(signedIn?.token)
  const tokens = [signedIn?.token, rotated?.token].map(String)
  for (const token of [...tokens, `${wrong}`]) await keep(auth.validateSession(token))
  await keep(users.getUserKeys("user-1"))
  await keep(users.verifyUserPassword({ userId: "user-1", password: first }))
  await keep(users.verifyUserPassword({ userId: "user-1", password: wrong }))
  await keep(auth.getUserSessions("user-1"))
  results.push(signedIn?.session, signedIn?.key, rotated?.session)

  await keep(users.updateUserPassword({ userId: "user-1", password: second }))
  await keepHash()
  const down = { ...store, ...Object.fromEntries(Object.keys(store).map((name) => [name, fail])) }
  await keep(users.withAdapter(down).signInWithPassword(auth, attemptOf("ada", second)))
  await keep(users.withAdapter(down).updateUserPassword({ userId: "user-1", password: second }))
  for (const token of tokens) await keep(auth.withAdapter(down).validateSession(token))
  const broken = { ...argon2id(), hash: fail, verify: fail }
  await keep(setUp(store, { passwordHasher: broken }).users.verifyPassword(attemptOf("ada", second)))
  await keep(users.deleteUser("user-1"))

  const logged = [events, errors, results, users, auth].map((value) => inspect(value, inspection)).join("\n")
  return { logged, secrets: [first, second, wrong, ...tokens, ...hashes] }
}

async function fail(): Promise<never> {
  throw new Error("the service is down")
}

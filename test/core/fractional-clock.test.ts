import { DatabaseSync } from "node:sqlite"
import { expect, test } from "vitest"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { schema } from "../../adapters/sql.ts"
import { createAudit } from "../../src/audit.ts"
import { createDeviceBinding, deviceColumns, deviceKey } from "../../src/device.ts"
import type { DeviceRow } from "../../src/device.ts"
import { createAuth } from "../../src/index.ts"
import type { AuthEvent } from "../../src/index.ts"
import { assurance, assuranceColumns, createSignIn } from "../../src/sign-in.ts"
import type { AssuranceRow } from "../../src/sign-in.ts"
import { createStatelessAuth } from "../../src/stateless.ts"
import { createThrottle } from "../../src/throttle.ts"
import { createTokens, purpose } from "../../src/tokens.ts"
import { createRecoveryCodes, createTotp } from "../../src/totp.ts"
import { createUsers } from "../../src/users.ts"
import { createWebAuth } from "../../src/web.ts"
import { createDeviceBrowser } from "../device/device-browser.ts"
import { appCode } from "../totp/set-up.ts"
import { countingHasher } from "../users/counting-hasher.ts"

interface UserRow {
  id: string
}

const minute = 60_000
const secrets = ["a secret for tests that has at least 32 bytes"]

/** All modules on one store, with a clock that counts parts of a millisecond as `performance.now()` does. */
async function setUp({ proofsOnly = false } = {}) {
  const db = new DatabaseSync(":memory:")
  db.exec(`CREATE TABLE "user" (id TEXT NOT NULL PRIMARY KEY)`)
  const sessionColumns = { ...assuranceColumns, ...deviceColumns }
  const include = ["tokens", "throttle", "totp", "audit"] as const
  for (const statement of schema("sqlite", { sessionColumns, include: [...include] })) db.exec(statement)
  const adapter = nodeSqliteAdapter<UserRow, AssuranceRow & DeviceRow>(db)
  let time = Date.UTC(2030, 0, 1) + 0.625
  const now = Object.assign(() => time, { advance: (ms: number) => (time += ms) })
  const audit = createAudit({ adapter, now })
  const events: AuthEvent[] = []
  const onEvent = (event: AuthEvent) => {
    events.push(event)
    audit.onEvent(event)
  }
  const auth = createAuth({
    adapter,
    now,
    proofsOnly,
    onEvent,
    getSessionAttributes: (row: AssuranceRow & DeviceRow) => ({ ...assurance(row), ...deviceKey(row) }),
  })
  const tokens = createTokens({ adapter, purposes: { link: purpose({ expiresIn: "1h", proves: "email" }) }, now })
  const users = createUsers({ adapter, passwordHasher: countingHasher(), now })
  const created = await users.createUser({
    id: "ada",
    key: { providerId: "username", providerUserId: "ada", password: "correct horse" },
    attributes: {},
  })
  if (!created.user) throw new Error(created.reason)
  return { db, adapter, auth, tokens, users, audit, events, now, onEvent, proof: created.proof }
}

test("every module takes a clock that counts parts of a millisecond", async () => {
  const { db, adapter, auth, tokens, users, audit, now, proof } = await setUp({ proofsOnly: true })
  const totp = createTotp({ adapter, auth, issuer: "Example", secrets, now })
  const recovery = createRecoveryCodes({ tokens, now })
  const throttle = createThrottle({ adapter, name: "sign_in", limits: { account: { limit: 1, window: "1m" } }, now })
  const door = createSignIn({ auth, users, tokens, factors: [totp], now })

  const begun = await door.beginSignIn(proof)
  const stored = db.prepare("SELECT authenticated_at, typeof(authenticated_at) AS type FROM session").get()
  expect(stored).toEqual({ authenticated_at: Math.floor(now()), type: "integer" })
  expect(await auth.validateSession(begun.token)).toMatchObject({ user: { id: "ada" } })

  const sessionId = begun.session!.id
  const { secret, enrollment } = await totp.enrollTotp({ userId: "ada", account: "ada" })
  const code = appCode(secret, now())
  expect(await totp.confirmTotp({ userId: "ada", enrollment, code, sessionId })).toMatchObject({ proof: {} })
  now.advance(minute)
  expect(await totp.verifyTotp({ userId: "ada", code: appCode(secret, now()) })).not.toBeNull()
  const [recoveryCode] = await recovery.createCodes("ada")
  expect(await recovery.redeemCode({ userId: "ada", code: recoveryCode })).not.toBeNull()

  const link = await tokens.createToken({ purpose: "link", userId: "ada" })
  expect(await tokens.consumeToken(link, "link")).not.toBeNull()
  const { handle, code: typed } = await tokens.createCode({ purpose: "link", userId: "ada" })
  expect(await tokens.consumeCode({ handle, code: typed, purpose: "link" })).not.toBeNull()
  expect(await throttle.consume({ account: "ada" })).toEqual({ allowed: true, retryAfter: 0 })
  expect((await throttle.consume({ account: "ada" })).allowed).toBe(false)

  await audit.flush()
  expect(await audit.listEvents({ userId: "ada", limit: 100 })).not.toEqual([])
  now.advance(40 * 1440 * minute)
  for (const { cleanUp } of [tokens, throttle, totp]) expect(await cleanUp()).toBeGreaterThanOrEqual(0)
  expect(await auth.deleteExpiredSessions()).toBe(1)
  expect(await audit.deleteEvents(new Date(now()))).toBeGreaterThan(0)
})

test("a stateless auth takes it too", async () => {
  const { now } = await setUp()
  const auth = createStatelessAuth({ secrets, now })
  const { token } = await auth.createSession("ada")
  now.advance(minute)
  expect(await auth.validateSession(token)).toMatchObject({ session: { userId: "ada" } })
})

test("a bound session survives a refresh with it", async () => {
  const { auth, events, now } = await setUp()
  const device = createDeviceBinding({ auth, secrets, mode: "enforce" })
  const serve = createWebAuth(auth, { device }).handler(async (request, visitor) => {
    if (new URL(request.url).pathname === "/sign-in") await visitor.signIn("ada")
    return new Response((await visitor.validate())?.user.id ?? "nobody")
  })
  const browser = createDeviceBrowser(serve, { now })
  await browser.visit("/sign-in", { method: "POST" })
  now.advance(11 * minute)
  expect(await (await browser.visit("/")).text()).toBe("ada")
  expect(events.map(({ type }) => type)).toContain("device_bound")
  expect(events.map(({ type }) => type)).not.toContain("device_refused")
})

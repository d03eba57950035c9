import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { createAuth } from "../../src/index.ts"
import { makeProof } from "../../src/proof/proof.ts"
import type { Proof } from "../../src/proof/proof.ts"
import { assurance, createSignIn } from "../../src/sign-in.ts"
import { manualClock } from "../../src/testing.ts"
import { createTokens, purpose } from "../../src/tokens.ts"
import { createRecoveryCodes, createTotp } from "../../src/totp.ts"
import { createUsers } from "../../src/users.ts"
import { appCode, secrets, step } from "../totp/set-up.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { keyOfAda } from "./set-up.ts"
import type { SessionRow, UserRow } from "./set-up.ts"

// Users, tokens, authenticator apps and recovery codes as an application makes them: no stand-ins.

async function application() {
  const now = manualClock()
  const adapter = memoryAdapter<UserRow, SessionRow>()
  const auth = createAuth({ adapter, now, proofsOnly: true, getSessionAttributes: assurance })
  const purposes = { magic_link: purpose({ expiresIn: "10m", proves: "email" }) }
  const tokens = createTokens({ adapter, purposes, now })
  const totp = createTotp<UserRow>({ adapter, auth, issuer: "Example", secrets, now })
  const recovery = createRecoveryCodes({ tokens, now })
  const resets = [auth, tokens, totp, recovery]
  const users = createUsers<UserRow>({ adapter, auth, passwordHasher: countingHasher(), resets, now })
  const door = createSignIn({ auth, users, tokens, factors: [totp, recovery], now })
  const { password, ...key } = keyOfAda
  await users.createUser({ id: "ada", key: { ...key, password }, attributes: { username: "ada" } })
  await adapter.insertKey({ providerId: "github", providerUserId: "7", userId: "ada", passwordHash: null })

  // What createOAuth() returns once the provider has answered.
  const oauth = { userId: "ada", method: "oauth", key: { providerId: "github", providerUserId: "7" } } as const
  const paths: Record<string, () => Promise<Proof<string> | null | undefined>> = {
    password: () => users.verifyPassword(keyOfAda),
    "magic link": async () => {
      const token = await tokens.createToken({ purpose: "magic_link", userId: "ada" })
      return (await tokens.consumeToken(token, "magic_link"))?.proof
    },
    code: async () => {
      const { handle, code } = await tokens.createCode({ purpose: "magic_link", userId: "ada" })
      return (await tokens.consumeCode({ handle, code, purpose: "magic_link" }))?.proof
    },
    provider: async () => makeProof<string>({ realm: "user", ...oauth }),
  }

  async function enroll(): Promise<string> {
    const { secret, enrollment } = await totp.enrollTotp({ userId: "ada", account: "ada" })
    await totp.confirmTotp({ userId: "ada", enrollment, code: appCode(secret, now()) })
    now.advance(step)
    return secret
  }

  async function begin(path: string) {
    return door.beginSignIn((await paths[path]!())!)
  }

  return { now, adapter, auth, tokens, totp, recovery, users, door, enroll, begin }
}

const ways = ["password", "magic link", "code", "provider"]

describe.each(ways)("a sign-in by %s", (path) => {
  test("makes a session at once for a user without a second factor, also with recovery codes alone", async () => {
    const { begin, recovery } = await application()
    await recovery.createCodes("ada")
    expect(await begin(path)).toMatchObject({ session: { userId: "ada", level: 1 }, pending: null })
  })

  test("waits for the authenticator app, and makes a session of level 2 with its code", async () => {
    const { begin, enroll, door, totp, adapter, now } = await application()
    const secret = await enroll()
    const begun = await begin(path)
    expect(begun).toMatchObject({ session: null, token: null, factors: ["totp"] })
    expect(await adapter.listSessions("ada")).toEqual([])
    const finish = (code: unknown) => door.finishSignIn(begun.pending, (userId) => totp.verifyTotp({ userId, code }))
    expect(await finish("000000x")).toBeNull()
    expect(await adapter.listSessions("ada")).toEqual([])
    expect(await finish(appCode(secret, now()))).toMatchObject({ session: { userId: "ada", level: 2 } })
  })

  test("may be finished with a recovery code, once", async () => {
    const { begin, enroll, door, recovery } = await application()
    await enroll()
    const [code = ""] = await recovery.createCodes("ada")
    const finish = async () => {
      const { pending } = await begin(path)
      return door.finishSignIn(pending, (userId) => recovery.redeemCode({ userId, code }))
    }
    expect(await finish()).toMatchObject({ session: { userId: "ada", level: 2 } })
    expect(await finish()).toBeNull()
  })

  test("is taken back if the authenticator app is removed while it finishes", async () => {
    const { begin, enroll, door, totp, adapter, now } = await application()
    const secret = await enroll()
    const { pending } = await begin(path)
    const finished = door.finishSignIn(pending, async (userId) => {
      const proof = await totp.verifyTotp({ userId, code: appCode(secret, now()) })
      await totp.removeTotp({ userId })
      return proof
    })
    expect(await finished).toBeNull()
    expect(await adapter.listSessions("ada")).toEqual([])
  })

  test("[PRF-9] makes no session while the authenticator's key does not open", async () => {
    const { begin, enroll, door, adapter, now } = await application()
    const secret = await enroll()
    const { pending } = await begin(path)
    const other = ["another secret that has at least 32 bytes"]
    const totp = createTotp({ adapter, issuer: "Example", secrets: other, now })
    const code = appCode(secret, now())
    const finished = door.finishSignIn(pending, (userId) => totp.verifyTotp({ userId, code }))
    await expect(finished).rejects.toMatchObject({ code: "store_failed" })
    expect(await adapter.listSessions("ada")).toEqual([])
  })
})

test("the proof of confirmTotp() raises the session that asked for it", async () => {
  const { begin, door, totp, auth, now } = await application()
  const { session, token } = await begin("password")
  const { secret, enrollment } = await totp.enrollTotp({ userId: "ada", account: "ada" })
  const code = appCode(secret, now())
  const { proof } = await totp.confirmTotp({ userId: "ada", enrollment, code, sessionId: session!.id })
  const elevated = await door.elevate({ sessionToken: token, proof: proof! })
  expect(await auth.validateSession(elevated?.token)).toMatchObject({ session: { level: 2 } })
})

test("a code of the authenticator app starts no sign-in", async () => {
  const { enroll, door, totp, now } = await application()
  const secret = await enroll()
  const proof = await totp.verifyTotp({ userId: "ada", code: appCode(secret, now()) })
  await expect(door.beginSignIn(proof!)).rejects.toMatchObject({ code: "proof_void" })
})

test("resetAccess() takes the authenticator app and the recovery codes away", async () => {
  const { enroll, totp, recovery, users } = await application()
  await enroll()
  await recovery.createCodes("ada")
  await users.resetAccess({ userId: "ada" })
  expect(await totp.factorsOf("ada")).toEqual([])
  expect(await recovery.factorsOf("ada")).toEqual([])
})

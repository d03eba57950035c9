import { TOTP } from "otpauth"
import { Redis } from "ioredis"
import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import { manualClock } from "../../src/testing.ts"
import { createTokens } from "../../src/tokens.ts"
import { createRecoveryCodes, createTotp } from "../../src/totp.ts"
import { featureStores } from "../adapters/feature-stores.ts"
import { ownPrefix } from "../adapters/redis-stores.ts"
import { redisServer } from "../redis-servers.ts"
import { race } from "../tokens/tokens-fixture.ts"
import { appCode, secrets, step, wrongCode } from "./set-up.ts"

const keysOfRedis = ownPrefix()
const redis = await redisServer(keysOfRedis)
const client = redis && new Redis(redis.url)
afterAll(async () => {
  await client?.quit()
  await redis?.close()
})

if (client)
  test("recovery codes are not kept by a store that may evict them", async () => {
    const tokens = createTokens({ adapter: ioredisAdapter(client, { prefix: keysOfRedis }), purposes: {} })
    const created = createRecoveryCodes({ tokens }).createCodes("alice")
    await expect(created).rejects.toMatchObject({ code: "unsupported" })
  })

for (const { name, adapter, reset, run } of await featureStores()) {
  describe(`authenticator apps and recovery codes over ${name}`, () => {
    beforeEach(reset)

    async function enroll(userId = "alice", now = manualClock()) {
      const totp = createTotp({ adapter, issuer: "Example", secrets, now })
      const { secret, enrollment } = await totp.enrollTotp({ userId, account: userId })
      const { proof } = await totp.confirmTotp({ userId, enrollment, code: appCode(secret, now()) })
      expect(proof).not.toBeNull()
      return { totp, secret, now }
    }

    test("of 50 callers with one code, one gets the proof", async () => {
      const { totp, secret, now } = await enroll()
      const code = appCode(secret, now.advance(step))
      expect(await race(50, () => totp.verifyTotp({ userId: "alice", code }))).toHaveLength(1)
      expect(await totp.verifyTotp({ userId: "alice", code })).toBeNull()
    })

    test("[PRF-8] of 50 guesses at the same time, ten are compared", async () => {
      const { totp, secret, now } = await enroll()
      now.advance(20 * step)
      let refused = 0
      const onEvent = ({ type }: { type: string }) => void (refused += type === "second_factor_refused" ? 1 : 0)
      const counting = createTotp({ adapter, issuer: "Example", secrets, now, onEvent })
      const code = wrongCode(secret, now())
      expect(await race(50, () => counting.verifyTotp({ userId: "alice", code }))).toEqual([])
      expect(refused).toBe(10)
      expect(await totp.verifyTotp({ userId: "alice", code: appCode(secret, now()) })).toBeNull()
    })

    test("of racing confirmations one is stored, and a code of a replaced app does not bring it back", async () => {
      const { totp, secret, now } = await enroll()
      now.advance(step)
      const next = await totp.enrollTotp({ userId: "alice", account: "alice" })
      const [verified] = await Promise.all([
        totp.verifyTotp({ userId: "alice", code: appCode(secret, now()) }),
        totp.confirmTotp({
          userId: "alice",
          enrollment: next.enrollment,
          code: appCode(next.secret, now()),
          replace: true,
        }),
      ])
      expect([null, "totp"]).toContain(verified && verified.method)
      now.advance(2 * step)
      expect(await totp.verifyTotp({ userId: "alice", code: appCode(secret, now()) })).toBeNull()
      expect(await totp.verifyTotp({ userId: "alice", code: appCode(next.secret, now()) })).not.toBeNull()

      const enrolled = await Promise.all(
        Array.from({ length: 5 }, () => totp.enrollTotp({ userId: "bob", account: "bob" })),
      )
      const confirmed = await Promise.all(
        enrolled.map((one) =>
          totp.confirmTotp({ userId: "bob", enrollment: one.enrollment, code: appCode(one.secret, now()) }),
        ),
      )
      expect(confirmed.filter(({ proof }) => proof !== null)).toHaveLength(1)
      expect(confirmed.filter(({ reason }) => reason === "enrolled")).toHaveLength(4)
    })

    test("[STO-1] the tables hold no seed and no code, in any spelling", async () => {
      const { secret } = await enroll()
      const tokens = createTokens({ adapter, purposes: {} })
      const codes = await createRecoveryCodes({ tokens }).createCodes("alice")
      const rows = [...(await run("SELECT * FROM user_totp")), ...(await run("SELECT * FROM auth_token"))]
      // Some drivers return text of a binary collation as bytes.
      const text = (value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value)
      const dump = rows.flatMap((row) => Object.values(row).map(text)).join()
      expect(dump).toContain("alice")
      const bytes = Buffer.from(new TOTP({ secret }).secret.buffer)
      const spelt = (["hex", "base64", "base64url", "latin1"] as const).map((as) => bytes.toString(as))
      const plain = codes.map((code) => code.replaceAll("-", ""))
      for (const each of [secret, secret.toLowerCase(), ...spelt, ...codes, ...plain]) expect(dump).not.toContain(each)
    })

    test("new recovery codes end the older ones, and of 50 callers with one code one gets the proof", async () => {
      const tokens = createTokens({ adapter, purposes: {} })
      const recovery = createRecoveryCodes({ tokens })
      const [older = ""] = await recovery.createCodes("alice")
      const [code = ""] = await recovery.createCodes("alice")
      expect(await recovery.countCodes("alice")).toBe(10)
      expect(await recovery.redeemCode({ userId: "alice", code: older })).toBeNull()
      expect(await recovery.redeemCode({ userId: "bob", code })).toBeNull()
      expect(await race(50, () => recovery.redeemCode({ userId: "alice", code }))).toHaveLength(1)
      expect(await recovery.countCodes("alice")).toBe(9)
    })
  })
}

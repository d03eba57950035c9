import { describe, expect, test } from "vitest"
import { spendProof } from "../../src/proof/proof.ts"
import { createTokens } from "../../src/tokens.ts"
import { createRecoveryCodes } from "../../src/totp.ts"
import { race } from "../tokens/tokens-fixture.ts"
import { setUp } from "./set-up.ts"

const shape = /^[a-z2-7]{4}(-[a-z2-7]{4}){5}$/

describe("createCodes()", () => {
  test("makes ten codes of 120 bits, all different", async () => {
    const { recovery } = await setUp()
    expect(await recovery.factorsOf("ada")).toEqual([])
    const codes = await recovery.createCodes("ada")
    expect(new Set(codes).size).toBe(10)
    for (const code of codes) expect(code).toMatch(shape)
    expect(await recovery.countCodes("ada")).toBe(10)
    expect(await recovery.factorsOf("ada")).toEqual(["recovery"])
  })

  test("ends the earlier codes, in the same store call, and no other user's", async () => {
    const { recovery, calls } = await setUp()
    const [first = ""] = await recovery.createCodes("ada")
    const [ofGrace = ""] = await recovery.createCodes("grace")
    calls.splice(0)
    const [second = ""] = await recovery.createCodes("ada")
    expect(calls).toEqual(["insertTokens"])
    expect(await recovery.countCodes("ada")).toBe(10)
    expect(await recovery.redeemCode({ userId: "ada", code: first })).toBeNull()
    expect(await recovery.redeemCode({ userId: "ada", code: second })).not.toBeNull()
    expect(await recovery.redeemCode({ userId: "grace", code: ofGrace })).not.toBeNull()
  })

  test("throws user_missing for a user who does not exist", async () => {
    const { recovery } = await setUp()
    await expect(recovery.createCodes("nobody")).rejects.toMatchObject({ code: "user_missing" })
  })
})

describe("redeemCode()", () => {
  test("uses a code up, proves it, and reports that without the code", async () => {
    const { recovery, events, now } = await setUp()
    const [code = ""] = await recovery.createCodes("ada")
    const proof = await recovery.redeemCode({ userId: "ada", code })
    expect(proof).toEqual({ userId: "ada", method: "recovery" })
    expect(spendProof(proof!, "user").evidence).toEqual({ userId: "ada", method: "recovery" })
    expect(await recovery.countCodes("ada")).toBe(9)
    expect(await recovery.redeemCode({ userId: "ada", code })).toBeNull()
    expect(events).toEqual([
      { type: "recovery_used", at: new Date(now()), userId: "ada" },
      { type: "second_factor_refused", at: new Date(now()), userId: "ada", reason: "wrong_code" },
    ])
  })

  test("reads a code in capitals, with spaces or without dashes", async () => {
    const { recovery } = await setUp()
    const codes = await recovery.createCodes("ada")
    const spellings = [
      (code: string) => code.toUpperCase(),
      (code: string) => code.replaceAll("-", ""),
      (code: string) => ` ${code.replaceAll("-", " ")}\r\n`,
      (code: string) => code.replaceAll("-", "\u2013\u200B"),
    ]
    for (const [n, spell] of spellings.entries())
      expect(await recovery.redeemCode({ userId: "ada", code: spell(codes[n]!) })).not.toBeNull()
  })

  test.each([undefined, null, "", 5, {}, ["abcd"], "abcd-efgh", "a".repeat(25), "1".repeat(24), "a".repeat(1e5)])(
    "%j is null, without a store call",
    async (code) => {
      const { recovery, calls } = await setUp()
      expect(await recovery.redeemCode({ userId: "ada", code })).toBeNull()
      expect(calls).toEqual([])
    },
  )

  test("of fifty callers with one code, one gets the proof", async () => {
    const { recovery } = await setUp()
    const [code = ""] = await recovery.createCodes("ada")
    const proofs = await race(50, () => recovery.redeemCode({ userId: "ada", code }))
    expect(proofs.filter((proof) => proof !== null)).toHaveLength(1)
  })

  test("accepts no link, and no link is accepted for a code", async () => {
    const { recovery, tokens } = await setUp()
    const [code = ""] = await recovery.createCodes("ada")
    expect(await tokens.peekToken(code.replaceAll("-", ""), "x" as never).catch((error: Error) => error.name)).toBe(
      "AuthError",
    )
    await tokens.invalidateTokens("ada")
    expect(await recovery.countCodes("ada")).toBe(10)
  })
})

test("removeCodes() and resetUser() end all codes of one user", async () => {
  const { recovery } = await setUp()
  for (const end of [recovery.removeCodes, recovery.resetUser]) {
    const [code = ""] = await recovery.createCodes("ada")
    await recovery.createCodes("grace")
    await end("ada")
    expect(await recovery.factorsOf("ada")).toEqual([])
    expect(await recovery.redeemCode({ userId: "ada", code })).toBeNull()
    expect(await recovery.countCodes("grace")).toBe(10)
  }
})

test("createRecoveryCodes() refuses what createTokens() did not make", () => {
  for (const tokens of [undefined, null, {}])
    expect(() => createRecoveryCodes({ tokens: tokens as never })).toThrow(/createTokens/)
})

test("the codes of one realm are nothing in another", async () => {
  const { recovery, store, now } = await setUp()
  const tokens = createTokens({ adapter: store, purposes: {}, realm: "admin", now })
  const admins = createRecoveryCodes({ tokens, realm: "admin", now })
  const [code = ""] = await recovery.createCodes("ada")
  expect(await admins.redeemCode({ userId: "ada", code })).toBeNull()
  expect(await recovery.redeemCode({ userId: "ada", code })).not.toBeNull()
})

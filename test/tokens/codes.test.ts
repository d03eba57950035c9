import { createHash } from "node:crypto"

import { describe, expect, test, vi } from "vitest"

import { hashCode, randomDigits } from "../../src/tokens/codes.ts"
import { race, setUp, wrongCode } from "./tokens-fixture.ts"

const minute = 60_000

async function setUpCode(options: { digits?: number; attempts?: number } = {}) {
  const parts = await setUp()
  const { tokens } = parts
  const { code, handle } = await tokens.createCode({ purpose: "reset_password", userId: "user-1", ...options })
  const consume = (typed: unknown = code) => tokens.consumeCode({ handle, code: typed, purpose: "reset_password" })
  return { ...parts, code, handle, consume }
}

const used = { userId: "user-1", data: null, proof: { userId: "user-1", method: "email" } }

describe("createCode()", () => {
  test("[OTT-1] returns 8 digits and a handle of 160 bits, and stores the handle by a hash of its own kind", async () => {
    const { memory, code, handle, now } = await setUpCode()
    const id = createHash("sha256").update(`reset_password:code\0${handle}`).digest("hex")
    expect(code).toMatch(/^\d{8}$/)
    expect(handle).toMatch(/^[a-z2-7]{32}$/)
    expect(await memory.findToken(id)).toEqual({
      id,
      purpose: "reset_password:code",
      userId: "user-1",
      expiresAt: new Date(now() + 10 * minute),
      attempts: 5,
      data: expect.stringMatching(/^[A-Za-z0-9+/]{107}$/),
    })
  })

  test("[OTT-1] stores the code by a hash together with its handle", () => {
    const hash = createHash("sha256").update(`handle\0${"123456"}`).digest("hex")
    expect(hashCode("handle", "123456")).toBe(hash)
  })

  test.each([6, 7, 8, 9, 10])("makes codes of %d digits", async (digits) => {
    const { code, consume } = await setUpCode({ digits })
    expect(code).toMatch(new RegExp(`^\\d{${digits}}$`))
    expect(await consume()).toEqual(used)
  })

  test.each([
    { digits: 5 },
    { digits: 11 },
    { digits: 6.5 },
    { digits: "8" },
    { attempts: 0 },
    { attempts: 11 },
    { attempts: 1.5 },
    { digit: 6 },
  ])("throws invalid_option for %o", async (wrong) => {
    await expect(setUpCode(wrong as {})).rejects.toMatchObject({ code: "invalid_option" })
  })

  test("ends no token and no code, and new tokens end no code: asking for one is no weapon", async () => {
    const { tokens, consume, now } = await setUpCode()
    const token = await tokens.createToken({ purpose: "reset_password", userId: "user-1" })
    for (let asked = 0; asked < 5; asked++) {
      now.advance(1)
      await tokens.createCode({ purpose: "reset_password", userId: "user-1" })
    }
    expect(await tokens.peekToken(token, "reset_password")).not.toBeNull()
    for (let asked = 0; asked < 5; asked++) {
      now.advance(1)
      await tokens.createToken({ purpose: "reset_password", userId: "user-1" })
    }
    expect(await consume()).toEqual(used)
  })

  test("makes codes whose digits are all equally likely", () => {
    const counts = Array.from({ length: 10 }, () => 0)
    const digits = randomDigits(100_000)
    for (const digit of digits) counts[Number(digit)]!++
    // Chi-squared with 9 degrees of freedom: above 40 once in 100,000 runs. A byte modulo 10 gives about 80.
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    expect(chiSquared).toBeLessThan(40)
  })

  test("makes no digit of the bytes 250 to 255, which would make the digits 0 to 5 likelier", () => {
    const bytes = [255, 249, 250, 7]
    const spy = vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      if (array instanceof Uint8Array) array[0] = bytes.shift()!
      return array
    })
    expect(randomDigits(2)).toBe("97")
    spy.mockRestore()
  })
})

describe("consumeCode()", () => {
  test("[OTT-2] returns what the code was made for, once", async () => {
    const { tokens } = await setUp()
    const data = { address: "ada@example.com" }
    const { code, handle } = await tokens.createCode({ purpose: "sign_up", data })
    expect(await tokens.consumeCode({ handle, code, purpose: "sign_up" })).toEqual({ userId: null, data, proof: null })
    expect(await tokens.consumeCode({ handle, code, purpose: "sign_up" })).toBeNull()
  })

  test("counts the try before it compares, and then takes the row", async () => {
    const { calls, code, consume } = await setUpCode()
    await consume(wrongCode(code))
    expect(calls).toEqual(["insertTokens", "tryToken"])
    await consume()
    expect(calls).toEqual(["insertTokens", "tryToken", "tryToken", "takeToken"])
  })

  test.each([1, 2, 5, 10])("[OTT-1] takes %d tries, and then the right code is null too", async (attempts) => {
    const { code, consume } = await setUpCode({ attempts })
    for (let tried = 1; tried < attempts; tried++) expect(await consume(wrongCode(code))).toBeNull()
    expect(await consume()).toEqual(used)

    const other = await setUpCode({ attempts })
    for (let tried = 0; tried < attempts; tried++) expect(await other.consume(wrongCode(other.code))).toBeNull()
    expect(await other.consume()).toBeNull()
  })

  test("[OTT-1] a thousand guesses get five answers", async () => {
    const { tokens, code, consume, events } = await setUpCode({ digits: 6 })
    for (let guess = 0; guess < 1000; guess++) await consume(`${guess}`.padStart(6, "0").replace(code, "999999"))
    expect(events.filter(({ reason }) => reason === "wrong_code")).toHaveLength(5)
    expect(await consume()).toBeNull()
    const asked = await tokens.createCode({ purpose: "reset_password", userId: "user-1" })
    expect(await tokens.consumeCode({ ...asked, purpose: "reset_password" })).toEqual(used)
  })

  test("says in events which user's code was guessed at", async () => {
    const { code, consume, events } = await setUpCode()
    await consume(wrongCode(code))
    expect(events.at(-1)).toMatchObject({ type: "token_refused", userId: "user-1", reason: "wrong_code" })
  })

  test("takes no other code's handle, and no code without its handle", async () => {
    const { tokens, code } = await setUpCode()
    const other = await tokens.createCode({ purpose: "reset_password", userId: "user-2" })
    const handle = other.handle
    if (other.code !== code) expect(await tokens.consumeCode({ handle, code, purpose: "reset_password" })).toBeNull()
    expect(await tokens.consumeCode({ handle: code, code, purpose: "reset_password" })).toBeNull()
  })

  test("does not count what is not shaped like a code", async () => {
    const { code, consume } = await setUpCode({ attempts: 1 })
    for (const typed of ["", "12345", "12345678901", `${code}x`, `${code}.`, "-".repeat(8), Number(code), [code], null])
      expect(await consume(typed)).toBeNull()
    expect(await consume()).toEqual(used)
  })

  test("reads a code of up to 100 characters", async () => {
    const { calls, code, consume } = await setUpCode()
    expect(await consume(code.padEnd(101))).toBeNull()
    expect(calls).toEqual(["insertTokens"])
    expect(await consume(code.padEnd(100))).toEqual(used)
  })

  const spellings: [string, (code: string) => string][] = [
    ["with a space in the middle", (code) => `${code.slice(0, 4)} ${code.slice(4)}`],
    ["with spaces, tabs and line breaks around it", (code) => ` \t${code}\r\n`],
    ["with a no-break space", (code) => `${code.slice(0, 4)}\u00A0${code.slice(4)}`],
    ["with narrow and ideographic spaces", (code) => `\u202F${code.slice(0, 4)}\u3000${code.slice(4)}\u2009`],
    ["with a dash", (code) => `${code.slice(0, 4)}-${code.slice(4)}`],
    ["with a dash that was made longer", (code) => `${code.slice(0, 2)}–${code.slice(2, 4)}—${code.slice(4)}`],
    [
      "with a no-break hyphen and a minus sign",
      (code) => `${code.slice(0, 2)}\u2011${code.slice(2, 4)}−${code.slice(4)}`,
    ],
    ["with invisible marks", (code) => `\u200B\u2066${code.slice(0, 4)}\u00AD${code.slice(4)}\u2069\uFEFF`],
    ["in full-width digits", (code) => respelled(code, 0xff10)],
    ["in Arabic digits", (code) => respelled(code, 0x0660)],
    ["in Persian digits", (code) => respelled(code, 0x06f0)],
  ]

  test.each(spellings)("takes a code %s", async (_, spell) => {
    const { code, consume } = await setUpCode()
    expect(await consume(spell(code))).toEqual(used)
  })

  test("[OTT-3] is null from the end of the purpose's life, or after 10 minutes", async () => {
    for (const [purpose, life] of [
      ["reset_password", 10 * minute],
      ["confirm", 5 * minute],
    ] as const) {
      for (const late of [-1, 0, 1]) {
        const { tokens, now } = await setUp()
        const code = await tokens.createCode({ purpose, userId: "user-1" })
        now.advance(life + late)
        expect((await tokens.consumeCode({ ...code, purpose })) !== null).toBe(late < 0)
      }
    }
  })

  test("[OTT-2] of 50 callers with the right code one gets it", async () => {
    const { consume } = await setUpCode({ attempts: 10 })
    expect(await race(50, consume)).toEqual([used])
  })
})

function respelled(code: string, zero: number): string {
  return String.fromCharCode(...Array.from(code, (digit) => zero + Number(digit)))
}

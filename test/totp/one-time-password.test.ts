import { readFileSync } from "node:fs"
import fc from "fast-check"
import { Secret, TOTP } from "otpauth"
import { expect, test } from "vitest"
import { hotpOf, stepOf } from "../../src/totp/one-time-password.ts"

interface Vectors {
  seed: string
  hotp: string[]
  totp: { seconds: number; code: string }[]
}

const file = new URL("../vectors/totp.json", import.meta.url)
const { seed, hotp, totp } = JSON.parse(readFileSync(file, "utf8")) as Vectors
const bytes = new TextEncoder().encode(seed)

test.each(hotp.map((code, counter) => ({ counter, code })))("RFC 4226: counter $counter is $code", async (vector) => {
  expect(await hotpOf(bytes, vector.counter)).toBe(vector.code)
})

test.each(totp)("RFC 6238: $code at $seconds seconds", async ({ seconds, code }) => {
  expect(await stepOf(bytes, code.slice(-6), seconds * 1000)).toBe(Math.floor(seconds / 30))
})

test("agrees with otpauth for any seed and time, and accepts a step on each side and no more", async () => {
  const seeds = fc.uint8Array({ minLength: 20, maxLength: 20 })
  // Up to the year 5138.
  const times = fc.integer({ min: 0, max: 1e14 })
  await fc.assert(
    fc.asyncProperty(seeds, times, fc.integer({ min: -4, max: 4 }), async (random, at, skew) => {
      const app = new TOTP({ secret: new Secret({ buffer: random.buffer }) })
      const shown = at + skew * 30_000
      fc.pre(shown >= 0)
      const code = app.generate({ timestamp: shown })
      const delta = app.validate({ token: code, timestamp: at, window: 1 })
      const found = await stepOf(Uint8Array.from(random), code, at)
      expect(found === null).toBe(delta === null)
      if (Math.abs(skew) <= 1) expect(found).toBeGreaterThanOrEqual(Math.floor(shown / 30_000))
      expect(await hotpOf(Uint8Array.from(random), Math.floor(shown / 30_000))).toBe(code)
    }),
    { numRuns: 300 },
  )
})

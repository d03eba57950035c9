import { afterEach, expect, test, vi } from "vitest"
import { pbkdf2 } from "../../src/password.ts"
import vectors from "../vectors/password-hashes.json" with { type: "json" }

const salt = "c29tZXNhbHRzb21lc2FsdA"
const key = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

afterEach(() => vi.restoreAllMocks())

test("verify() accepts the common test vector for PBKDF2 with HMAC-SHA-512", async () => {
  const { password, salt, key } = vectors.pbkdf2
  const vector = `$pbkdf2-sha512$i=4096$${base64(salt)}$${base64(key, "hex")}`
  expect(await pbkdf2().verify(vector, password)).toBe(true)
  expect(await pbkdf2().verify(vector, "passwordPASSWORDpasswor")).toBe(false)
  expect(pbkdf2().needsRehash(vector)).toBe(true)
})

test("[PWD-5] hash() makes a PHC string at OWASP's cost, or the options'", async () => {
  expect(await pbkdf2().hash("correct horse")).toMatch(
    /^\$pbkdf2-sha512\$i=220000\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
  )
  const hash = await pbkdf2({ iterations: 230_000 }).hash("correct horse")
  expect(hash).toContain("$i=230000$")
  expect(pbkdf2({ iterations: 230_000 }).needsRehash(hash)).toBe(false)
  expect(pbkdf2().needsRehash(hash)).toBe(true)
})

test.each([10_000_001, 4294967295, 0])("[PWD-7] verify() refuses %i iterations before any work", async (iterations) => {
  const spy = vi.spyOn(crypto.subtle, "importKey")
  expect(await pbkdf2().verify(`$pbkdf2-sha512$i=${iterations}$${salt}$${key}`, "password")).toBe(false)
  expect(spy).not.toHaveBeenCalled()
})

test.each([219_999, 0, -1, 220_000.5, NaN, Infinity, 10_000_001])("pbkdf2() throws for %d iterations", (iterations) => {
  expect(() => pbkdf2({ iterations })).toThrow(expect.objectContaining({ code: "invalid_option" }))
})

test("a failing platform rejects with hash_failed and its cause, never with false", async () => {
  const cause = new Error("iteration counts above 100000 are not supported")
  vi.spyOn(crypto.subtle, "deriveBits").mockRejectedValue(cause)
  await expect(pbkdf2().hash("correct horse")).rejects.toMatchObject({ code: "hash_failed", cause })
  const stored = `$pbkdf2-sha512$i=4096$${salt}$${key}`
  await expect(pbkdf2().verify(stored, "password")).rejects.toMatchObject({ code: "hash_failed", cause })
})

function base64(text: string, encoding?: "hex"): string {
  return Buffer.from(text, encoding).toString("base64").replaceAll("=", "")
}

import crypto from "node:crypto"
import { afterEach, expect, test, vi } from "vitest"
import { luciaScrypt, scrypt } from "../../src/password.ts"
import vectors from "../vectors/password-hashes.json" with { type: "json" }

const cheap = { cost: 2 ** 15, parallelism: 3 }
const salt = "aM15713r3Xsvxbi31lqr1Q"
const key = "nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E"

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

test("verify() accepts the vector of RFC 7914, section 12", async () => {
  const { password, salt, key } = vectors.scrypt
  const vector = `$scrypt$ln=14,r=8,p=1$${base64(Buffer.from(salt))}$${base64(Buffer.from(key, "hex"))}`
  expect(await scrypt().verify(vector, password)).toBe(true)
  expect(await scrypt().verify(vector, "pleaseletmeout")).toBe(false)
  expect(scrypt().needsRehash(vector)).toBe(true)
})

test("verify() accepts the PHC string in passlib's documentation", async () => {
  const { password, encoded } = vectors["scrypt of passlib"]
  expect(await scrypt().verify(encoded, password)).toBe(true)
})

test("[PWD-5] hash() makes a PHC string at OWASP's cost", async () => {
  const hash = await scrypt().hash("correct horse")
  expect(hash).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(scrypt().needsRehash(hash)).toBe(false)
  expect(scrypt(cheap).needsRehash(hash)).toBe(true)
})

test("hash() leaves the event loop free", async () => {
  let isDone = false
  const hash = scrypt(cheap)
    .hash("correct horse")
    .then(() => (isDone = true))
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(isDone).toBe(false)
  await hash
})

test.each([
  "ln=19,r=8,p=1",
  "ln=31,r=8,p=1",
  "ln=4294967295,r=8,p=1",
  "ln=18,r=9,p=1",
  "ln=17,r=17,p=1",
  "ln=14,r=8,p=11",
  "ln=14,r=0,p=1",
  "ln=0,r=8,p=1",
  "ln=16,r=1,p=1",
  "N=131072,r=8,p=1",
])("[PWD-7] verify() refuses $scrypt$%s before any work", async (cost) => {
  const spy = vi.spyOn(crypto, "scrypt")
  expect(await scrypt().verify(`$scrypt$${cost}$${salt}$${key}`, "password")).toBe(false)
  expect(spy).not.toHaveBeenCalled()
})

test("verify() takes the most that a stored hash may cost", async () => {
  const keyOf = (N: number, r: number) =>
    crypto.scryptSync("password", Buffer.from(salt, "base64"), 32, { N, r, p: 1, maxmem: 2 ** 29 })
  expect(await scrypt().verify(`$scrypt$ln=18,r=8,p=1$${salt}$${base64(keyOf(2 ** 18, 8))}`, "password")).toBe(true)
  expect(await scrypt().verify(`$scrypt$ln=17,r=16,p=1$${salt}$${base64(keyOf(2 ** 17, 16))}`, "password")).toBe(true)
})

test.each([
  { cost: 2 ** 16 },
  { cost: 2 ** 15, parallelism: 2 },
  { cost: 2 ** 14, parallelism: 10 },
  { cost: 100_000 },
  { cost: 2 ** 17 + 1 },
  { cost: 2 ** 19 },
  { cost: 0 },
  { cost: -1 },
  { cost: NaN },
  { blockSize: 7 },
  { blockSize: 17 },
  { blockSize: 8.5 },
  { parallelism: 0 },
  { parallelism: 11 },
])("[PWD-5] scrypt() throws for %o", (options) => {
  expect(() => scrypt(options)).toThrow(expect.objectContaining({ code: "invalid_option" }))
})

test("a failing platform rejects with hash_failed and its cause, never with false", async () => {
  const cause = new Error("memory limit exceeded")
  vi.spyOn(crypto, "scrypt").mockImplementation((...given: unknown[]) => (given.at(-1) as (e: Error) => void)(cause))
  await expect(scrypt().hash("correct horse")).rejects.toMatchObject({ code: "hash_failed", cause })
  const stored = `$scrypt$ln=16,r=8,p=1$${salt}$${key}`
  await expect(scrypt().verify(stored, "password")).rejects.toMatchObject({ code: "hash_failed", cause })
})

test.each([
  ["no process", undefined],
  ["a process without getBuiltinModule()", {}],
  ["one that has no node:crypto", { getBuiltinModule: () => undefined }],
  [
    "one that is not implemented",
    {
      getBuiltinModule() {
        throw new Error("not implemented")
      },
    },
  ],
])("where there is %s, hashing rejects with what it needs, never with false", async (_, process) => {
  vi.stubGlobal("process", process)
  const hash = scrypt().verify(`$scrypt$ln=16,r=8,p=1$${salt}$${key}`, "password")
  await expect(hash).rejects.toMatchObject({ code: "hash_failed", message: expect.stringContaining("nodejs_compat") })
  const stored = await luciaScrypt().hash("correct horse")
  vi.unstubAllGlobals()
  expect(await luciaScrypt().verify(stored, "correct horse")).toBe(true)
})

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "")
}

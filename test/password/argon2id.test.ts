import { hashRaw } from "@node-rs/argon2"
import crypto from "node:crypto"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { argon2id } from "../../src/password.ts"
import vectors from "../vectors/password-hashes.json" with { type: "json" }

// The real one, counted.
vi.mock("@node-rs/argon2", async (importOriginal) => {
  const original = await importOriginal<typeof import("@node-rs/argon2")>()
  return { ...original, hashRaw: vi.fn<typeof original.hashRaw>(original.hashRaw) }
})

const salt = "c29tZXNhbHRzb21lc2FsdA"
const key = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

beforeEach(() => {
  vi.mocked(hashRaw).mockClear()
})

test("verify() accepts the reference implementation's test vector", async () => {
  const { password, encoded: vector } = vectors.argon2id
  expect(await argon2id().verify(vector, password)).toBe(true)
  expect(await argon2id().verify(vector, "Password")).toBe(false)
  expect(argon2id().needsRehash(vector)).toBe(true)
})

test("[PWD-5] hash() makes a PHC string at OWASP's cost, which the package itself verifies", async () => {
  const { verify } = await import("@node-rs/argon2")
  const hash = await argon2id().hash("correct horse")
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(await verify(hash, "correct horse")).toBe(true)
})

test("hash() follows the options", async () => {
  const hasher = argon2id({ memoryCost: 20000, timeCost: 3, parallelism: 2 })
  const hash = await hasher.hash("correct horse")
  expect(hash).toContain("$m=20000,t=3,p=2$")
  expect(await argon2id().verify(hash, "correct horse")).toBe(true)
  expect(hasher.needsRehash(hash)).toBe(false)
  expect(argon2id().needsRehash(hash)).toBe(true)
})

test("[PWD-5] hash() uses a salt once in 200 hashes", async () => {
  const hasher = argon2id({ memoryCost: 12288, timeCost: 3 })
  const hashes = []
  for (let n = 0; n < 200; n++) hashes.push(await hasher.hash("same"))
  expect(new Set(hashes.map((hash) => hash.split("$")[4])).size).toBe(200)
})

test("needsRehash() is true for a short salt or another key length at the same cost", () => {
  expect(argon2id().needsRehash(`$argon2id$v=19$m=19456,t=2,p=1$${salt}$${key}`)).toBe(false)
  expect(argon2id().needsRehash(`$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$${key}`)).toBe(true)
  expect(argon2id().needsRehash(`$argon2id$v=19$m=19456,t=2,p=1$${salt}$AAAAAAAAAAAAAAAAAAAAAA`)).toBe(true)
})

test.each([
  "$argon2id$v=19$m=4294967295,t=2,p=1",
  "$argon2id$v=19$m=1048577,t=2,p=1",
  "$argon2id$v=19$m=19456,t=1000000000,p=1",
  "$argon2id$v=19$m=19456,t=11,p=1",
  "$argon2id$v=19$m=19456,t=2,p=17",
  "$argon2id$v=19$m=19456,t=2,p=0",
  "$argon2id$v=19$m=19456,t=0,p=1",
  "$argon2id$v=19$m=8,t=2,p=2",
  "$argon2id$v=19$m=1e4,t=2,p=1",
  "$argon2id$v=19$m=-1,t=2,p=1",
  "$argon2id$v=19$t=2,m=19456,p=1",
  "$argon2id$v=16$m=19456,t=2,p=1",
  "$argon2id$m=19456,t=2,p=1",
  "$argon2i$v=19$m=19456,t=2,p=1",
  "$argon2d$v=19$m=19456,t=2,p=1",
])("[PWD-7] verify() refuses %s before any work", async (prefix) => {
  expect(await argon2id().verify(`${prefix}$${salt}$${key}`, "password")).toBe(false)
  expect(hashRaw).not.toHaveBeenCalled()
})

test.each([
  ["a salt of 4 bytes", "AAAAAA", key],
  ["a salt of 60 bytes", "A".repeat(80), key],
  ["a key of 8 bytes", salt, "AAAAAAAAAAA"],
  ["a key of 96 bytes", salt, "A".repeat(128)],
  ["a key of 1 MB", salt, "A".repeat(2 ** 20)],
  ["a salt of impossible length", "A".repeat(21), key],
])("[PWD-7] verify() refuses %s before any work", async (_, otherSalt, otherKey) => {
  expect(await argon2id().verify(`$argon2id$v=19$m=19456,t=2,p=1$${otherSalt}$${otherKey}`, "password")).toBe(false)
  expect(hashRaw).not.toHaveBeenCalled()
})

test.each([
  { memoryCost: 8 },
  { memoryCost: 19455 },
  { timeCost: 1 },
  { memoryCost: 47103, timeCost: 1 },
  { memoryCost: 7168, timeCost: 2 },
  { timeCost: 0 },
  { timeCost: 2.5 },
  { timeCost: 11 },
  { parallelism: 0 },
  { parallelism: 17 },
  { memoryCost: NaN },
  { memoryCost: Infinity },
  { memoryCost: 2 ** 20 + 1 },
  { memoryCost: "19456" as never },
])("[PWD-5] argon2id() throws for %o", (options) => {
  expect(() => argon2id(options)).toThrow(expect.objectContaining({ code: "invalid_option" }))
})

test.each([
  { memoryCost: 47104, timeCost: 1 },
  { memoryCost: 12288, timeCost: 3 },
  { memoryCost: 65536, timeCost: 3, parallelism: 4 },
])("argon2id() takes %o", (options) => {
  expect(() => argon2id(options)).not.toThrow()
})

test("a failing platform rejects with hash_failed and its cause, never with false", async () => {
  const cause = new Error("out of memory")
  const hasher = argon2id()
  const stored = await hasher.hash("correct horse")
  vi.mocked(hashRaw).mockRejectedValueOnce(cause).mockRejectedValueOnce(cause)
  await expect(hasher.hash("correct horse")).rejects.toMatchObject({ code: "hash_failed", cause })
  await expect(hasher.verify(stored, "correct horse")).rejects.toMatchObject({ code: "hash_failed", cause })
  expect(await hasher.verify(stored, "correct horse")).toBe(true)
})

test("verify() takes a hash that another system made of the password as typed or in NFD", async () => {
  const typed = "pa\u0308ss \u00e4"
  for (const spelling of [typed.normalize("NFC"), typed, typed.normalize("NFD")]) {
    const stored = await foreignHash(spelling)
    expect(await argon2id().verify(stored, typed)).toBe(true)
    expect(await argon2id().verify(stored, "pass a")).toBe(false)
  }
})

test("[THR-6] the spellings that verify() tries depend on the password alone, and ASCII has one", async () => {
  const own = await argon2id().hash("correct horse")
  const foreign = await foreignHash("correct horse")
  for (const stored of [own, foreign, argon2id().decoy ?? ""]) {
    for (const [wrong, work] of [
      ["wrong", 1],
      ["wr\u00f6ng", 2],
      ["wro\u0308ng \u00f6", 3],
    ] as const) {
      vi.mocked(hashRaw).mockClear()
      expect(await argon2id().verify(stored, wrong)).toBe(false)
      expect(hashRaw).toHaveBeenCalledTimes(work)
    }
  }
})

describe("where the package is missing", () => {
  afterEach(() => {
    vi.doUnmock("@node-rs/argon2")
    vi.restoreAllMocks()
  })

  async function argon2idWithout(code: string, message: string) {
    vi.resetModules()
    vi.doMock("@node-rs/argon2", () => ({
      get hashRaw() {
        throw Object.assign(new Error(message), { code })
      },
    }))
    return (await import("../../src/password.ts")).argon2id()
  }

  const notInstalled = ["ERR_MODULE_NOT_FOUND", "Cannot find package '@node-rs/argon2' imported from app.js"] as const
  const noBinary = ["MODULE_NOT_FOUND", "Cannot find module '@node-rs/argon2-linux-x64-gnu'"] as const

  test("Node's own argon2 makes and verifies the same hashes", async () => {
    const hasher = await argon2idWithout(...notInstalled)
    const calls = vi.mocked(hashRaw).mock.calls.length
    const builtIn = vi.spyOn(crypto, "argon2")
    const costly = argon2id({ memoryCost: 20000, timeCost: 3, parallelism: 2 })
    for (const stored of [await argon2id().hash("correct horse"), await costly.hash("correct horse")]) {
      vi.mocked(hashRaw).mockClear()
      expect(await hasher.verify(stored, "correct horse")).toBe(true)
      expect(await hasher.verify(stored, "wrong horse")).toBe(false)
      expect(hashRaw).not.toHaveBeenCalled()
    }
    expect(calls).toBe(0)
    const hash = await hasher.hash("correct horse")
    expect(builtIn).toHaveBeenCalledTimes(5)
    expect(await argon2id().verify(hash, "correct horse")).toBe(true)
    expect(argon2id().needsRehash(hash)).toBe(false)
  })

  test("without Node's own, hashing rejects with the line that installs the package", async () => {
    vi.spyOn(process, "getBuiltinModule").mockReturnValue({} as never)
    const hasher = await argon2idWithout(...notInstalled)
    const message = expect.stringMatching(/not installed; run npm install @node-rs\/argon2, or use Node.js 24.19/)
    await expect(hasher.hash("correct horse")).rejects.toMatchObject({ code: "missing_port", message })
  })

  test("without its binary, the message says so, and the cause is the package's own", async () => {
    vi.spyOn(process, "getBuiltinModule").mockReturnValue({} as never)
    const hasher = await argon2idWithout(...noBinary)
    const problem = {
      code: "missing_port",
      message: expect.stringMatching(/installed but could not be loaded.*binary for this platform/),
      cause: expect.objectContaining({ message: noBinary[1] }),
    }
    await expect(hasher.hash("correct horse")).rejects.toMatchObject(problem)
    await expect(hasher.verify(`$argon2id$v=19$m=19456,t=2,p=1$${salt}$${key}`, "x")).rejects.toMatchObject(problem)
  })
})

async function foreignHash(password: string): Promise<string> {
  const bytes = Buffer.from("a salt of its own")
  const made = await hashRaw(password, { salt: bytes, outputLen: 32, memoryCost: 16384, timeCost: 3, parallelism: 1 })
  return `$argon2id$v=19$m=16384,t=3,p=1$${base64(bytes)}$${base64(made)}`
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "")
}

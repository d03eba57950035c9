import { hashRaw } from "@node-rs/argon2"
import { beforeEach, expect, test, vi } from "vitest"
import { argon2id } from "../../src/password.ts"

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
  const vector = `$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$${key}`
  expect(await argon2id().verify(vector, "password")).toBe(true)
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
  const hashes = await Promise.all(Array.from({ length: 200 }, () => hasher.hash("same")))
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
  const start = performance.now()
  expect(await argon2id().verify(`${prefix}$${salt}$${key}`, "password")).toBe(false)
  expect(performance.now() - start).toBeLessThan(50)
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

test("without the package, hashing rejects with the line that installs it", async () => {
  vi.doMock("@node-rs/argon2", () => {
    throw new Error("Cannot find package")
  })
  const problem = { code: "missing_port", message: expect.stringContaining("npm install @node-rs/argon2") }
  await expect(argon2id().hash("correct horse")).rejects.toMatchObject(problem)
  vi.doUnmock("@node-rs/argon2")
})

import { hashRaw } from "@node-rs/argon2"
import crypto from "node:crypto"
import { beforeEach, describe, expect, test, vi } from "vitest"
import { AuthError } from "../../src/core/errors.ts"
import { argon2id, bcrypt, luciaScrypt, passwordHasher, pbkdf2 } from "../../src/password.ts"
import type { PasswordHasher } from "../../src/password.ts"
import { guardHasher } from "../../src/users/guarded-hasher.ts"

vi.mock("@node-rs/argon2", async (importOriginal) => {
  const original = await importOriginal<typeof import("@node-rs/argon2")>()
  return { ...original, hashRaw: vi.fn<typeof original.hashRaw>(original.hashRaw) }
})

const compare = vi.fn<(password: string, hash: string) => boolean>(() => false)
const scrypt = vi.spyOn(crypto, "scrypt")
const deriveBits = vi.spyOn(crypto.subtle, "deriveBits")

/** What was worked on since the last look: each algorithm with its cost. */
function takeWork(): string[] {
  const done = [
    ...vi.mocked(hashRaw).mock.calls.map(([, options]) => `argon2id ${options?.memoryCost}`),
    ...scrypt.mock.calls.map((call) => `scrypt ${(call[3] as { r: number }).r}`),
    ...compare.mock.calls.map(([, hash]) => `bcrypt ${hash.slice(4, 6)}`),
    ...deriveBits.mock.calls.map(() => "pbkdf2"),
  ]
  for (const spy of [vi.mocked(hashRaw), scrypt, compare, deriveBits]) spy.mockClear()
  return done.toSorted()
}

beforeEach(() => {
  takeWork()
})

const older = argon2id({ memoryCost: 12288, timeCost: 3 })
const hasher = passwordHasher({
  preferred: argon2id(),
  accepted: [
    passwordHasher({ preferred: luciaScrypt(), accepted: [pbkdf2()] }),
    bcrypt({ compare }, { cost: 10 }),
    older,
  ],
})
const all = ["argon2id 12288", "argon2id 19456", "bcrypt 10", "pbkdf2", "scrypt 16", "scrypt 8"]
const lucia = `${"a".repeat(16)}:${"0".repeat(128)}`

const stored: [what: string, hash: () => Promise<string | null> | string | null][] = [
  ["no user, or no password", () => null],
  ["a hash of today", () => argon2id().hash("correct horse")],
  ["a hash of an earlier cost", () => older.hash("correct horse")],
  ["a hash of Lucia 3 or 1", () => lucia],
  ["a hash of Lucia 2", () => `s2:${lucia}`],
  ["a hash by bcrypt", () => `$2y$10$${"a".repeat(53)}`],
  ["a hash by PBKDF2", () => pbkdf2().hash("correct horse")],
  ["a format of another system", () => "$P$984478476IagS59wHZvyQMArzfx58u."],
  ["a hash that is too costly", () => `$argon2id$v=19$m=4194304,t=2,p=1$${"A".repeat(22)}$${"A".repeat(43)}`],
  ["an empty text", () => ""],
]

describe.each(["wrong horse", "wr\u00f6ng horse", "w".repeat(100)])("refusing %j", (password) => {
  // bcrypt reads 72 bytes, and would not be asked about more.
  const expected = all.filter((work) => password.length < 72 || !work.startsWith("bcrypt"))

  test.each(stored)("[THR-6] costs one verification by each hasher for %s", async (_what, hash) => {
    const text = await hash()
    takeWork()
    expect(await guardHasher(hasher).verify(text, password)).toBe(false)
    // One more of each for the spelling in NFD, but for Lucia's, which are in NFKC.
    const twice = password.includes("\u00f6") ? expected.filter((work) => !work.startsWith("scrypt")) : []
    expect(takeWork()).toEqual([...expected, ...twice].toSorted())
  })
})

test("the right password costs one verification", async () => {
  const hash = await argon2id().hash("correct horse")
  takeWork()
  expect(await guardHasher(hasher).verify(hash, "correct horse")).toBe(true)
  expect(takeWork()).toEqual(["argon2id 19456"])
})

test("what fits the decoy, or another hasher's, is still refused", async () => {
  compare.mockReturnValue(true)
  expect(await guardHasher(hasher).verify(null, "correct horse")).toBe(false)
  expect(await guardHasher(hasher).verify(await argon2id().hash("correct horse"), "wrong horse")).toBe(false)
  compare.mockReturnValue(false)
})

describe("a custom hasher, with three methods", () => {
  function plain() {
    return {
      hash: vi.fn<PasswordHasher["hash"]>(async (password) => `own:${password}`),
      verify: vi.fn<PasswordHasher["verify"]>(async (hash, password) => hash === `own:${password}`),
      needsRehash: (hash: string) => !hash.startsWith("own:"),
    }
  }

  test("[THR-6] makes its decoy at the first refusal, whatever is stored, and keeps it", async () => {
    for (const first of [null, "own:correct"]) {
      const own = plain()
      const { verify } = guardHasher(passwordHasher({ preferred: own }))
      for (const hash of [first, null, "own:correct", "gone"]) expect(await verify(hash, "wrong")).toBe(false)
      expect([own.hash.mock.calls.length, own.verify.mock.calls.length]).toEqual([1, 4])
    }
  })

  test("goes without a decoy if it is accepted and only verifies, and hash() is tried once", async () => {
    const [own, legacy] = [plain(), plain()]
    legacy.hash.mockImplementation(() => {
      throw new Error("verifies only")
    })
    legacy.verify.mockImplementation(async (hash, password) => hash === `legacy:${password}`)
    const { verify } = guardHasher(passwordHasher({ preferred: own, accepted: [legacy] }))
    expect(await verify("own:correct", "correct")).toBe(true)
    expect(await verify("legacy:correct", "correct")).toBe(true)
    for (const hash of [null, "own:correct", "legacy:correct"]) expect(await verify(hash, "wrong")).toBe(false)
    expect(legacy.hash).toHaveBeenCalledTimes(1)
  })

  test("rejects with hash_failed while the preferred one cannot hash, or the platform fails, and then works", async () => {
    for (const isPreferred of [true, false]) {
      const [own, failing] = [plain(), plain()]
      const failure = isPreferred ? new Error("out of memory") : new AuthError("hash_failed", "out of memory")
      failing.hash.mockRejectedValueOnce(failure)
      const all = isPreferred ? { preferred: failing, accepted: [own] } : { preferred: own, accepted: [failing] }
      const { verify } = guardHasher(passwordHasher(all))
      await expect(verify(null, "wrong")).rejects.toMatchObject({ code: "hash_failed" })
      expect(await verify(null, "wrong")).toBe(false)
      expect(failing.hash).toHaveBeenCalledTimes(2)
    }
  })

  test("a request that is cut off while it makes the decoy keeps no other waiting", async () => {
    const own = plain()
    own.hash.mockReturnValueOnce(new Promise(() => {}))
    const { verify } = guardHasher(own)
    void verify(null, "cut off")
    expect(await verify(null, "wrong")).toBe(false)
  })
})

describe("unreadableFormat()", () => {
  const key = "A".repeat(43)

  test.each([
    ["argon2id_v16", `$argon2id$v=16$m=19456,t=2,p=1$c29tZXNhbHQ$${key}`],
    ["argon2id_v16", `$argon2id$m=19456,t=2,p=1$c29tZXNhbHQ$${key}`],
    ["argon2id_keyed", `$argon2id$v=19$m=19456,t=2,p=1,keyid=Hj5$c29tZXNhbHQ$${key}`],
    ["argon2id_keyed", `$argon2id$v=19$m=19456,t=2,p=1,data=sRlHhRmKUGzdOmXn01XmXygd5Kc$c29tZXNhbHQ$${key}`],
    ["argon2id", `$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$${key}`],
    ["argon2i", `$argon2i$v=19$m=65536,t=4,p=1$c2FsdHNhbHRzYWx0$${key}`],
    ["argon2d", `$argon2d$v=19$m=65536,t=4,p=1$c2FsdHNhbHRzYWx0$${key}`],
    ["bcrypt", "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"],
    ["bcrypt_2x", "$2x$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"],
    ["scrypt_werkzeug", "scrypt:32768:8:1$saltsalt$00"],
    ["pbkdf2_sha256", "pbkdf2:sha256:600000$salt$00"],
    ["pbkdf2_sha256", "pbkdf2_sha256$600000$salt$AAAA="],
    ["phpass", "$P$984478476IagS59wHZvyQMArzfx58u."],
    ["ldap", "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr"],
    ["sha512_crypt", `$6$salt$${key}`],
    ["firebase_scrypt", `${"A".repeat(86)}==`],
    ["lucia_scrypt", lucia],
    ["hex_128_bits", "5f4dcc3b5aa765d61d8327deb882cf99"],
    ["unknown", "salt$5f4dcc3b5aa765d61d8327deb882cf99"],
    ["unknown", "hunter2"],
    ["unknown", ""],
  ])("names the format %s of what argon2id() cannot read", (format, hash) => {
    expect(guardHasher(argon2id()).unreadableFormat(hash)).toBe(format)
  })

  test("is null for what a hasher reads, and for what a custom hasher may read", async () => {
    const own: PasswordHasher = { hash: async () => "", verify: async () => false, needsRehash: () => true }
    expect(guardHasher(hasher).unreadableFormat(await argon2id().hash("correct horse"))).toBeNull()
    expect(guardHasher(hasher).unreadableFormat(lucia)).toBeNull()
    expect(guardHasher(passwordHasher({ preferred: argon2id(), accepted: [own] })).unreadableFormat("?")).toBeNull()
  })
})

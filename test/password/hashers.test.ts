import { hashRaw } from "@node-rs/argon2"
import fc from "fast-check"
import crypto from "node:crypto"
import { describe, expect, test, vi } from "vitest"
import { argon2id, luciaScrypt, passwordHasher, pbkdf2, scrypt } from "../../src/password.ts"
import type { PasswordHasher } from "../../src/password.ts"
import { equalBytes } from "../../src/platform/bytes.ts"

vi.mock("@node-rs/argon2", async (importOriginal) => {
  const original = await importOriginal<typeof import("@node-rs/argon2")>()
  return { ...original, hashRaw: vi.fn<typeof original.hashRaw>(original.hashRaw) }
})

// The cheapest that each one allows.
const modern: Record<string, PasswordHasher> = {
  argon2id: argon2id({ memoryCost: 12288, timeCost: 3 }),
  scrypt: scrypt({ cost: 2 ** 15, parallelism: 3 }),
  pbkdf2: pbkdf2(),
}
const single = { ...modern, luciaScrypt: luciaScrypt() }
const all = {
  ...single,
  passwordHasher: passwordHasher({ preferred: modern.argon2id!, accepted: [scrypt(), pbkdf2(), luciaScrypt()] }),
}
const password = "correct horse battery staple"

describe.each(Object.entries(all))("%s", (_, hasher) => {
  test("hash() makes what verify() accepts, with a new salt each time", async () => {
    const [first, second] = await Promise.all([hasher.hash(password), hasher.hash(password)])
    expect(first).not.toBe(second)
    expect(await hasher.verify(first, password)).toBe(true)
    expect(await hasher.verify(second, password)).toBe(true)
  })

  test("[PWD-3] verify() takes nothing for equal that differs in case, blanks, a NUL, or after 72 bytes", async () => {
    const long = "x".repeat(72)
    const passwords = { "a\0b": "a\0c", Password: "password", "pass ": "pass", [`${long}1`]: `${long}2` }
    for (const [right, wrong] of Object.entries(passwords)) {
      const hash = await hasher.hash(right)
      expect(await hasher.verify(hash, right)).toBe(true)
      expect(await hasher.verify(hash, wrong)).toBe(false)
    }
  })

  test("[PWD-2] hash() takes 1,024 bytes and no more", async () => {
    const most = "é".repeat(512)
    expect(await hasher.verify(await hasher.hash(most), most)).toBe(true)
    await expect(hasher.hash(`${most}a`)).rejects.toMatchObject({ code: "invalid_option" })
  })

  test.each(["\ud800", "a\udfffb", "a".repeat(1025), "\ufdfa".repeat(2 ** 23), undefined, null, 1, {}, ["a"]])(
    "hash() refuses what is no password to hash (case %#)",
    async (input) => {
      await expect(hasher.hash(input as string)).rejects.toMatchObject({ name: "AuthError", code: "invalid_option" })
    },
  )

  test("[PWD-2] verify() is false at once for a password that is too long or no text", async () => {
    const hash = await hasher.hash("\ufffd")
    vi.mocked(hashRaw).mockClear()
    const works = [vi.mocked(hashRaw), vi.spyOn(crypto, "scrypt"), vi.spyOn(globalThis.crypto.subtle, "deriveBits")]
    for (const input of ["\ud800", "\udfff", "\ufdfa".repeat(2 ** 23), "a".repeat(1025), undefined, null, 0, {}, []]) {
      expect(await hasher.verify(hash, input as string)).toBe(false)
    }
    for (const work of works) expect(work).not.toHaveBeenCalled()
    for (const work of works.slice(1)) work.mockRestore()
  })

  test.each(["", "x", "$", "$argon2id$", "$scrypt$", "s2:a:b", "a:b", ":", null, undefined, {}, [], 0, true, Symbol()])(
    "[PWD-8] verify() is false and needsRehash() true for a hash such as %o",
    async (hash) => {
      expect(await hasher.verify(hash as string, password)).toBe(false)
      expect(hasher.needsRehash(hash as string)).toBe(true)
    },
  )
})

// Costs nothing, because the combined one works for whatever it refuses.
const free: PasswordHasher = { hash: async () => "", verify: async () => false, needsRehash: () => true }
const combined = passwordHasher({ preferred: free })

describe.each(Object.entries({ ...single, passwordHasher: combined }))("%s", (_, hasher) => {
  test("[PWD-8][INP-1] verify() is false, and never rejects, for arbitrary values", async () => {
    const value = fc.oneof(fc.anything(), fc.string({ unit: "binary" }), fc.stringMatching(/^\$[a-z0-9=,$]{0,40}$/))
    await fc.assert(
      fc.asyncProperty(value, value, async (hash, input) => {
        expect(await hasher.verify(hash as string, input as string)).toBe(false)
        expect(hasher.needsRehash(hash as string)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe.each(Object.entries(single))("%s", (_, hasher) => {
  test("verify() is false for a hash whose key lost its last bytes", async () => {
    const hash = await hasher.hash(password)
    const start = hash.lastIndexOf("$") + 1
    for (const bytes of [31, 30, 29, 25]) {
      const key = Buffer.from(hash.slice(start), "base64").subarray(0, bytes).toString("base64").replaceAll("=", "")
      expect(await hasher.verify(hash.slice(0, start) + key, password)).toBe(false)
    }
  })

  test("verify() is false for a hash that was cut, stretched or changed anywhere", async () => {
    const hash = await hasher.hash(password)
    const changed = [hash.slice(0, -1), `${hash}A`, `${hash}=`, `${hash}\n`, ` ${hash}`, hash.toUpperCase()]
    for (const other of [...changed, `${hash.slice(0, -3)}${hash.endsWith("000") ? "111" : "000"}`]) {
      expect(await hasher.verify(other, password)).toBe(false)
    }
  })
})

describe.each(Object.entries(modern))("%s", (_, hasher) => {
  test("[PWD-4] verify() takes composed and decomposed letters for equal, and full-width ones for different", async () => {
    const hash = await hasher.hash("caf\u00e9 a")
    expect(await hasher.verify(hash, "cafe\u0301 a")).toBe(true)
    expect(await hasher.verify(hash, "caf\u00e9 \uff41")).toBe(false)
  })

  test("verify() takes a NUL at the end for different from none, and from two", async () => {
    const [bare, ended] = await Promise.all([hasher.hash("a"), hasher.hash("a\0")])
    expect(await hasher.verify(ended, "a\0")).toBe(true)
    expect(await hasher.verify(bare, "a\0")).toBe(false)
    expect(await hasher.verify(ended, "a")).toBe(false)
    expect(await hasher.verify(ended, "a\0\0")).toBe(false)
  })

  test("needsRehash() is false for what hash() makes", async () => {
    expect(hasher.needsRehash(await hasher.hash(password))).toBe(false)
  })

  test("verify() accepts one spelling of a hash", async () => {
    const hash = await hasher.hash(password)
    const respelled = ["$m=0", ",t=0", "$ln=0", "$i=0"].map((zero) => hash.replace(zero.slice(0, -1), zero))
    const others = respelled.filter((other) => other !== hash)
    expect(others).not.toHaveLength(0)
    for (const other of [...others, withSpareBits(hash), hash.replace("$", "")]) {
      expect(await hasher.verify(other, password)).toBe(false)
    }
  })
})

test("[STO-2] a key is compared to its last byte wherever it differs, and one of another length is unequal", () => {
  const stored = new Uint8Array(32).fill(7)
  const bytesRead = [0, 15, 31, null].map((position) => {
    const { key, count } = countReads(stored.map((byte, index) => (index === position ? 0 : byte)))
    expect(equalBytes(stored, key)).toBe(position === null)
    return count()
  })
  expect(bytesRead).toEqual([32, 32, 32, 32])
  for (const length of [0, 31, 33]) expect(equalBytes(stored, new Uint8Array(length).fill(7))).toBe(false)
})

function countReads(bytes: Uint8Array): { key: Uint8Array; count: () => number } {
  let reads = 0
  const key = new Proxy(bytes, {
    get(target, property) {
      if (property === "length") return target.length
      reads++
      return Reflect.get(target, property)
    },
  })
  return { key, count: () => reads }
}

// A 32-byte key leaves two bits of its last base64 character unused.
function withSpareBits(hash: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  return hash.slice(0, -1) + alphabet.charAt(alphabet.indexOf(hash.slice(-1)) + 1)
}

import { hashRaw } from "@node-rs/argon2"
import crypto from "node:crypto"
import { afterEach, expect, test, vi } from "vitest"
import { argon2id, bcrypt, luciaScrypt, passwordHasher, pbkdf2 } from "../../src/password.ts"
import type { PasswordHasher } from "../../src/password.ts"

vi.mock("@node-rs/argon2", async (importOriginal) => {
  const original = await importOriginal<typeof import("@node-rs/argon2")>()
  return { ...original, hashRaw: vi.fn<typeof original.hashRaw>(original.hashRaw) }
})

const preferred = argon2id({ memoryCost: 12288, timeCost: 3 })

afterEach(() => {
  vi.restoreAllMocks()
  vi.mocked(hashRaw).mockClear()
})

test("hash() is the preferred hasher's", async () => {
  const hasher = passwordHasher({ preferred, accepted: [luciaScrypt()] })
  expect(await hasher.hash("correct horse")).toContain("$argon2id$v=19$m=12288,t=3,p=1$")
})

test("verify() reads what any of the hashers made, and only the preferred one's stays", async () => {
  const old = [argon2id(), pbkdf2(), luciaScrypt()]
  const hasher = passwordHasher({ preferred, accepted: old })
  for (const maker of [preferred, ...old]) {
    const hash = await maker.hash("correct horse")
    expect(await hasher.verify(hash, "correct horse")).toBe(true)
    expect(await hasher.verify(hash, "wrong")).toBe(false)
    expect(hasher.needsRehash(hash)).toBe(maker !== preferred)
  }
})

test("verify() does not read what no hasher was accepted for", async () => {
  const hash = await luciaScrypt().hash("correct horse")
  const spy = vi.spyOn(crypto, "scrypt")
  expect(await passwordHasher({ preferred }).verify(hash, "correct horse")).toBe(false)
  expect(spy).not.toHaveBeenCalled()
})

test("[THR-6] verify() works once by each hasher for a wrong password, and once for the right one", async () => {
  const compare = vi.fn<() => boolean>(() => false)
  const hasher = passwordHasher({ preferred, accepted: [argon2id(), bcrypt({ compare })] })
  const unreadable = "$P$984478476IagS59wHZvyQMArzfx58u."
  const stored = [await preferred.hash("correct horse"), await argon2id().hash("correct horse")]
  for (const hash of [...stored, hasher.decoy, unreadable, "", null]) {
    vi.mocked(hashRaw).mockClear()
    compare.mockClear()
    expect(await hasher.verify(hash as string, "wrong")).toBe(false)
    expect(
      vi
        .mocked(hashRaw)
        .mock.calls.map(([, options]) => options?.memoryCost)
        .toSorted(),
    ).toEqual([12288, 19456])
    expect(compare).toHaveBeenCalledTimes(1)
  }
  for (const hash of stored) {
    vi.mocked(hashRaw).mockClear()
    compare.mockClear()
    expect(await hasher.verify(hash, "correct horse")).toBe(true)
    expect([vi.mocked(hashRaw), compare].map(({ mock }) => mock.calls.length)).toEqual([1, 0])
  }
})

test("verify() asks custom hashers, which have three methods, for what nobody else reads", async () => {
  const own: PasswordHasher = {
    hash: async (password) => `own:${password}`,
    verify: vi.fn<PasswordHasher["verify"]>(async (hash, password) => hash === `own:${password}`),
    needsRehash: () => false,
  }
  const hasher = passwordHasher({ preferred, accepted: [own] })
  expect(await hasher.verify("own:correct", "correct")).toBe(true)
  expect(await hasher.verify("own:correct", "wrong")).toBe(false)
  expect(hasher.needsRehash("own:correct")).toBe(true)

  vi.mocked(own.verify).mockClear()
  await hasher.verify(await preferred.hash("correct"), "correct")
  expect(own.verify).not.toHaveBeenCalled()
  for (const hash of [null, undefined, {}, 1]) expect(await hasher.verify(hash as never, "correct")).toBe(false)
  // Its decoy, for the work.
  for (const [hash] of vi.mocked(own.verify).mock.calls) expect(hash).toMatch(/^own:[\d,]+$/)
})

test("a combined hasher can be combined again", async () => {
  const inner = passwordHasher({ preferred: luciaScrypt() })
  const hasher = passwordHasher({ preferred, accepted: [inner] })
  expect(await hasher.verify(await luciaScrypt().hash("correct horse"), "correct horse")).toBe(true)
})

test.each([undefined, null, {}, { hash() {}, verify() {} }])("passwordHasher() throws for the hasher %o", (other) => {
  const problem = expect.objectContaining({ code: "missing_port" })
  expect(() => passwordHasher({ preferred: other as never })).toThrow(problem)
  expect(() => passwordHasher({ preferred, accepted: [other as never] })).toThrow(problem)
})

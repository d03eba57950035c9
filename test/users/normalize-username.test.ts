import fc from "fast-check"
import { describe, expect, test, vi } from "vitest"
import { toStoredId } from "../../src/users/key-id.ts"
import { normalizeUsername } from "../../src/users/normalize-username.ts"
import { keyOfAda, setUp, stores } from "./user-stores.ts"
import { attemptOf } from "./attempts.ts"

const spellings: [typed: string, canonical: string][] = [
  ["Bob", "bob"],
  ["ＡＤＭＩＮ", "admin"],
  ["\u212Aelvin", "kelvin"],
  ["ſam", "sam"],
  ["ᴮᴵᴳᴮᴵᴿᴰ", "bigbird"],
  ["STRASSE", "strasse"],
  ["straße", "straße"],
  ["ΣΊΣΥΦΟΣ", "σίσυφοσ"],
  ["σίσυφος", "σίσυφοσ"],
  ["ad\u200Dmin", "admin"],
  ["\u00ADadmin\uFE0F", "admin"],
  ["  bob ", "bob"],
  ["bob\u3000", "bob"],
  ["STRAẞE", "straße"],
  ["YILDIZ", "yildiz"],
  ["Yıldız", "yıldız"],
  ["e\u0301mile", "\u00E9mile"],
  ["ADMIN", "admin"],
]

test.each(spellings)("normalizeUsername(%j) is %j", (typed, canonical) => {
  expect(normalizeUsername(typed)).toBe(canonical)
})

test("[INP-1] text that is too long for a name stays as it is, however many accents it has", () => {
  const long = "A".padEnd(1_000_000, "\u0301\u0316")
  expect(normalizeUsername(long)).toBe(long)
  expect(normalizeUsername("A".repeat(512))).toBe("a".repeat(512))
})

test.each([undefined, null, 7, {}, ["ada"], new File(["ada"], "name.txt")])("[INP-1] %o is no name", (value) => {
  expect(normalizeUsername(value as string)).toBe("")
})

test("a Turkish dotted İ is one name whatever the case, and not a plain i", () => {
  expect(normalizeUsername("İ")).toBe(normalizeUsername("i\u0307"))
  expect(normalizeUsername("İ")).not.toBe("i")
  expect(normalizeUsername("I")).toBe("i")
})

test("names in another script that look the same stay different", () => {
  expect(normalizeUsername("\u0430dmin")).not.toBe("admin")
})

test("[PWD-10] normalizeUsername() asks nothing of the locale", () => {
  const methods = ["toLocaleLowerCase", "toLocaleUpperCase"] as const
  const spies = methods.map((method) =>
    vi.spyOn(String.prototype, method).mockImplementation(() => {
      throw new Error("the locale was asked")
    }),
  )
  expect(normalizeUsername("ADMIN İSTANBUL")).toBe(normalizeUsername("admin i\u0307stanbul"))
  for (const spy of spies) spy.mockRestore()
})

// What folds, joins, decomposes or vanishes, and what it does that to.
const awkward = fc.constantFrom(
  ..."aAkKſßẞİıςσΣ\u0345\u0307\u0301\u0323\u030C\u200D\u00AD\u3000 ǰΐﬁﬀﷺ＠Ⓐ가\u1100\u1161",
  ..."\u{1D400}\u{10400}\u{1E921}\u0130\u2126\u1E9B\u0390\u1F80\u1FB3",
)

test.each([
  ["any text", fc.string({ unit: "binary", maxLength: 30 })],
  ["awkward letters", fc.string({ unit: awkward, maxLength: 12 })],
])("[PWD-10] normalizing %s twice is normalizing it once", (_name, texts) => {
  const stable = (text: string) => normalizeUsername(normalizeUsername(text)) === normalizeUsername(text)
  fc.assert(fc.property(texts, stable), { numRuns: 5000 })
})

test("what is stored for an id is stored for itself", () => {
  const stable = (text: string) => {
    const stored = toStoredId(text, normalizeUsername)
    return stored === null || toStoredId(stored, normalizeUsername) === stored
  }
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 30 }), stable), { numRuns: 5000 })
})

describe.each(stores)("over %s", (_name, open) => {
  test.each(spellings)("[PWD-10] %j signs up, signs in and is found as %j", async (typed, canonical) => {
    const { users, auth } = setUp(open())
    const password = "correct horse"
    const key = { providerId: "username", providerUserId: typed, password }
    const { user } = await users.createUser({ key, attributes: { username: typed } })
    const stored = { userId: user!.id, providerId: "username", providerUserId: canonical, hasPassword: true }

    for (const name of [typed, canonical]) {
      expect(await users.verifyPassword(attemptOf(name, password))).toMatchObject({ userId: user!.id })
      expect(await users.getKey({ providerId: "username", providerUserId: name })).toEqual(stored)
      expect(await users.signInWithPassword(auth, attemptOf(name, password))).toMatchObject({ key: stored })
      const again = { ...key, providerUserId: name }
      expect(await users.createUser({ key: again, attributes: {} })).toEqual({ user: null, reason: "key_taken" })
      expect(await users.createKey({ ...again, userId: user!.id })).toEqual({ key: null, reason: "key_taken" })
    }
    await users.createKey({ providerId: "github", providerUserId: "1", userId: user!.id })
    await users.deleteKey({ providerId: "username", providerUserId: typed, userId: user!.id })
    expect(await users.getKey({ providerId: "username", providerUserId: canonical })).toBeNull()
  })

  test("ids of other providers are kept byte for byte", async () => {
    const { users } = setUp(open())
    const ids = ["Bob", "bob", " bob", "Ｂob", "e\u0301", "\u00E9"]
    for (const providerUserId of ids) {
      const result = await users.createUser({ key: { providerId: "github", providerUserId }, attributes: {} })
      expect(result.user).not.toBeNull()
    }
    for (const providerUserId of ids) {
      expect(await users.getKey({ providerId: "github", providerUserId })).toMatchObject({ providerUserId })
    }
    expect(await users.getKey({ providerId: "github", providerUserId: "BOB" })).toBeNull()
  })

  test("the ids of each provider in passwordProviders are normalised, and of no other", async () => {
    const { users } = setUp(open(), { passwordProviders: ["nick"] })
    const create = (providerId: string) =>
      users.createUser({ key: { ...keyOfAda, providerId, providerUserId: "Ada", password: null }, attributes: {} })
    await create("nick")
    await create("username")
    expect(await users.getKey({ providerId: "nick", providerUserId: "ADA" })).toMatchObject({ providerUserId: "ada" })
    expect(await users.getKey(keyOfAda)).toBeNull()
  })
})

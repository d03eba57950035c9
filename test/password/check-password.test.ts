import { expect, test } from "vitest"
import { checkPassword } from "../../src/password.ts"

const emoji = "😀"

test.each([
  [7, "password_too_short"],
  [8, null],
  [256, null],
  [257, "password_too_long"],
])("[PWD-1] checkPassword() counts %i emoji as so many characters", (length, reason) => {
  expect(checkPassword(emoji.repeat(length))).toBe(reason)
})

test("checkPassword() follows the policy's own bounds", () => {
  expect(checkPassword("a".repeat(14), { minLength: 15 })).toBe("password_too_short")
  expect(checkPassword("a".repeat(15), { minLength: 15 })).toBeNull()
  expect(checkPassword("a".repeat(64), { maxLength: 64 })).toBeNull()
  expect(checkPassword("a".repeat(65), { maxLength: 64 })).toBe("password_too_long")
})

test("[PWD-1] checkPassword() takes every character and asks for none", () => {
  for (const password of [
    "aaaaaaaa",
    "        ",
    "a\0bcdefgh",
    "ﷺﷺﷺﷺﷺﷺﷺﷺ",
    "пароль по-русски",
    "' OR 1=1--",
    "\u200b".repeat(8),
  ]) {
    expect(checkPassword(password)).toBeNull()
  }
})

test.each([undefined, null, 12345678, true, {}, ["password"], new String("password"), Symbol("password"), 10n ** 9n])(
  "checkPassword() calls %o invalid",
  (password) => {
    expect(checkPassword(password)).toBe("password_invalid")
  },
)

test.each(["\ud800", "\udfff", "long enough \ud800", "\udc00\ud800 long enough"])(
  "[PWD-4] checkPassword() calls lone surrogates invalid: %j",
  (password) => {
    expect(checkPassword(password)).toBe("password_invalid")
  },
)

test("[PWD-2] checkPassword() refuses 16 MB of text without reading it", () => {
  const password = "\ufdfa".repeat(2 ** 24)
  const start = performance.now()
  expect(checkPassword(password)).toBe("password_too_long")
  expect(performance.now() - start).toBeLessThan(5)
})

test.each([
  { minLength: 7 },
  { minLength: 0 },
  { minLength: -1 },
  { minLength: 8.5 },
  { minLength: NaN },
  { minLength: 65, maxLength: 64 },
  { maxLength: 63 },
  { maxLength: 257 },
  { maxLength: Infinity },
  { minLength: "8" as never },
  { blocklist: {} as never },
  { blocklist: "password" as never },
  { blocklist: null as never },
])("[PWD-1] checkPassword() throws for the policy %o, whatever the password", (policy) => {
  for (const password of ["", "long enough to be right", null]) {
    expect(() => checkPassword(password, policy)).toThrow(expect.objectContaining({ code: "invalid_option" }))
  }
})

test.each([
  ["a Set", new Set(["password", "caf\u00e9caf\u00e9"])],
  ["an array", ["password", "caf\u00e9caf\u00e9"] as const],
  ["anything with has()", { has: (password: string) => ["password", "caf\u00e9caf\u00e9"].includes(password) }],
])("[PWD-9] checkPassword() looks the whole password up in %s, in NFC and in any case", (_, blocklist) => {
  for (const password of ["password", "PassWord", "cafe\u0301cafe\u0301", "CAF\u00c9caf\u00e9"]) {
    expect(checkPassword(password, { blocklist })).toBe("password_common")
  }
  expect(checkPassword("password manager", { blocklist })).toBeNull()
})

test("checkPassword() finds a listed password that has capitals when it is typed like that", () => {
  expect(checkPassword("Passw0rd", { blocklist: new Set(["Passw0rd"]) })).toBe("password_common")
})

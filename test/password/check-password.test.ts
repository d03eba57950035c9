import { expect, test, vi } from "vitest"
import { commonPasswords } from "../../src/password/common-passwords.ts"
import { checkPassword } from "../../src/password.ts"

const emoji = "😀"

test.each([
  [7, "password_too_short"],
  [8, null],
  [256, null],
  [257, "password_too_long"],
])("[PWD-1] checkPassword() counts %i emoji as so many characters", async (length, reason) => {
  expect(await checkPassword(emoji.repeat(length))).toBe(reason)
})

test.each(["undefined", "[object Undefined]", "[object Object]", "[object File]", "[object Blob]"])(
  "[PWD-1] checkPassword() refuses what String() makes of a field that is missing or no text: %s",
  async (password) => {
    expect(await checkPassword(password)).toBe("password_common")
  },
)

test("checkPassword() follows the policy's own bounds", async () => {
  expect(await checkPassword("a".repeat(14), { minLength: 15 })).toBe("password_too_short")
  expect(await checkPassword("a".repeat(15), { minLength: 15 })).toBeNull()
  expect(await checkPassword("a".repeat(64), { maxLength: 64 })).toBeNull()
  expect(await checkPassword("a".repeat(65), { maxLength: 64 })).toBe("password_too_long")
})

test("[PWD-1] checkPassword() takes every character and asks for none", async () => {
  for (const password of [
    "aaaaaaaaaaaaaaaa",
    "        ",
    "a\0bcdefgh",
    "ﷺﷺﷺﷺﷺﷺﷺﷺ",
    "пароль по-русски",
    "' OR 1=1--",
    "\u200b".repeat(8),
  ]) {
    expect(await checkPassword(password)).toBeNull()
  }
})

test.each([undefined, null, 12345678, true, {}, ["password"], new String("password"), Symbol("password"), 10n ** 9n])(
  "checkPassword() calls %o invalid",
  async (password) => {
    expect(await checkPassword(password)).toBe("password_invalid")
  },
)

test.each(["\ud800", "\udfff", "long enough \ud800", "\udc00\ud800 long enough"])(
  "[PWD-4] checkPassword() calls lone surrogates invalid: %j",
  async (password) => {
    expect(await checkPassword(password)).toBe("password_invalid")
  },
)

test("[PWD-2] checkPassword() refuses long text without reading it", async () => {
  let reads = 0
  const normalize = vi.spyOn(String.prototype, "normalize").mockImplementation(() => String(reads++))
  const test = vi.spyOn(RegExp.prototype, "test").mockImplementation(() => Boolean(reads++))
  const from = vi.spyOn(Array, "from").mockImplementation(() => [reads++])
  const reason = await checkPassword("\ufdfa".repeat(2 ** 24))
  for (const spy of [normalize, test, from]) spy.mockRestore()
  expect([reason, reads]).toEqual(["password_too_long", 0])
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
])("[PWD-1] checkPassword() throws for the policy %o, whatever the password", async (policy) => {
  for (const password of ["", "long enough to be right", null]) {
    await expect(checkPassword(password, policy)).rejects.toMatchObject({ code: "invalid_option" })
  }
})

test.each([
  ["a Set", new Set(["nightlatch", "caf\u00e9caf\u00e9"])],
  ["an array", ["nightlatch", "caf\u00e9caf\u00e9"] as const],
  ["anything with has()", { has: (password: string) => ["nightlatch", "caf\u00e9caf\u00e9"].includes(password) }],
])("[PWD-9] checkPassword() looks the whole password up in %s, in NFC and in any case", async (_, blocklist) => {
  for (const password of [
    "nightlatch",
    "NightLatch",
    "\uff4eightlatch",
    "cafe\u0301cafe\u0301",
    "CAF\u00c9caf\u00e9",
  ]) {
    expect(await checkPassword(password, { blocklist })).toBe("password_common")
  }
  expect(await checkPassword("nightlatch manager", { blocklist })).toBeNull()
})

test("checkPassword() finds a listed password that has capitals when it is typed like that", async () => {
  expect(await checkPassword("Night-Latch", { blocklist: new Set(["Night-Latch"]) })).toBe("password_common")
})

test("[PWD-9] checkPassword() refuses at least 3,000 common passwords of 8 characters or more, with no option", async () => {
  expect(commonPasswords.size).toBeGreaterThanOrEqual(3000)
  for (const password of commonPasswords) {
    expect(password).toBe(password.normalize("NFKC").toLowerCase())
    expect(await checkPassword(password)).toBe("password_common")
  }
})

test.each(["password", "12345678", "Password1", "QWERTYUIOP", "P@ssw0rd", "\uff50assword", "iloveyou", "letmein1"])(
  "[PWD-9] checkPassword() refuses the common password %s however it is written, and in addition to the blocklist",
  async (password) => {
    expect(await checkPassword(password)).toBe("password_common")
    expect(await checkPassword(password, { blocklist: ["nightlatch"] })).toBe("password_common")
  },
)

test("[PWD-9] checkPassword() takes a sentence with a common password in it", async () => {
  expect(await checkPassword("my password is long")).toBeNull()
})

test("checkPassword() calls a common password too short where the policy wants more", async () => {
  expect(await checkPassword("password", { minLength: 15 })).toBe("password_too_short")
})

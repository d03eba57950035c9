import { expect, test, vi } from "vitest"
import { createKeyId, DEFAULT_SESSION_COOKIE_NAME, LuciaError } from "../../../src/lucia-v2.ts"
import {
  __experimental_joinAdapters as joinAdapters,
  generateLuciaPasswordHash,
  generateRandomString,
  isWithinExpiration,
  validateLuciaPasswordHash,
} from "../../../src/lucia-v2/utils.ts"
import { LegacyScrypt, Scrypt } from "../../../src/lucia.ts"
import { luciaScrypt } from "../../../src/password.ts"
import { memoryLuciaAdapter } from "./memory-lucia-adapter.ts"

test("password hashes are Lucia v2's, and verified by all that verify those", async () => {
  const hash = await generateLuciaPasswordHash("Ｐassword")
  expect(hash).toMatch(/^s2:[a-z0-9]{16}:[0-9a-f]{128}$/)
  expect(await validateLuciaPasswordHash("Password", hash)).toBe(true)
  expect(await validateLuciaPasswordHash("password", hash)).toBe(false)
  expect(await new LegacyScrypt().verify(hash, "Password")).toBe(true)
  expect(await luciaScrypt().verify(hash, "Password")).toBe(true)
})

test("what is not a hash, or no password, is false; a hash of bcrypt is outdated", async () => {
  const hash = await generateLuciaPasswordHash("password")
  const [, salt, key] = hash.split(":")
  for (const bad of [
    "",
    "x",
    `s3:${salt}:${key}`,
    `s2:${salt}:${key}:x`,
    `s2:${salt}`,
    await new Scrypt().hash("password"),
  ])
    expect(await validateLuciaPasswordHash("password", bad), bad).toBe(false)
  expect(await validateLuciaPasswordHash("x".repeat(1025), hash)).toBe(false)
  await expect(generateLuciaPasswordHash("x".repeat(1025))).rejects.toMatchObject({ code: "invalid_option" })
  const bcrypt = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
  await expect(validateLuciaPasswordHash("password", bcrypt)).rejects.toEqual(new LuciaError("AUTH_OUTDATED_PASSWORD"))
})

test("random strings have their length and alphabet, and every character is as likely", () => {
  expect(generateRandomString(40)).toMatch(/^[a-z0-9]{40}$/)
  expect(generateRandomString(0)).toBe("")
  expect(generateRandomString(2.9, "x")).toBe("xx")
  const counts = new Map<string, number>()
  for (const character of generateRandomString(12_000, "abc")) counts.set(character, (counts.get(character) ?? 0) + 1)
  expect([...counts.keys()].sort()).toEqual(["a", "b", "c"])
  for (const count of counts.values()) expect(Math.abs(count - 4000)).toBeLessThan(400)
  for (const length of [-1, 16_385, Number.NaN])
    expect(() => generateRandomString(length)).toThrow(expect.objectContaining({ code: "invalid_option" }))
  expect(() => generateRandomString(1, "")).toThrow(expect.objectContaining({ code: "invalid_option" }))
})

test("a random number above the last whole round of the alphabet is drawn again", () => {
  const draws = [2 ** 32 - 1, 5]
  const spy = vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    if (array instanceof Uint32Array) array[0] = draws.shift()!
    return array
  })
  expect(generateRandomString(1, "abc")).toBe("c")
  spy.mockRestore()
  expect(draws).toEqual([])
})

test("a time is within its expiration up to that millisecond", () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1000 })
  expect([1001, 1000, 1000n, Infinity].map(isWithinExpiration)).toEqual([true, true, true, true])
  expect([999, 999n, Number.NaN].map(isWithinExpiration)).toEqual([false, false, false])
  vi.useRealTimers()
})

test("keys are named by provider and user", () => {
  expect(createKeyId("github", "a:b")).toBe("github:a:b")
  expect(() => createKeyId("git:hub", "a")).toThrow(TypeError)
  expect(DEFAULT_SESSION_COOKIE_NAME).toBe("auth_session")
})

test("adapters are joined, the later before the earlier", async () => {
  const base = memoryLuciaAdapter()
  const other = memoryLuciaAdapter()
  other.sessions.set("x", { id: "x", user_id: "ada", active_expires: 1, idle_expires: 1 })
  const getUser = async () => ({ id: "joined" })
  const sessionsOfOther: typeof other.adapter = (E) => ({ ...other.adapter(E) })
  const joined = joinAdapters(base.adapter, sessionsOfOther, { getUser })(LuciaError)
  expect(await joined.getUser("ada")).toEqual({ id: "joined" })
  expect(await joined.getSession("x")).toMatchObject({ user_id: "ada" })
})

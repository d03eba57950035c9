import { runInNewContext } from "node:vm"
import { expect, test } from "vitest"
import { AuthError } from "../../src/core/errors.ts"
import {
  expectAuthError,
  expectDate,
  expectEqual,
  expectRejection,
  format,
  settle,
} from "../../src/testing/expectation.ts"

test.each([
  [1, "1"],
  [1, 1n],
  [1n, "1n"],
  [null, undefined],
  [null, "null"],
  [false, "false"],
  [new Date(0), 0],
  [new Date(0), new Date(0).toISOString()],
  [new Date(0), new Date(NaN)],
  [[], {}],
  [["a", "b"], ["a, b"]],
  [{ a: 1 }, { a: 1, b: undefined }],
])("expectEqual() tells %o from %o", (actual, expected) => {
  expect(() => expectEqual("it", actual, expected)).toThrow(/^it: expected .*, got /)
})

test("expectEqual() compares by value, with keys in any order", () => {
  expectEqual("it", { a: [1n, new Date(5)], b: null }, { b: null, a: [1n, new Date(5)] })
})

test("a failed expectation says what was expected and what came, bigints and dates included", () => {
  const actual = { id: 5n, at: new Date("2030-01-01T00:00:00.123Z"), name: 'a"b' }
  expect(() => expectEqual("the row", actual, null)).toThrow(
    String.raw`the row: expected null, got { at: Date(2030-01-01T00:00:00.123Z), id: 5n, name: "a\"b" }`,
  )
})

test("format() writes what has no literal", () => {
  expect([undefined, null, NaN, new Date(NaN), new TypeError("no"), [Symbol("s")]].map(format)).toEqual([
    "undefined",
    "null",
    "NaN",
    "Date(invalid)",
    "TypeError: no",
    "[Symbol(s)]",
  ])
})

test("expectDate() takes a date of another realm, and nothing that only looks like one", () => {
  expectDate("it", runInNewContext("new Date()"))
  expect(() => expectDate("it", "2030-01-01T00:00:00Z")).toThrow('it: expected a Date, got "2030-01-01T00:00:00Z"')
  expect(() => expectDate("it", 0)).toThrow("it: expected a Date, got 0")
})

test("expectRejection() fails for a call that resolves", async () => {
  await expectRejection("it", () => Promise.reject(new Error("no")))
  await expect(expectRejection("it", async () => 5n)).rejects.toThrow("it: expected a rejection, got 5n")
})

test("expectAuthError() fails for another code, another error and a call that resolves", async () => {
  const check = (call: () => Promise<unknown>) => expectAuthError("it", "user_missing", call)
  await check(() => Promise.reject(new AuthError("user_missing", "gone")))
  await expect(check(() => Promise.reject(new AuthError("store_failed", "down")))).rejects.toThrow("AuthError: down")
  await expect(check(() => Promise.reject(new Error("foreign key")))).rejects.toThrow("got Error: foreign key")
  await expect(check(async () => null)).rejects.toThrow(
    'expected a rejection with an AuthError "user_missing", got null',
  )
})

test("settle() takes a call that throws before it returns a promise", async () => {
  const outcome = await settle(() => {
    throw new TypeError("not a string")
  })
  expect(outcome).toEqual({ status: "rejected", reason: new TypeError("not a string") })
})

import { expect, test } from "vitest"
import { isError } from "../../src/platform/realm.ts"

class TaggedError extends Error {
  get [Symbol.toStringTag](): string {
    return "TaggedError"
  }
}

test.each([
  ["an error", new Error("x"), true],
  ["an error with a tag of its own, such as Prisma's", new TaggedError("x"), true],
  ["an object that looks like one", { name: "Error", message: "x", stack: "" }, false],
  ["text", "Error: x", false],
  ["null", null, false],
])("isError() of %s is right", (_what, value, expected) => {
  expect(isError(value)).toBe(expected)
})

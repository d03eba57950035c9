import { expect, test } from "vitest"

import { turnAwayPath } from "../../src/request/access.ts"

test("the page that asks again gets the way back in an address of up to 2,000 characters", () => {
  const paths = { signInPath: "/sign-in", confirmPath: "/confirm" }
  const long = `/${"a".repeat(1999)}`
  expect(turnAwayPath("confirm", paths, long)).toBe(`/confirm?next=%2F${long.slice(1)}`)
  expect(turnAwayPath("confirm", paths, `${long}a`)).toBe("/confirm")
})

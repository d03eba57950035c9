import { expect, test } from "vitest"
import { firstNotIn, rangeOfTag } from "../../src/cli/doctor/node-range.ts"

const required = "^20.19.0 || >=22.12.0"

test.each([
  [">=20", "20.0.0"],
  [">=20.19", "21.0.0"],
  ["^20.19", null],
  ["^20.19 || ^22.12 || >=24", null],
  ["20", "20.0.0"],
  ["20.x", "20.0.0"],
  ["20.19.x", null],
  [">=22.12 <23", null],
  ["22.5 - 24", "22.5.0"],
  ["~22.11", "22.11.0"],
  [">22", null],
  [">= 22.13", null],
  ["v24.1.0", null],
  ["*", "0.0.0"],
  ["<20", "0.0.0"],
  ["latest", null],
])("%s allows %s, which is too old", (range, old) => {
  expect(firstNotIn(range, required)).toBe(old)
})

test.each([
  ["18", "18.99.99"],
  ["18-alpine", "18.99.99"],
  ["v20.5.1", "20.5.1"],
  ["22.1-slim", "22.1.99"],
  ["lts/Hydrogen", "18.99.99"],
  ["lts/*", null],
  ["current", null],
])("the tag %s means %s", (tag, range) => {
  expect(rangeOfTag(tag)).toBe(range)
})

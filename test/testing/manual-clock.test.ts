import { expect, test } from "vitest"
import { manualClock } from "../../src/testing.ts"

test("manualClock() stands still at the start of 2030", () => {
  const now = manualClock()
  expect([now(), now()]).toEqual([Date.parse("2030-01-01T00:00:00Z"), Date.parse("2030-01-01T00:00:00Z")])
})

test("manualClock() starts at a date or at milliseconds", () => {
  const start = new Date("2024-02-29T12:00:00.123Z")
  expect(manualClock(start)()).toBe(start.getTime())
  expect(manualClock(start.getTime())()).toBe(start.getTime())
  expect(manualClock(0)()).toBe(0)
})

test("advance() moves the clock forwards and backwards, and returns the new time", () => {
  const now = manualClock(1000)
  expect(now.advance(500)).toBe(1500)
  expect(now()).toBe(1500)
  expect(now.advance(-1500)).toBe(0)
  expect(now()).toBe(0)
})

test("a clock keeps nothing of the date it started at, and moves no other clock", () => {
  const start = new Date(1000)
  const [now, other] = [manualClock(start), manualClock(start)]
  start.setTime(0)
  now.advance(1)
  expect([now(), other()]).toEqual([1001, 1000])
})

test("manualClock() and advance() refuse what is not a time, and leave the clock alone", () => {
  const now = manualClock(1000)
  expect(() => manualClock(NaN)).toThrow(RangeError)
  expect(() => manualClock(new Date("never"))).toThrow("manualClock: NaN is not a time")
  expect(() => now.advance(Infinity)).toThrow(RangeError)
  expect(now()).toBe(1000)
})

import { describe, expect, test } from "vitest"

import { createCborReader } from "../../src/passkeys/cbor.ts"
import { readCbor, writeCbor } from "./cbor-items.ts"
import type { Item } from "./cbor-items.ts"

const read = (hex: string) => readCbor(Buffer.from(hex, "hex"))

describe("the CBOR reader", () => {
  // From RFC 8949, appendix A.
  test.each([
    ["00", 0],
    ["17", 23],
    ["1818", 24],
    ["1903e8", 1000],
    ["1a000f4240", 1_000_000],
    ["1b000000e8d4a51000", 1_000_000_000_000],
    ["20", -1],
    ["3863", -100],
    ["3903e7", -1000],
    ["40", new Uint8Array()],
    ["4401020304", Uint8Array.of(1, 2, 3, 4)],
    ["60", ""],
    ["62c3bc", "ü"],
    ["64f0908591", "\u{10151}"],
    ["80", []],
    ["8301820203820405", [1, [2, 3], [4, 5]]],
    ["a0", new Map()],
    ["a201020304", new Map([[1, 2], [3, 4]])], // prettier-ignore
    ["a26161016162820203", new Map<string, unknown>([["a", 1], ["b", [2, 3]]])], // prettier-ignore
    ["f4", null],
    ["f5", null],
    ["f6", null],
    ["f93c00", null],
    ["fa47c35000", null],
    ["fb3ff199999999999a", null],
    ["f8ff", null],
  ])("reads %s", (hex, value) => {
    expect(read(hex)).toEqual(value)
  })

  test.each([
    ["", "nothing"],
    ["18", "a number that is cut off"],
    ["1b00000000000000", "a long number that is cut off"],
    ["1c", "a reserved length"],
    ["1f", "a number without an end"],
    ["420", "bytes that are cut off"],
    ["5b7fffffffffffffff00", "bytes of more than there are in the world"],
    ["5f42010243030405ff", "bytes in pieces"],
    ["61", "text that is cut off"],
    ["62c328", "text that is no UTF-8"],
    ["63eda080", "half of a surrogate pair"],
    ["7f657374726561646d696e67ff", "text in pieces"],
    ["82", "a list without items"],
    ["8201", "a list that is cut off"],
    ["9bffffffffffffffff", "a list of more than there are in the world"],
    ["9fff", "a list without an end"],
    ["a1", "a map without members"],
    ["a101", "a map without a value"],
    ["a10118", "a map with half a value"],
    ["a201020103", "a map with a key twice"],
    ["a2010201030405", "a map with a key twice, and more behind it"],
    ["a26161016161 02".replace(" ", ""), "a map with a text key twice"],
    ["a1f601", "a map with a key that is null"],
    ["a1400a", "a map with a key of bytes"],
    ["bf61610161629f0203ffff", "a map without an end"],
    ["c11a514b67b0", "a tag"],
    ["ff", "an end without a beginning"],
  ])("reads nothing of %s: %s", (hex) => {
    expect(read(hex)).toBeUndefined()
  })

  test("reads eight levels, and no more, however deep the bytes go", () => {
    const nested = (depth: number): Item => (depth === 0 ? 0 : [nested(depth - 1)])
    expect(readCbor(writeCbor(nested(8)))).toBeDefined()
    expect(readCbor(writeCbor(nested(9)))).toBeUndefined()
    expect(readCbor(new Uint8Array(48_000).fill(0x81))).toBeUndefined()
  })

  test("reads one item after the other, and says when there are no more", () => {
    const reader = createCborReader(Uint8Array.of(1, 0x41, 2, 3))
    expect([reader.read(), reader.read(), reader.isAtEnd()]).toEqual([1, Uint8Array.of(2), false])
    expect([reader.read(), reader.isAtEnd()]).toEqual([3, true])
    expect(() => reader.read()).toThrow("Malformed")
    expect(reader.isAtEnd()).toBe(false)
  })

  test("agrees with the writer of these tests, and reads or refuses bytes that were changed", () => {
    const item: Item = new Map<string, Item>([["fmt", "none"], ["attStmt", new Map([["x5c", [new Uint8Array(300)]]])], ["n", [-70_000, 70_000]]]) // prettier-ignore
    const bytes = writeCbor(item)
    expect(readCbor(bytes)).toEqual(item)
    for (let at = 0; at < 30; at++)
      for (let byte = 0; byte < 256; byte++) readCbor(bytes.map((old, n) => (n === at ? byte : old)))
  })
})

import { isIP, isIPv4, isIPv6 } from "node:net"
import { describe, expect, test } from "vitest"
import { clientKey, fromRight } from "../../src/throttle.ts"

describe("clientKey()", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    // Some proxies send the port.
    ["192.0.2.1:5678", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::/64"],
    ["2001:DB8::1", "2001:db8::/64"],
    ["2001:0db8:0000:0000:ffff:ffff:ffff:ffff", "2001:db8::/64"],
    ["2001:db8:0:1::", "2001:db8:0:1::/64"],
    ["2001:0:0:1::2", "2001:0:0:1::/64"],
    ["2001:db8:a:b:c:d:192.0.2.1", "2001:db8:a:b::/64"],
    ["1:2:3:4:5:6:7::", "1:2:3:4::/64"],
    ["::1", "::/64"],
    ["::", "::/64"],
    ["[::1]", "::/64"],
    ["[2001:db8::1]:80", "2001:db8::/64"],
    ["fe80::1%eth0", "fe80::/64"],
    ["[fe80::1%25eth0]:443", "fe80::/64"],
    [`fe80::1%${"a".repeat(92)}`, "fe80::/64"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:0201", "192.0.2.1"],
    ["0:0:0:0:0:ffff:c000:201", "192.0.2.1"],
    ["::ffff:0:1", "0.0.0.1"],
    ["[::ffff:192.0.2.1]:5678", "192.0.2.1"],
    // NAT64: a server without IPv4 sees all clients that have no IPv6 in one /96.
    ["64:ff9b::192.0.2.1", "192.0.2.1"],
    ["64:ff9b::c000:201", "192.0.2.1"],
    ["64:ff9b:0:0:1::1", "64:ff9b::/64"],
    // The same digits further right are no such prefix.
    ["a::ffff:c000:201", "a::/64"],
    ["44c:ff9b::c000:201", "44c:ff9b::/64"],
    // 6to4: one IPv4 address has 65,536 networks.
    ["2002:c000:201::1", "192.0.2.1"],
    ["2002:c000:201:ffff::1", "192.0.2.1"],
  ])("[THR-3] of %s is %s", (address, key) => {
    expect(clientKey(address)).toBe(key)
  })

  test.each([
    null,
    undefined,
    "",
    " ",
    "unknown",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "0x7f.0.0.1",
    "2130706433",
    "1.2.3.4:",
    "1.2.3.4:123456",
    "1.2.3.4, 5.6.7.8",
    " 1.2.3.4",
    "1.2.3.4\n",
    "1.2.3.4\0",
    "[1.2.3.4]",
    "1.2.3.4%eth0",
    ":::",
    "1::2::3",
    "12345::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "::ffff:1.2.3.256",
    "::ffff:1.2.3.04",
    "::1]",
    "[::1",
    "[::1]x",
    "[::1]:80@evil.example",
    "::1\n",
    "::1/64",
    "g::1",
    "２００１:db8::1",
    "١.٢.٣.٤",
    "f".repeat(1_000_000),
    "1.".repeat(500_000),
    `::1%${"0".repeat(1_000_000)}`,
    `fe80::1%${"a".repeat(93)}`,
    "::1%",
    "::1%a%b",
    "::1%a:b",
  ])("[THR-3] of anything else is null: case %#", (address) => {
    expect(clientKey(address)).toBeNull()
  })

  test.each([[7], [{}], [["192.0.2.1"]], [new String("192.0.2.1")], [Symbol("address")]])(
    "of a value that is not text is null: %s",
    (value) => {
      // @ts-expect-error an address is text
      expect(clientKey(value)).toBeNull()
    },
  )

  test("[THR-3] is one for all addresses of a /64, in all their spellings", () => {
    const inOneNetwork = Array.from({ length: 1024 }, (_, n) => `2001:db8:1:2:${n.toString(16)}::${n.toString(16)}`)
    const spelled = inOneNetwork.flatMap((address) => [address, address.toUpperCase(), `[${address}]:1`])
    expect(new Set(spelled.map(clientKey))).toEqual(new Set(["2001:db8:1:2::/64"]))
  })

  test("reads all that Node.js takes for an address, and nothing else", () => {
    const parts = ["", "0", "1", "ffff", "10000", ":", "::", ".", "1.2.3.4", "00", "g"]
    for (let n = 0; n < 20_000; n++) {
      const address = Array.from({ length: 1 + (n % 12) }, () => parts[Math.floor(Math.random() * parts.length)]).join(
        n % 2 ? ":" : "",
      )
      // With a port behind it, an IPv4 address is none for Node.js.
      if (/^[\d.]+:/.test(address) && isIPv4(address.split(":")[0] ?? "")) continue
      expect([address, clientKey(address) !== null]).toEqual([address, isIP(address) !== 0])
    }
  })

  test("a key of an IPv6 network is the start of an address, and of the same network", () => {
    for (let n = 0; n < 2000; n++) {
      const groups = Array.from({ length: 8 }, () => (Math.random() < 0.5 ? 0 : Math.floor(Math.random() * 65_536)))
      groups[0] = 0x2a00 + (n % 16)
      const key = clientKey(groups.map((group) => group.toString(16)).join(":")) ?? ""
      expect(isIPv6(key.slice(0, -3))).toBe(true)
      expect(clientKey(key.slice(0, -3))).toBe(key)
    }
  })
})

describe("fromRight()", () => {
  test.each([
    ["a, b, c", 1, "c"],
    ["a, b, c", 2, "b"],
    ["a, b, c", 3, "a"],
    ["a, b, c", 4, null],
    ["a,b,c", 2, "b"],
    [" a \t", 1, "a"],
    ["a, , c", 2, null],
    ["a,", 1, null],
    ["", 1, null],
    [null, 1, null],
    [undefined, 1, null],
    [["a, b", "c"], 1, "c"],
    [["a, b", "c"], 2, "b"],
    [[], 1, null],
  ])("of %j, %d from the right, is %j", (header, hops, entry) => {
    expect(fromRight(header, hops)).toBe(entry)
  })

  test.each([[7], [{}], [true], [[{}]], [[null]]])("of a header of any other type is no address: %j", (header) => {
    // @ts-expect-error a header is text
    expect(clientKey(fromRight(header, 1))).toBeNull()
  })

  test.each([0, -1, 1.5, NaN, Infinity, "1"])("refuses %s hops", (hops) => {
    // @ts-expect-error hops are a number
    expect(() => fromRight("a, b", hops)).toThrow(expect.objectContaining({ code: "invalid_option" }))
  })

  test("[THR-3] whatever a client writes at the left, its key is the address that the proxy saw", () => {
    const sent = ["", "203.0.113.7, ", "x".repeat(1_000_000), "1, ".repeat(100_000), ",,,,", "\0, ", '"a, b", ']
    const keys = sent.map((start) => clientKey(fromRight(`${start}, 192.0.2.1`, 1)))
    expect(new Set(keys)).toEqual(new Set(["192.0.2.1"]))
  })
})

import { Buffer } from "node:buffer"

import { describe, expect, test, vi } from "vitest"

import { randomBytes } from "../../src/platform/bytes.ts"
import type { Engine } from "../../src/envelope/engine.ts"
import { createEnvelope } from "../../src/envelope/envelope.ts"
import { engines, k1, k2, k3 } from "./stateless-fixture.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

describe.each(engines())("sealed with %s", (_, engine) => {
  const envelope = createEnvelope([k1], "session", engine)
  const isOpen = async (text: unknown) => typeof (await envelope.open(text)) === "object"

  test("every length comes back", async () => {
    for (let length = 0; length < 100; length++) {
      const plaintext = crypto.getRandomValues(new Uint8Array(length))
      const sealed = await envelope.seal(plaintext)
      expect(sealed).toHaveLength(Math.ceil(((33 + length) * 4) / 3))
      const opened = await envelope.open(sealed)
      expect(opened).toMatchObject({ isOld: false })
      expect(typeof opened === "object" && [...opened.plaintext]).toEqual([...plaintext])
    }
  })

  test("[STL-3] no single bit of 100 tokens can be changed", async () => {
    for (let n = 0; n < 100; n++) {
      const sealed = Buffer.from(await envelope.seal(bytes(`token ${n}`)), "base64url")
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const flipped = Buffer.from(sealed)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        expect(await isOpen(flipped.toString("base64url")), `token ${n}, bit ${bit}`).toBe(false)
      }
    }
  })

  test("[STL-3] no token can be cut, lengthened or put together again", async () => {
    const [one, other] = [await envelope.seal(bytes("one")), await envelope.seal(bytes("two"))]
    const [a, b] = [Buffer.from(one, "base64url"), Buffer.from(other, "base64url")]
    for (let length = 0; length < a.length; length++) {
      expect(await isOpen(a.subarray(0, length).toString("base64url"))).toBe(false)
      expect(await isOpen(a.subarray(a.length - length).toString("base64url"))).toBe(false)
      const joined = Buffer.concat([a.subarray(0, length), b.subarray(length)])
      // Where the bytes on one side of the cut happen to be equal, the two halves are one whole token.
      const isWhole = joined.equals(a) || joined.equals(b)
      expect(await isOpen(joined.toString("base64url"))).toBe(isWhole)
    }
    for (const more of [[0], [0, 0, 0], a]) {
      expect(await isOpen(Buffer.concat([a, Buffer.from(more)]).toString("base64url"))).toBe(false)
      expect(await isOpen(Buffer.concat([Buffer.from(more), a]).toString("base64url"))).toBe(false)
    }
  })

  test("a secret's key is not awaited by those who did not ask for it, as another request may have been cut off", async () => {
    let derivations = 0
    const slow: Engine = {
      ...engine,
      derive: (...values) => (derivations++ ? engine.derive(...values) : new Promise(() => {})),
    }
    const { seal, open } = createEnvelope([k1], "session", slow)
    void seal(bytes("cut off"))
    expect(await open(await seal(bytes("one")))).toMatchObject({ plaintext: expect.objectContaining({ length: 3 }) })
    const before = derivations
    await seal(bytes("two"))
    expect(derivations).toBe(before)
  })

  test("[STL-3] a token has one spelling", async () => {
    for (let length = 0; length < 6; length++) {
      const sealed = await envelope.seal(new Uint8Array(length))
      const spellings = [
        `${sealed}=`,
        `${sealed}==`,
        ` ${sealed}`,
        `${sealed}\n`,
        `${sealed}\0`,
        `${sealed}A`,
        `${sealed}~2`,
        encodeURIComponent(`${sealed}=`),
        `${sealed.slice(0, 9)}\n${sealed.slice(9)}`,
        Buffer.from(sealed, "base64url").toString("hex"),
      ]
      for (const spelling of spellings) expect(await isOpen(spelling), spelling).toBe(false)
      // The last character may stand for bits that belong to no byte.
      const lasts = [...alphabet].map((last) => sealed.slice(0, -1) + last)
      const opened = await Promise.all(lasts.map(isOpen))
      expect(lasts.filter((_, n) => opened[n])).toEqual([sealed])
    }
    const standard = /[-_]/
    let sealed = ""
    while (!standard.test(sealed)) sealed = await envelope.seal(bytes("x"))
    expect(await envelope.open(sealed.replaceAll("-", "+").replaceAll("_", "/"))).toBe("malformed")
  })

  test("[STL-4] a purpose opens its own only", async () => {
    const purposes = ["session", "snapshot", "sessio", "session ", ""]
    for (const from of purposes) {
      const sealed = await createEnvelope([k1], from, engine).seal(bytes("x"))
      for (const to of purposes) {
        const opened = await createEnvelope([k1], to, engine).open(sealed)
        expect(opened).toEqual(from === to ? { plaintext: expect.anything(), isOld: false } : "unknown")
      }
    }
  })

  test("[STL-5] all secrets open, the first seals, and a removed one is void", async () => {
    const old = await envelope.seal(bytes("old"))
    const both = createEnvelope([k2, k1], "session", engine)
    expect(await both.open(old)).toMatchObject({ isOld: true })
    const renewed = await both.seal(bytes("new"))
    expect(await both.open(renewed)).toMatchObject({ isOld: false })
    const only = createEnvelope([k2], "session", engine)
    expect(await only.open(renewed)).toMatchObject({ isOld: false })
    expect(await only.open(old)).toBe("unknown")
    expect(await createEnvelope([k3, k1, k1, k3], "session", engine).open(old)).toMatchObject({ isOld: true })
    expect(await createEnvelope([k1, k1], "session", engine).open(old)).toMatchObject({ isOld: false })
  })

  test("text and its bytes are the same secret", async () => {
    const sealed = await createEnvelope([bytes(k1)], "session", engine).seal(bytes("x"))
    expect(await isOpen(sealed)).toBe(true)
  })

  test("the secret's owner may wipe it", async () => {
    const own = bytes(k1)
    const kept = createEnvelope([own], "session", engine)
    own.fill(0)
    expect(await isOpen(await kept.seal(bytes("x")))).toBe(true)
  })

  test("[STL-7] of 4,096 characters one is sealed, and one more is too large", async () => {
    const longest = await envelope.seal(new Uint8Array(3039))
    expect(longest).toHaveLength(4096)
    expect(await isOpen(longest)).toBe(true)
    const seal = async () => envelope.seal(new Uint8Array(3040))
    await expect(seal()).rejects.toMatchObject({ name: "AuthError", code: "cookie_too_large" })
  })
})

test.each([
  ["node:crypto", 0, 1],
  ["WebCrypto", 1, 0],
])("what %s seals the other opens", async (_, from, to) => {
  const [sealing, opening] = [engines()[from]![1], engines()[to]![1]]
  for (let length = 0; length < 50; length++) {
    const plaintext = crypto.getRandomValues(new Uint8Array(length))
    const sealed = await createEnvelope([k1], "session", sealing).seal(plaintext)
    const opened = await createEnvelope([k2, k1], "session", opening).open(sealed)
    expect(typeof opened === "object" && [...opened.plaintext]).toEqual([...plaintext])
  }
})

describe("without cryptography", () => {
  const [, node] = engines()[0]!

  function counted() {
    let count = 0
    const cipher: Engine["cipher"] = async (key) => {
      const real = await node.cipher(key)
      return {
        encrypt: real.encrypt,
        decrypt(...args) {
          count++
          return real.decrypt(...args)
        },
      }
    }
    const derive: Engine["derive"] = (...args) => {
      count++
      return node.derive(...args)
    }
    return { count: () => count, envelope: createEnvelope([k1, k2], "session", { ...node, cipher, derive }) }
  }

  test("what has no token's shape is turned down", async () => {
    const { count, envelope } = counted()
    const header = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."
    const odd = [
      "",
      "A",
      "x".repeat(43),
      "A".repeat(4097),
      "A".repeat(2_000_000),
      "Fe26.1*1*a*b*c",
      header,
      `AQ${"é".repeat(60)}`,
    ]
    const other = [
      undefined,
      null,
      0,
      1n,
      NaN,
      true,
      {},
      [],
      ["AQ"],
      Symbol("a"),
      () => "a",
      new Uint8Array(50),
      new String("AQ"),
    ]
    for (const value of [...odd, ...other]) expect(await envelope.open(value)).toBe("malformed")
    expect(count()).toBe(0)
    // The first byte is the version.
    const sealed = await envelope.seal(bytes("x"))
    const before = count()
    for (let version = 0; version < 256; version++) {
      if (version === 1) continue
      const changed = Buffer.from(sealed, "base64url")
      changed[0] = version
      expect(await envelope.open(changed.toString("base64url"))).toBe("malformed")
    }
    expect(count()).toBe(before)
  })

  test("a token of another secret is turned down, among a thousand too", async () => {
    const { count, envelope } = counted()
    await envelope.seal(bytes("x"))
    const before = count()
    const foreign = createEnvelope([k3], "session", node)
    for (let n = 0; n < 100; n++) expect(await envelope.open(await foreign.seal(bytes("x")))).toBe("unknown")
    expect(count()).toBe(before)
    const many = Array.from({ length: 1000 }, (_, n) => `${k1} ${n}`)
    const sealed = await createEnvelope([many[999]], "session", node).seal(bytes("x"))
    expect(await createEnvelope(many, "session", node).open(sealed)).toMatchObject({ isOld: true })
  })
})

test("secrets whose key ids are the same are told apart", async () => {
  const [, node] = engines()[0]!
  // The same key id for every secret: once in four billion pairs that happens.
  const derive: Engine["derive"] = async (...args) => {
    const derived = await node.derive(...args)
    return derived.fill(7, 32)
  }
  const engine = { ...node, derive }
  const old = await createEnvelope([k1], "session", engine).seal(bytes("x"))
  expect(await createEnvelope([k2, k1], "session", engine).open(old)).toMatchObject({ isOld: true })
  expect(await createEnvelope([k2, k3], "session", engine).open(old)).toBe("unknown")
})

test("2 MB of anything take less than 10 ms", async () => {
  const envelope = createEnvelope([k1], "session")
  await envelope.open(await envelope.seal(bytes("warm")))
  for (const value of ["A".repeat(2_000_000), "-".repeat(2_000_000), "\n".repeat(2_000_000), `${"A".repeat(4095)}!`]) {
    const times: number[] = []
    for (let n = 0; n < 5; n++) {
      const start = performance.now()
      expect(await envelope.open(value)).toBe("malformed")
      times.push(performance.now() - start)
    }
    expect(Math.min(...times)).toBeLessThan(10)
  }
})

test("[STL-7] a million nonces hold no two alike", () => {
  const seen = new Set<bigint>()
  for (let n = 0; n < 1_000_000; n++) {
    const view = new DataView(randomBytes(12).buffer)
    seen.add((view.getBigUint64(0) << 32n) | BigInt(view.getUint32(8)))
  }
  expect(seen.size).toBe(1_000_000)
})

test("[STL-7] each nonce is drawn as it is used, so that a process that is cloned repeats none", async () => {
  const getRandomValues = vi.spyOn(crypto, "getRandomValues")
  try {
    const { seal } = createEnvelope([k1], "session")
    for (let n = 1; n <= 3; n++) {
      await seal(bytes("x"))
      expect(getRandomValues).toHaveBeenCalledTimes(n)
    }
  } finally {
    vi.restoreAllMocks()
  }
})

describe("a secret", () => {
  const make = (secrets: unknown) => () => createEnvelope(secrets as string[], "session")
  const hidden = "hunter2 is no good secret"

  test.each([
    ["no list", undefined],
    ["null", null],
    ["no list but text", k1],
    ["an empty list", []],
    ["a list with a hole", Array(1)],
    ["an unset variable", [undefined]],
    ["an unset variable behind a good secret", [k1, undefined]],
    ["null in the list", [null]],
    ["an empty secret", [""]],
    ["a known word", ["secret"]],
    ["31 bytes", [hidden.padEnd(31, "!")]],
    ["31 bytes of binary", [crypto.getRandomValues(new Uint8Array(31))]],
    ["one character, repeated", ["x".repeat(32)]],
    ["one character of several bytes, repeated", ["é".repeat(40)]],
    ["zeros", [new Uint8Array(32)]],
    ["a number", [32]],
    ["an array", [Array.from({ length: 32 }, (_, n) => n)]],
    ["a buffer without a view", [new ArrayBuffer(32)]],
  ])("that is %s throws, says how to make one, and keeps it to itself", (_, secrets) => {
    const thrown = expect(make(secrets))
    thrown.toThrow(expect.objectContaining({ code: "invalid_option" }))
    thrown.toThrow(/openssl rand -base64 32/)
    thrown.toThrow(expect.objectContaining({ message: expect.not.stringContaining("hunter2") }))
  })

  test("[STL-1] of 32 bytes is enough, and characters count by their bytes", () => {
    expect(make(["0123456789abcdef0123456789abcdef"])).not.toThrow()
    expect(make(["éàéàéàéàéàéàéàéà"])).not.toThrow()
    expect(make([crypto.getRandomValues(new Uint8Array(32))])).not.toThrow()
  })
})

import crypto from "node:crypto"

import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"

import { createToken, hashToken, isSessionId, isToken } from "../../src/core/session-token.ts"
import { hashPortably } from "../../src/platform/crypto.ts"
import { oddValues, setUp, strangerToken } from "./auth-fixture.ts"

beforeEach(() => void vi.resetModules())
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe("a session token", () => {
  test("[TOK-1] draws at least 128 bits from the platform's generator", async () => {
    const draw = vi.spyOn(globalThis.crypto, "getRandomValues")
    const unwanted = [vi.spyOn(Math, "random"), vi.spyOn(globalThis.crypto, "randomUUID")]
    const { createToken } = await import("../../src/core/session-token.ts")
    for (let i = 0; i < 1000; i++) createToken()
    const drawn = draw.mock.calls.reduce((sum, [array]) => sum + (array?.byteLength ?? 0), 0)
    expect(drawn).toBeGreaterThanOrEqual(16 * 1000)
    for (const spy of unwanted) expect(spy).not.toHaveBeenCalled()
  })

  test("[TOK-1][TOK-2] has one length, no duplicates and no bias at any position", () => {
    const rounds = 20_000
    const tokens = new Set<string>()
    const counts = Array.from({ length: 32 }, () => new Map<string, number>())
    for (let i = 0; i < rounds; i++) {
      const token = createToken()
      tokens.add(token)
      for (const [at, letter] of [...token].entries()) counts[at]?.set(letter, (counts[at].get(letter) ?? 0) + 1)
    }
    expect(tokens.size).toBe(rounds)
    for (const position of counts) {
      expect([...position.keys()].sort().join("")).toBe("234567abcdefghijklmnopqrstuvwxyz")
      const expected = rounds / 32
      const chiSquare = [...position.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
      // 31 degrees of freedom: one run in a thousand million goes beyond 105.
      expect(chiSquare).toBeLessThan(105)
    }
  })

  test.each([
    ["zeros", () => 0],
    ["ones", () => 255],
    ["a counter", (i: number) => i % 256],
  ])("[TOK-2] stays in its alphabet when the generator yields %s", async (_, byte) => {
    vi.spyOn(globalThis.crypto, "getRandomValues").mockImplementation((array) => {
      if (array instanceof Uint8Array) array.forEach((_, i) => (array[i] = byte(i)))
      return array
    })
    const { createToken } = await import("../../src/core/session-token.ts")
    for (let i = 0; i < 10; i++) expect(createToken()).toMatch(/^[a-z2-7]{32}$/)
  })

  const failures: [string, () => unknown][] = [
    ["throws", () => vi.spyOn(globalThis.crypto, "getRandomValues").mockImplementation(fail)],
    ["has no generator", () => vi.stubGlobal("crypto", { subtle: globalThis.crypto.subtle })],
    ["has no crypto at all", () => vi.stubGlobal("crypto", undefined)],
  ]

  test.each(failures)("[TOK-3] is not made, and nothing is stored, where the platform %s", async (_, breakPlatform) => {
    const { adapter, memory, calls } = await setUp()
    breakPlatform()
    const { createAuth } = await import("../../src/index.ts")
    await expect(createAuth({ adapter }).createSession("user-1")).rejects.toThrow()
    expect(calls).toEqual([])
    expect(await memory.listSessions("user-1")).toEqual([])
  })
})

describe("what is no token", () => {
  test.each(oddValues.map((value) => [describeValue(value), value]))(
    "[TOK-5] %s is malformed, without a hash or a store call",
    async (_, value) => {
      const { auth, calls, hash } = await withCountedHash()
      expect(await auth.validateSession(value)).toEqual({ session: null, user: null, reason: "malformed" })
      expect(await auth.rotateSession(value)).toBeNull()
      expect(calls).toEqual([])
      expect(hash).not.toHaveBeenCalled()
    },
  )

  test("[STO-2] a well-formed unknown token costs one hash and one store call", async () => {
    const { auth, calls, hash } = await withCountedHash()
    expect(await auth.validateSession(strangerToken)).toMatchObject({ reason: "unknown" })
    expect(calls).toEqual(["findSession"])
    expect(hash).toHaveBeenCalledTimes(1)
  })

  test("[TOK-5] every other spelling of a token is refused, without a store call", async () => {
    const { auth, calls } = await setUp()
    const { token } = await auth.createSession("user-1")
    calls.length = 0
    const spellings = [
      token.toUpperCase(),
      `${token}=`,
      `${token}======`,
      ` ${token}`,
      `${token} `,
      `${token}\n`,
      `${token}\0`,
      `${token.slice(0, 16)} ${token.slice(16)}`,
      token.slice(0, -1),
      `${token}a`,
      encodeURIComponent(token).replace(/^./, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
      Buffer.from(token).toString("base64url"),
      Buffer.from(token).toString("hex"),
    ]
    for (const spelling of spellings) {
      expect(await auth.validateSession(spelling)).toMatchObject({ reason: "malformed" })
    }
    expect(calls).toEqual([])
  })

  test("[TOK-5] a token with any one character changed is nobody's", async () => {
    const { auth } = await setUp()
    const { token } = await auth.createSession("user-1")
    for (let at = 0; at < token.length; at++) {
      for (const letter of ["a", "b", "7"].filter((other) => other !== token[at])) {
        const changed = token.slice(0, at) + letter + token.slice(at + 1)
        expect(await auth.validateSession(changed)).toMatchObject({ reason: "unknown" })
      }
    }
  })

  test("[TOK-4] an unknown token never makes a row, and a sign-in never takes it over", async () => {
    const { auth, memory, calls } = await setUp()
    for (let i = 0; i < 1000; i++) await auth.validateSession(createToken())
    await auth.rotateSession(strangerToken)
    expect(new Set(calls)).toEqual(new Set(["findSession"]))
    expect(await memory.listSessions("user-1")).toEqual([])
    expect((await auth.createSession("user-1")).token).not.toBe(strangerToken)
    expect(await auth.validateSession(strangerToken)).toMatchObject({ reason: "unknown" })
  })

  test("isToken() and isSessionId() accept exactly their alphabets and lengths", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 70 }), (text) => {
        expect(isToken(text)).toBe(text.length === 32 && isOver("abcdefghijklmnopqrstuvwxyz234567", text))
        expect(isSessionId(text)).toBe(text.length === 64 && isOver("0123456789abcdef", text))
      }),
    )
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9A-Z]{31,33}$/), (text) => {
        expect(isToken(text)).toBe(text.length === 32 && isOver("abcdefghijklmnopqrstuvwxyz234567", text))
      }),
      { numRuns: 500 },
    )
  })
})

describe("the hash of a token", () => {
  test("is lower-case hex SHA-256", () => {
    // FIPS 180-4, the example "abc".
    expect(hashToken("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    expect(hashPortably("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  })

  test("is the same from the platform, from plain JavaScript and from WebCrypto", async () => {
    const lengths = [0, 1, 31, 32, 33, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 127, 128, 129, 1000]
    const tokens = Array.from({ length: 500 }, createToken)
    const texts = [...tokens, ...lengths.map((length) => "x".repeat(length)), "é", "😀", "\0", "\uFFFD"]
    for (const text of texts) {
      const digest = await globalThis.crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))
      const hex = Buffer.from(digest).toString("hex")
      expect(hashToken(text)).toBe(hex)
      expect(hashPortably(text)).toBe(hex)
    }
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
        expect(hashToken(text)).toBe(hashPortably(text))
      }),
    )
  })

  test("comes from the platform where it has one, and from plain JavaScript elsewhere", async () => {
    const hash = vi.spyOn(crypto, "hash")
    const { hashToken: fast } = await import("../../src/core/session-token.ts")
    fast(strangerToken)
    expect(hash).toHaveBeenCalledTimes(1)
    for (const process of [undefined, {}, ...[() => undefined, () => ({}), refuse].map(withBuiltins)]) {
      vi.resetModules()
      vi.stubGlobal("process", process)
      const { hashToken: portable } = await import("../../src/core/session-token.ts")
      const digest = portable(strangerToken)
      vi.unstubAllGlobals()
      expect(digest).toBe(hashPortably(strangerToken))
    }
    expect(hash).toHaveBeenCalledTimes(1)
  })

  // As the edge runtime of Next.js does.
  function refuse(): never {
    throw new Error("process.getBuiltinModule is not supported")
  }

  function withBuiltins(getBuiltinModule: () => unknown) {
    return { getBuiltinModule }
  }

  test("sessions made on one kind of platform are good on another", async () => {
    const { adapter, auth, now } = await setUp()
    const here = await auth.createSession("user-1")
    vi.stubGlobal("process", undefined)
    const { createAuth } = await import("../../src/index.ts")
    const portable = createAuth({ adapter, now })
    const there = await portable.createSession("user-1")
    const accepted = await portable.validateSession(here.token)
    vi.unstubAllGlobals()
    expect(accepted.user?.id).toBe("user-1")
    expect((await auth.validateSession(there.token)).user?.id).toBe("user-1")
  })
})

async function withCountedHash() {
  const hash = vi.spyOn(crypto, "hash")
  const { adapter, calls } = await setUp()
  const { createAuth } = await import("../../src/index.ts")
  return { auth: createAuth({ adapter }), calls, hash }
}

function isOver(alphabet: string, text: string): boolean {
  return [...text].every((letter) => alphabet.includes(letter))
}

function fail(): never {
  throw new Error("The generator failed")
}

function describeValue(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 20)}… x${value.length}` : value)
  return typeof value === "object" && value ? `an object (${value.constructor?.name})` : String(value)
}

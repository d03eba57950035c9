import fc from "fast-check"
import { describe, expect, test } from "vitest"

import type { Cbor } from "../../src/passkeys/cbor.ts"
import { webVerifier } from "../../src/passkeys/verifier.ts"
import { createAuthenticator } from "./authenticator.ts"
import { head, joined, readCbor, writeCbor } from "./cbor-items.ts"
import type { Item } from "./cbor-items.ts"
import { setUp, site } from "./set-up.ts"

const anyBytes = fc.uint8Array({ maxLength: 200 })

const { item } = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof(
    { depthSize: "small", maxDepth: 5 },
    fc.integer({ min: -(2 ** 32), max: 2 ** 32 - 1 }),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom(null, true, false),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("item"), { maxLength: 30 }),
    fc
      .array(fc.tuple(fc.oneof(fc.integer({ min: -300, max: 300 }), fc.string()), tie("item")))
      .map((all) => new Map(all)),
  ),
}))

/** Heads whose lengths are anything, between other bytes: what random bytes rarely are. */
const nearly = fc
  .array(
    fc.oneof(
      fc.tuple(fc.nat(7), fc.nat(300)).map(([type, length]) => head(type, length)),
      fc.tuple(fc.nat(7), fc.nat(8)).map(([type, more]) => Uint8Array.of((type << 5) | (24 + (more % 8)))),
      fc.uint8Array({ maxLength: 12 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => joined(...parts))

describe("the reader of CBOR", () => {
  test("reads what was written", () => {
    const isRead = (written: Item) => {
      expect(readCbor(writeCbor(written))).toEqual(withoutBooleans(written))
    }
    fc.assert(fc.property(item, isRead), { numRuns: 1000 })
  })

  test("gives a value or nothing for any bytes, no deeper than eight levels", () => {
    const isTotal = (bytes: Uint8Array) => {
      const value = readCbor(bytes)
      if (value !== undefined) expect(depthOf(value)).toBeLessThanOrEqual(9)
    }
    fc.assert(fc.property(fc.oneof(anyBytes, nearly), isTotal), { numRuns: 10_000 })
  })

  test("reads nothing from what is cut off", () => {
    const isWhole = (written: Item, missing: number) => {
      const bytes = writeCbor(written)
      expect(readCbor(bytes.subarray(0, Math.max(0, bytes.length - 1 - (missing % bytes.length))))).toBeUndefined()
    }
    fc.assert(fc.property(item, fc.nat(), isWhole), { numRuns: 1000 })
  })

  test.each(["5b", "7b", "9b", "bb"])("does not wait for what a length of 2^64 - 1 promises: %s", (type) => {
    const promising = Buffer.from(`${type}ffffffffffffffff`, "hex")
    expect(readCbor(promising)).toBeUndefined()
    expect(readCbor(joined(promising, new Uint8Array(60_000)))).toBeUndefined()
  })

  test("does not follow 100,000 lists in one another", () => {
    for (const byte of [0x81, 0xa1, 0x9f, 0xbf, 0xc1]) expect(readCbor(Buffer.alloc(100_000, byte))).toBeUndefined()
  })

  // Some clients write every length in two bytes. What the authenticator signs is the same.
  test("reads lengths that are longer than they need to be", () => {
    expect(readCbor(Buffer.from("b9000158016158020102", "hex"))).toBeUndefined()
    expect(readCbor(Buffer.from("b900017900016158020102", "hex"))).toEqual(new Map([["a", Uint8Array.of(1, 2)]]))
  })
})

describe("the verifier", () => {
  test("reads or refuses any bytes, and never throws", async () => {
    const { passkeys } = await setUp()
    const { options } = await passkeys.registrationOptions({ name: "ada" })
    const { response } = await createAuthenticator().register(options)
    const { attestationObject, authenticatorData, clientDataJSON } = response as Record<string, string>
    const expected = { rpId: site.rpId, origins: site.origins, challenge: options.challenge }
    const outer = { id: "AA", rawId: "AA", type: "public-key", clientExtensionResults: {} } as const
    const register = (object: string) => {
      const inner = { attestationObject: object, clientDataJSON: clientDataJSON!, transports: [] }
      return webVerifier.verifyRegistration({ ...outer, response: inner }, expected)
    }
    const { id, publicKey, algorithm } = (await register(attestationObject!))!
    const signIn = (data: string, signature: string) => {
      const inner = { authenticatorData: data, clientDataJSON: clientDataJSON!, signature }
      const passkey = { id, publicKey, algorithm }
      return webVerifier.verifySignIn({ ...outer, response: inner }, { ...expected, passkey })
    }

    const isTotal = async (at: number, length: number, more: Uint8Array) => {
      const registered = await register(spliced(attestationObject!, at, length, more))
      if (registered) expect(registered).toHaveProperty("algorithm", -7)
      expect(await signIn(spliced(authenticatorData!, at, length, more), text(more))).toBeNull()
    }
    await fc.assert(fc.asyncProperty(fc.nat(), fc.nat(20), anyBytes, isTotal), { numRuns: 2000 })
  })
})

function spliced(base64url: string, at: number, length: number, more: Uint8Array): string {
  const bytes = Buffer.from(base64url, "base64url")
  const start = at % bytes.length
  return text(joined(bytes.subarray(0, start), more, bytes.subarray(start + length)))
}

function withoutBooleans(written: Item): Cbor {
  if (typeof written === "boolean") return null
  if (Array.isArray(written)) return written.map(withoutBooleans)
  if (written instanceof Map) return new Map([...written].map(([key, value]) => [key, withoutBooleans(value)]))
  return written instanceof Uint8Array ? new Uint8Array(written) : written
}

function depthOf(value: Cbor): number {
  if (!Array.isArray(value) && !(value instanceof Map)) return 1
  return 1 + Math.max(0, ...[...value.values()].map(depthOf))
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url")
}

import { Buffer } from "node:buffer"
import { readFileSync } from "node:fs"

import { describe, expect, test } from "vitest"

import { createEnvelope } from "../../src/stateless/envelope.ts"
import { readSession } from "../../src/stateless/sealed-session.ts"
import { createSnapshots, createStatelessAuth } from "../../src/stateless.ts"
import { engines } from "./stateless-fixture.ts"
import vectors from "./vectors.json" with { type: "json" }

const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"))
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")
const range = (from: number, to: number) => Uint8Array.from({ length: to - from + 1 }, (_, n) => from + n)
const page = readFileSync(new URL("../../docs/stateless-format.md", import.meta.url), "utf8")

// RFC 5869, appendix A.1 to A.3.
const hkdf = [
  {
    secret: new Uint8Array(22).fill(0x0b),
    salt: range(0x00, 0x0c),
    info: range(0xf0, 0xf9),
    okm: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  },
  {
    secret: range(0x00, 0x4f),
    salt: range(0x60, 0xaf),
    info: range(0xb0, 0xff),
    okm: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
  },
  {
    secret: new Uint8Array(22).fill(0x0b),
    salt: new Uint8Array(),
    info: new Uint8Array(),
    okm: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  },
]

// The Galois/Counter Mode of Operation (McGrew and Viega, submitted to NIST), test cases 13 to 16.
const key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
const message =
  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
const ciphertext =
  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
const gcm = [
  { key: "00".repeat(32), nonce: "00".repeat(12), plaintext: "", aad: "", sealed: "530f8afbc74536b9a963b4f1c4cb738b" },
  {
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    plaintext: "00".repeat(16),
    aad: "",
    sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
  },
  {
    key,
    nonce: "cafebabefacedbaddecaf888",
    plaintext: message,
    aad: "",
    sealed: `${ciphertext}b094dac5d93471bdec1a502270e3cc6c`,
  },
  {
    key,
    nonce: "cafebabefacedbaddecaf888",
    plaintext: message.slice(0, 120),
    aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    sealed: `${ciphertext.slice(0, 120)}76fc6ece0f4e1768cddf8853bb2d551b`,
  },
]

describe.each(engines())("%s", (_, engine) => {
  test.each(hkdf)("[STL-1] derives what RFC 5869 says: $okm", async ({ secret, salt, info, okm }) => {
    expect(toHex(await engine.derive(secret, salt, info, okm.length / 2))).toBe(okm)
  })

  test.each(gcm)("[STL-1] encrypts and decrypts what the authors of GCM say: $sealed", async ({ sealed, ...given }) => {
    const cipher = await engine.cipher(hex(given.key))
    const [nonce, plaintext, aad] = [hex(given.nonce), hex(given.plaintext), hex(given.aad)]
    expect(toHex(await cipher.encrypt(nonce, plaintext, aad, hex("0123")))).toBe(`0123${given.nonce}${sealed}`)
    const opened = await cipher.decrypt(nonce, hex(sealed), aad)
    expect(opened && toHex(opened)).toBe(given.plaintext)
  })

  test("takes no tag that is cut short", async () => {
    const cipher = await engine.cipher(hex(key))
    const { nonce, aad, sealed } = gcm[0]!
    for (let length = 0; length < 16; length++)
      expect(await cipher.decrypt(hex(nonce), hex(sealed).slice(0, length), hex(aad))).toBeNull()
  })

  test.each(vectors)("seals and opens $name", async (vector) => {
    const { purpose, secret, nonce, plaintext } = vector
    const derived = await engine.derive(hex(secret), Buffer.from("nightlatch/stateless"), Buffer.from(purpose), 36)
    expect(toHex(derived)).toBe(vector.key + vector.keyId)
    const envelope = createEnvelope([hex(secret)], purpose, engine)
    expect(await envelope.seal(hex(plaintext), hex(nonce))).toBe(vector.envelope)
    const opened = await envelope.open(vector.envelope)
    expect(typeof opened === "object" && toHex(opened.plaintext)).toBe(plaintext)
  })
})

describe("the page about the format", () => {
  const examples = [...page.matchAll(/^### (.+)\n\n```\n([^`]+)```$/gm)].map(([, name, lines]) => ({
    name,
    ...Object.fromEntries(
      lines!
        .trim()
        .split("\n")
        .map((line) => line.split(/ +/)),
    ),
  }))

  test("has the vectors as its examples", () => {
    expect(examples.map((example) => ({ ...example, fields: expect.anything() }))).toEqual(vectors)
  })

  test("says what a plaintext means", async () => {
    for (const { purpose, secret, plaintext, envelope, fields } of vectors) {
      const now = () => Date.UTC(2030, 0, 1) + 1000
      if (purpose === "session") {
        const { userId, ...rest } = readSession(hex(plaintext))
        const id = typeof userId === "bigint" ? { bigint: String(userId) } : userId
        expect({ ...asJson(rest), userId: id }).toEqual(fields)
        const auth = createStatelessAuth({ secrets: [hex(secret)], now })
        expect(await auth.validateSession(envelope)).toMatchObject({ session: { id: fields.id, userId } })
      } else {
        const { madeAt, ...rest } = fields
        const { openUnboundSnapshot } = createSnapshots({ secrets: [hex(secret)], now, claims: () => ({}) })
        const opened = await openUnboundSnapshot(envelope)
        expect(asJson(opened)).toEqual(rest)
        expect(readTimeOf(plaintext)).toBe(madeAt)
      }
    }
  })
})

function asJson(value: object | null): object {
  return JSON.parse(JSON.stringify(value))
}

function readTimeOf(plaintext: string): string {
  return new Date(parseInt(plaintext.slice(0, 12), 16)).toISOString()
}

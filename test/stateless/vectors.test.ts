import { Buffer } from "node:buffer"
import { readFileSync } from "node:fs"

import { describe, expect, test } from "vitest"

import { createEnvelope } from "../../src/envelope/envelope.ts"
import { readSession } from "../../src/stateless/sealed-session.ts"
import { createSnapshots, createStatelessAuth } from "../../src/stateless.ts"
import aesGcm from "../vectors/aes-256-gcm.json" with { type: "json" }
import hkdf from "../vectors/hkdf-sha256.json" with { type: "json" }
import { engines } from "./stateless-fixture.ts"
import vectors from "./vectors.json" with { type: "json" }

const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"))
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")
const page = readFileSync(new URL("../../docs/reference/stateless-format.md", import.meta.url), "utf8")

describe.each(engines())("%s", (_, engine) => {
  test.each(hkdf.vectors)("[STL-1] derives what RFC 5869 says: $okm", async ({ secret, salt, info, okm }) => {
    expect(toHex(await engine.derive(hex(secret), hex(salt), hex(info), okm.length / 2))).toBe(okm)
  })

  test.each(aesGcm.vectors)(
    "[STL-1] encrypts and decrypts what the authors of GCM say: $sealed",
    async ({ sealed, ...given }) => {
      const cipher = await engine.cipher(hex(given.key))
      const [nonce, plaintext, aad] = [hex(given.nonce), hex(given.plaintext), hex(given.aad)]
      expect(toHex(await cipher.encrypt(nonce, plaintext, aad, hex("0123")))).toBe(`0123${given.nonce}${sealed}`)
      const opened = await cipher.decrypt(nonce, hex(sealed), aad)
      expect(opened && toHex(opened)).toBe(given.plaintext)
    },
  )

  test("takes no tag that is cut short", async () => {
    const { key, nonce, aad, sealed } = aesGcm.vectors[0]!
    const cipher = await engine.cipher(hex(key))
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

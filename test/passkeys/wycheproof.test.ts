import { createPublicKey } from "node:crypto"
import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"

import type { Cbor, CborMap } from "../../src/passkeys/cbor.ts"
import { isSigned, storedKeyOf } from "../../src/passkeys/public-key.ts"
import type { PasskeyAlgorithm } from "../../src/passkeys.ts"

interface Head {
  algorithm: PasskeyAlgorithm
  tests: number
}

interface Case {
  publicKey: string
  id: number
  result: "valid" | "invalid" | "acceptable"
  comment: string
  flags: string[]
  message: string
  signature: string
}

const files = [
  "ecdsa-p256-sha256",
  "ed25519",
  "rsa-pkcs1-2048-sha256",
  "rsa-pkcs1-3072-sha256",
  "rsa-pkcs1-4096-sha256",
] as const

describe.each(files)("with the vectors of %s, a signature", (file) => {
  const { algorithm, tests, cases } = readCases(file)

  test("is there for every vector that was published", () => {
    expect(cases).toHaveLength(tests)
    for (const result of ["valid", "invalid"]) expect(cases.some((each) => each.result === result)).toBe(true)
  })

  test.each(["valid", "invalid"])("that is %s is told", async (result) => {
    const wrong = []
    for (const each of cases.filter((one) => one.result === result))
      if ((await verify(each)) !== (result === "valid"))
        wrong.push(`${each.id}: ${each.comment} (${each.flags.join()})`)
    expect(wrong).toEqual([])
  })

  // The only one is PKCS #1 without the NULL of its algorithm: RFC 8017 lets a verifier choose, and no authenticator does it.
  test("that is acceptable is refused", async () => {
    const acceptable = cases.filter(({ result }) => result === "acceptable")
    for (const each of acceptable) {
      expect(each.flags).toEqual(["MissingNull"])
      expect(await verify(each)).toBe(false)
    }
    expect(acceptable).toHaveLength(algorithm === -257 ? 1 : 0)
  })

  test("has a key that is read from COSE as it was published", async () => {
    for (const publicKey of new Set(cases.map((each) => each.publicKey))) {
      const cose = coseOf(publicKey, algorithm)
      // No authenticator makes RSA keys with an exponent as small as 3, and they are not taken.
      const isSmall = algorithm === -257 && (cose.get(-2) as Uint8Array).length === 1
      expect(await storedKeyOf(cose)).toEqual(isSmall ? null : { algorithm, publicKey })
    }
  })

  async function verify({ publicKey, message, signature }: Case) {
    return isSigned({ publicKey, algorithm }, bytesOf(signature), bytesOf(message))
  }
})

/** Reads a file: a head, and then keys, each with its cases behind it. */
function readCases(file: string) {
  const text = readFileSync(new URL(`../vectors/wycheproof/${file}.jsonl`, import.meta.url), "utf8")
  const [head, ...lines] = text.trim().split("\n")
  const cases: Case[] = []
  let publicKey = ""
  for (const line of lines) {
    const read = JSON.parse(line) as Case
    if (read.publicKey) publicKey = read.publicKey
    else cases.push({ ...read, publicKey })
  }
  return { ...(JSON.parse(head!) as Head), cases }
}

/** Writes a key as COSE, by way of node:crypto. */
function coseOf(publicKey: string, algorithm: PasskeyAlgorithm): CborMap {
  const key = createPublicKey({ key: Buffer.from(publicKey, "base64url"), format: "der", type: "spki" })
  const { x, y, n, e } = key.export({ format: "jwk" })
  if (algorithm === -8) return new Map<number, Cbor>([[1, 1], [3, -8], [-1, 6], [-2, bytesOf(x!)]]) // prettier-ignore
  if (algorithm === -257) return new Map<number, Cbor>([[1, 3], [3, -257], [-1, bytesOf(n!)], [-2, bytesOf(e!)]]) // prettier-ignore
  return new Map<number, Cbor>([[1, 2], [3, -7], [-1, 1], [-2, bytesOf(x!)], [-3, bytesOf(y!)]]) // prettier-ignore
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "base64url"))
}

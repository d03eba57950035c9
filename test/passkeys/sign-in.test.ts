import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"

import { memoryAdapter } from "../../adapters/memory.ts"
import type { UserId } from "../../src/index.ts"
import { createPasskeys } from "../../src/passkeys.ts"
import { createAuthenticator, flag } from "./authenticator.ts"
import type { Knobs } from "./authenticator.ts"
import { joined, writeCbor } from "./cbor-items.ts"
import type { Item } from "./cbor-items.ts"
import { hour, register, setUp, signIn, site } from "./set-up.ts"

const otherBytes = (length: number) => Buffer.alloc(length, 1).toString("base64url")

/** What is wrong with a sign-in, one thing at a time. */
const broken: [what: string, knobs: Knobs][] = [
  ["client data of a registration", { clientData: { type: "webauthn.create" } }],
  ["another challenge", { clientData: { challenge: otherBytes(32) } }],
  ["an origin that is not configured", { clientData: { origin: "https://evil.example.com" } }],
  ["an origin of another port", { clientData: { origin: "https://example.com:8443" } }],
  ["no origin", { clientData: { origin: undefined } }],
  ["a page in a foreign frame", { clientData: { crossOrigin: true } }],
  ["a top origin", { clientData: { topOrigin: "https://example.com" } }],
  ["client data that are no JSON", { clientDataJSON: Buffer.from("{") }],
  ["another site", { rpId: "evil.example" }],
  ["a user who was not present", { clear: flag.UP }],
  ["a user who was not verified", { clear: flag.UV }],
  ["a passkey that may not be copied any more", { clear: flag.BE | flag.BS }],
  ["a copy of what may not be copied", { clear: flag.BE }],
  ["a new passkey that is missing", { set: flag.AT }],
  ["a new passkey in it", { set: flag.AT, trailing: newPasskey() }],
  ["bytes behind the counter", { trailing: Uint8Array.of(0xa0) }],
  ["extensions that are missing", { set: flag.ED }],
  ["bytes behind the extensions", { extensions: joined(writeCbor(new Map()), Uint8Array.of(0)) }],
  ["authenticator data that are cut off", { authenticatorData: (data) => data.subarray(0, 36) }],
  ["the user handle of another user", { inner: { userHandle: handleOf("grace") } }],
  ["the user's id as the user handle", { inner: { userHandle: "ada" } }],
  ["no user handle", { inner: { userHandle: undefined } }],
  ["a user handle that is null", { inner: { userHandle: null } }],
  ["an empty user handle", { inner: { userHandle: "" } }],
  ["a user handle that is a number", { inner: { userHandle: 1 } }],
  ["a passkey that nobody has", { response: { id: otherBytes(32), rawId: otherBytes(32) } }],
  ["an id that is named twice, differently", { response: { rawId: otherBytes(32) } }],
  ["an id that is a list", { response: { id: [], rawId: [] } }],
  ["another type of credential", { response: { type: "password" } }],
  ["no signature", { inner: { signature: undefined } }],
  ["an empty signature", { inner: { signature: "" } }],
  ["the signature of other data", { inner: { clientDataJSON: otherBytes(8) } }],
  ["a signature that was changed", { signature: flipLast }],
  ["a signature that is cut off", { signature: (bytes) => bytes.subarray(0, -1) }],
  ["bytes behind the signature", { signature: (bytes) => joined(bytes, Uint8Array.of(0)) }],
  ["authenticator data that were not signed", { inner: { authenticatorData: otherBytes(37) } }],
]

/** Spellings of one ECDSA signature that only lax readers take, and numbers that no signature has. */
const brokenSignatures: [what: string, signature: (r: Uint8Array, s: Uint8Array) => Uint8Array][] = [
  ["as two numbers of 32 bytes", (r, s) => joined(r.slice(-32), s.slice(-32))],
  ["with a zero too much", (r, s) => der(joined(Uint8Array.of(0), r), s)],
  ["with a length in two bytes", (r, s) => joined(Uint8Array.of(0x30, 0x81), der(r, s).subarray(1))],
  ["with the tag of a set", (r, s) => joined(Uint8Array.of(0x31), der(r, s).subarray(1))],
  ["with a number of another tag", (r, s) => der(r, s).map((byte, at) => (at === 2 ? 3 : byte))],
  ["with an outer length that is short", (r, s) => der(r, s).map((byte, at) => (at === 1 ? byte - 1 : byte))],
  ["with an empty number", (r) => der(r, new Uint8Array(0))],
  ["with a first number of 33 bytes", (_, s) => der(Buffer.alloc(33, 1), s)],
  ["with a second number of 33 bytes", (r) => der(r, Buffer.alloc(33, 1))],
  ["of zeros", () => der(Uint8Array.of(0), Uint8Array.of(0))],
  ["with a negative number", (r) => der(r, Uint8Array.of(0x80))],
  ["with one number only", (r) => joined(Uint8Array.of(0x30, r.length + 2, 2, r.length), r)],
]

describe("verifyPasskey()", () => {
  test.each(broken)("[PKY-1] refuses %s, and takes the right response after that", async (_, knobs) => {
    const { passkeys, enroll, events, store } = await setUp()
    const { authenticator, passkey } = await enroll()
    const begun = await passkeys.signInOptions()
    const response = await authenticator.signIn(begun.options, knobs)
    expect(await passkeys.verifyPasskey({ handle: begun.handle, response })).toBeNull()
    expect((await store.findPasskey(passkey.id))!.usedAt).toBeNull()
    const honest = await authenticator.signIn(begun.options)
    expect(await passkeys.verifyPasskey({ handle: begun.handle, response: honest })).toMatchObject({ userId: "ada" })
    expect(events).toEqual([])
  })

  test.each(brokenSignatures)("[PKY-2] refuses a signature %s", async (_, signature) => {
    const { passkeys, enroll } = await setUp()
    const { authenticator } = await enroll()
    expect(
      await signIn(passkeys, authenticator, "ada", { signature: (bytes) => signature(...numbersOf(bytes)) }),
    ).toBeNull()
    expect(
      await signIn(passkeys, authenticator, "ada", { signature: (bytes) => der(...numbersOf(bytes)) }),
    ).not.toBeNull()
  })

  test("refuses a signature whose numbers lack the zero that keeps them positive", async () => {
    const { passkeys, enroll } = await setUp()
    const { authenticator } = await enroll()
    const made: boolean[] = []
    while (made.filter(Boolean).length < 5) {
      const signature = (bytes: Uint8Array) => {
        const numbers = numbersOf(bytes).map((number) => (number[0] === 0 ? number.subarray(1) : number))
        made.push(der(...numbers).length < bytes.length)
        return der(...numbers)
      }
      const proof = await signIn(passkeys, authenticator, "ada", { signature })
      expect(proof === null).toBe(made.at(-1))
    }
  })

  test("takes ECDSA signatures whose numbers are short or long", async () => {
    const { passkeys, enroll } = await setUp()
    const { authenticator } = await enroll()
    const lengths = new Set<number>()
    for (let n = 0; n < 1000 && lengths.size < 4; n++) {
      const signature = (bytes: Uint8Array) => {
        lengths.add(bytes.length)
        return bytes
      }
      expect(await signIn(passkeys, authenticator, "ada", { signature })).not.toBeNull()
    }
    expect(lengths.size).toBeGreaterThanOrEqual(3)
  })

  test.each([-7, -8, -257] as const)("refuses a signature of algorithm %d by another key", async (algorithm) => {
    const { passkeys, enroll } = await setUp()
    const { passkey } = await enroll("ada", { algorithm })
    const { authenticator, credential } = await enroll("ada", { algorithm })
    const { options, handle } = await passkeys.signInOptions()
    const { id } = passkey
    const response = await authenticator.signIn(options, { credential, response: { id, rawId: id } })
    expect(await passkeys.verifyPasskey({ handle, response })).toBeNull()
  })

  test.each([
    ["extensions", { extensions: writeCbor(new Map([["uvm", [[2, 4, 2]]]])) }],
    ["flags that mean nothing yet", { set: 0x22 }],
    ["another origin that is configured", { clientData: { origin: "https://app.example.com" } }],
    ["a passkey that is no longer backed up", { clear: flag.BS }],
  ] as [string, Knobs][])("takes %s", async (_, knobs) => {
    const { passkeys, enroll } = await setUp()
    const { authenticator } = await enroll()
    expect(await signIn(passkeys, authenticator, undefined, knobs)).toMatchObject({ userId: "ada", method: "passkey" })
  })

  test("records when the passkey was used, and whether it is backed up", async () => {
    const { passkeys, enroll, now, store } = await setUp()
    const { authenticator, passkey } = await enroll()
    now.advance(hour)
    await signIn(passkeys, authenticator, "ada", { clear: flag.BS })
    expect(await store.findPasskey(passkey.id)).toMatchObject({
      usedAt: new Date(now()),
      backedUp: false,
      signCount: 0,
    })
  })

  test.each([null, undefined, 0, "", "text", [], {}, { id: 1 }, { response: null }, () => {}, Symbol.iterator])(
    "is null for a response that is %o",
    async (response) => {
      const { passkeys } = await setUp()
      const { handle } = await passkeys.signInOptions()
      expect(await passkeys.verifyPasskey({ handle, response })).toBeNull()
      expect(await passkeys.verifyPasskey(response as never)).toBeNull()
    },
  )

  test("is null for a passkey that was deleted, and for one of a user who was", async () => {
    const { passkeys, enroll, store } = await setUp()
    const ada = await enroll("ada")
    const grace = await enroll("grace")
    await passkeys.deletePasskey({ userId: "ada", id: ada.passkey.id })
    await store.deleteUser("grace")
    expect(await signIn(passkeys, ada.authenticator)).toBeNull()
    expect(await signIn(passkeys, grace.authenticator)).toBeNull()
  })

  test("is null for a passkey that is deleted while it is verified", async () => {
    const { store, enroll } = await setUp()
    const { authenticator, passkey } = await enroll()
    const insertTokens: typeof store.insertTokens = async (...tokens) => {
      await store.deletePasskey({ userId: "ada", id: passkey.id })
      return store.insertTokens(...tokens)
    }
    const { passkeys } = await setUp({ adapter: { ...store, insertTokens } })
    expect(await signIn(passkeys, authenticator)).toBeNull()
  })

  test("throws if the store fails, and if a stored key cannot be read: neither is a wrong passkey", async () => {
    const { store, enroll } = await setUp()
    const { authenticator } = await enroll()
    const findPasskey = () => Promise.reject(new Error("down"))
    const { passkeys: failing } = await setUp({ adapter: { ...store, findPasskey } })
    await expect(signIn(failing, authenticator)).rejects.toMatchObject({ code: "store_failed" })
    const changed: typeof store.findPasskey = async (id) => ({ ...(await store.findPasskey(id))!, publicKey: "AAAA" })
    const { passkeys } = await setUp({ adapter: { ...store, findPasskey: changed } })
    await expect(signIn(passkeys, authenticator)).rejects.toMatchObject({ code: "store_failed" })
  })
})

describe("the handle of a sign-in", () => {
  test("[PKY-3] is good once, whoever calls first, and a second call does not look like a cloned passkey", async () => {
    const { passkeys, enroll, events } = await setUp()
    const { authenticator } = await enroll("ada", { counts: true })
    const { options, handle } = await passkeys.signInOptions()
    const response = await authenticator.signIn(options)
    const calls = Array.from({ length: 10 }, () => passkeys.verifyPasskey({ handle, response }))
    expect((await Promise.all(calls)).filter(Boolean)).toHaveLength(1)
    expect(await passkeys.verifyPasskey({ handle, response })).toBeNull()
    expect(events).toEqual([])
  })

  test("is not good a second time for another response", async () => {
    const { passkeys, enroll } = await setUp()
    const { authenticator } = await enroll()
    const { options, handle } = await passkeys.signInOptions()
    const responses = [await authenticator.signIn(options), await authenticator.signIn(options)]
    expect(await passkeys.verifyPasskey({ handle, response: responses[0] })).not.toBeNull()
    expect(await passkeys.verifyPasskey({ handle, response: responses[1] })).toBeNull()
  })

  test("is good for an hour", async () => {
    const { passkeys, enroll, now } = await setUp()
    const { authenticator } = await enroll()
    const { options, handle } = await passkeys.signInOptions()
    const response = await authenticator.signIn(options)
    now.advance(hour)
    expect(await passkeys.verifyPasskey({ handle, response })).toBeNull()
    now.advance(-1)
    expect(await passkeys.verifyPasskey({ handle, response })).not.toBeNull()
  })

  test("is not that of a registration", async () => {
    const { passkeys, enroll } = await setUp()
    const { authenticator } = await enroll()
    const { options } = await passkeys.signInOptions()
    for (const request of [{ name: "ada" }, { userId: "ada", name: "ada" }]) {
      const { handle, options: other } = await passkeys.registrationOptions(request)
      const response = await authenticator.signIn({ ...options, challenge: other.challenge })
      expect(await passkeys.verifyPasskey({ handle, response })).toBeNull()
    }
  })

  test("[PKY-4] of a user takes no passkey of another user", async () => {
    const { passkeys, enroll } = await setUp()
    await enroll("ada")
    const { authenticator, credential } = await enroll("grace")
    const { options, handle } = await passkeys.signInOptions({ userId: "ada" })
    for (const inner of [{}, { userHandle: undefined }, { userHandle: passkeys.userHandleOf("ada") }]) {
      const response = await authenticator.signIn(options, { credential, inner })
      expect(await passkeys.verifyPasskey({ handle, response })).toBeNull()
    }
  })

  test("of a user needs no user handle, but takes no wrong one", async () => {
    const { passkeys, enroll } = await setUp()
    const { authenticator } = await enroll("ada")
    const wrong = { inner: { userHandle: passkeys.userHandleOf("grace") } }
    expect(await signIn(passkeys, authenticator, "ada", wrong)).toBeNull()
    expect(await signIn(passkeys, authenticator, "ada", { inner: { userHandle: undefined } })).not.toBeNull()
    expect(await signIn(passkeys, authenticator, "ada", { inner: { userHandle: null } })).not.toBeNull()
  })

  test("is not that of another realm, which has user handles of its own", async () => {
    const { passkeys, enroll, store, auth } = await setUp()
    const { authenticator } = await enroll()
    const { passkeys: ofAdmins } = await setUp({ realm: "admin", adapter: { ...store }, auth })
    expect(await signIn(ofAdmins, authenticator)).toBeNull()
    const { options, handle } = await passkeys.signInOptions()
    const response = await authenticator.signIn(options)
    expect(await ofAdmins.verifyPasskey({ handle, response })).toBeNull()
    expect(ofAdmins.userHandleOf("ada")).not.toBe(passkeys.userHandleOf("ada"))
  })

  test("keeps the type of the user's id: 7, 7n and the text 7 are three users", async () => {
    const ids = [7, 7n, "7"]
    const store = memoryAdapter<{ id: UserId }>()
    const passkeys = createPasskeys({ adapter: store, ...site })
    const authenticator = createAuthenticator()
    for (const id of ids) {
      await store.insertUser({ id, attributes: {} }, null)
      const own = createPasskeys({ adapter: store, ...site, generateUserId: () => id })
      await own.addPasskey((await register(own, authenticator))!)
    }
    for (const [n, userId] of ids.entries())
      for (const [at, credential] of authenticator.credentials.entries()) {
        const { options, handle } = await passkeys.signInOptions({ userId })
        const response = await authenticator.signIn(options, { credential })
        const proof = await passkeys.verifyPasskey({ handle, response })
        expect(proof?.userId).toBe(n === at ? userId : undefined)
      }
  })
})

describe("signInOptions()", () => {
  test("lets the user choose a passkey, unless the user is known", async () => {
    const { passkeys, enroll } = await setUp()
    const { passkey } = await enroll("ada")
    await enroll("grace")
    const { options, handle } = await passkeys.signInOptions()
    const challenge = createHash("sha256").update(handle).digest("base64url")
    expect(options).toEqual({ rpId: "example.com", challenge, allowCredentials: [], userVerification: "required" })
    const { options: ofAda } = await passkeys.signInOptions({ userId: "ada" })
    const { id, transports } = passkey
    expect(ofAda.allowCredentials).toEqual([{ type: "public-key", id, transports }])
  })
})

describe("the counter of a passkey", () => {
  test("rises at each sign-in", async () => {
    const { passkeys, enroll, store } = await setUp()
    const { authenticator, passkey } = await enroll("ada", { counts: true })
    for (const signCount of [2, 3]) {
      expect(await signIn(passkeys, authenticator)).not.toBeNull()
      expect(await store.findPasskey(passkey.id)).toMatchObject({ signCount })
    }
    expect(await signIn(passkeys, authenticator, "ada", { signCount: 0xffff_ffff })).not.toBeNull()
    expect(await store.findPasskey(passkey.id)).toMatchObject({ signCount: 0xffff_ffff })
  })

  test.each([
    ["is the same", 1],
    ["is lower", 0],
  ])("[PKY-6] refuses a sign-in if it %s, and reports that the passkey may be cloned", async (_, signCount) => {
    const { passkeys, enroll, events, store, now } = await setUp()
    const { authenticator, passkey } = await enroll("ada", { counts: true })
    expect(await signIn(passkeys, authenticator, "ada", { signCount })).toBeNull()
    expect(events).toEqual([{ type: "passkey_cloned", at: new Date(now()), userId: "ada" }])
    expect(await store.findPasskey(passkey.id)).toMatchObject({ signCount: 1, usedAt: null })
    expect(await signIn(passkeys, authenticator)).not.toBeNull()
  })

  test("may stay zero for ever, and start to count later", async () => {
    const { passkeys, enroll, events } = await setUp()
    const { authenticator } = await enroll()
    for (const signCount of [0, 0, 5])
      expect(await signIn(passkeys, authenticator, "ada", { signCount })).not.toBeNull()
    expect(await signIn(passkeys, authenticator, "ada", { signCount: 0 })).toBeNull()
    expect(events.map(({ type }) => type)).toEqual(["passkey_cloned"])
  })

  test("lets one of two sign-ins with one count in", async () => {
    const { passkeys, enroll } = await setUp()
    const { authenticator } = await enroll("ada", { counts: true })
    const both = [0, 1].map(() => signIn(passkeys, authenticator, "ada", { signCount: 9 }))
    expect((await Promise.all(both)).filter(Boolean)).toHaveLength(1)
  })
})

describe("an algorithm that the platform lacks", () => {
  test("throws unsupported, and is no wrong passkey", async () => {
    const { passkeys, enroll } = await setUp()
    const { authenticator } = await enroll("ada", { algorithm: -8 })
    const { importKey } = crypto.subtle
    const lacking = (...values: unknown[]) =>
      JSON.stringify(values).includes("Ed25519")
        ? Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"))
        : (importKey as (...all: unknown[]) => Promise<CryptoKey>).apply(crypto.subtle, values)
    crypto.subtle.importKey = lacking as typeof importKey
    try {
      await expect(signIn(passkeys, authenticator)).rejects.toMatchObject({ code: "unsupported" })
      await expect(register(passkeys, authenticator, "ada")).rejects.toMatchObject({ code: "unsupported" })
      expect(await register(passkeys, createAuthenticator(), "ada")).not.toBeNull()
    } finally {
      Reflect.deleteProperty(crypto.subtle, "importKey")
    }
    expect(crypto.subtle.importKey).toBe(importKey)
  })
})

function handleOf(userId: string): string {
  return createHash("sha256").update(`user\0${userId}`).digest("base64url")
}

/** The data of a new passkey, as an authenticator writes them. */
function newPasskey(): Uint8Array {
  const key = writeCbor(new Map<number, Item>([[1, 1], [3, -8], [-1, 6], [-2, Buffer.alloc(32, 1)]])) // prettier-ignore
  return joined(new Uint8Array(16), Uint8Array.of(0, 32), Buffer.alloc(32, 1), key)
}

function flipLast(signature: Uint8Array): Uint8Array {
  return signature.map((byte, at) => (at === signature.length - 1 ? byte ^ 1 : byte))
}

/** The two numbers of a signature in DER. */
function numbersOf(signature: Uint8Array): [Uint8Array, Uint8Array] {
  const end = 4 + signature[3]!
  return [signature.subarray(4, end), signature.subarray(end + 2)]
}

/** Writes a signature in DER. */
function der(...numbers: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = joined(...numbers.flatMap((number) => [Uint8Array.of(2, number.length), number]))
  return joined(Uint8Array.of(0x30, body.length), body)
}

import { createHash, generateKeyPairSync } from "node:crypto"
import { describe, expect, test } from "vitest"

import type { NewPasskey } from "../../src/passkeys.ts"
import { createAuthenticator, flag } from "./authenticator.ts"
import type { AuthenticatorOptions, Knobs } from "./authenticator.ts"
import { head, joined, writeCbor } from "./cbor-items.ts"
import type { Item } from "./cbor-items.ts"
import { hour, register, setUp, site } from "./set-up.ts"

const short = Buffer.alloc(15, 1)

/** What is wrong with a registration, one thing at a time. */
const broken: [what: string, knobs: Knobs, authenticator?: AuthenticatorOptions][] = [
  ["client data of a sign-in", { clientData: { type: "webauthn.get" } }],
  ["client data of no type", { clientData: { type: undefined } }],
  ["another challenge", { clientData: { challenge: Buffer.alloc(32).toString("base64url") } }],
  ["no challenge", { clientData: { challenge: undefined } }],
  ["an origin that is not configured", { clientData: { origin: "https://evil.example.com" } }],
  ["an origin of another scheme", { clientData: { origin: "http://example.com" } }],
  ["an origin of another port", { clientData: { origin: "https://example.com:8443" } }],
  ["an origin in upper case", { clientData: { origin: "https://EXAMPLE.com" } }],
  ["an origin with a slash", { clientData: { origin: "https://example.com/" } }],
  ["an origin that only starts right", { clientData: { origin: "https://example.com.evil.test" } }],
  ["an origin in a list", { clientData: { origin: ["https://example.com"] } }],
  ["no origin", { clientData: { origin: undefined } }],
  ["a page in a foreign frame", { clientData: { crossOrigin: true } }],
  ["crossOrigin that is text", { clientData: { crossOrigin: "false" } }],
  ["crossOrigin that is null", { clientData: { crossOrigin: null } }],
  ["a top origin", { clientData: { topOrigin: "https://example.com" } }],
  ["client data that are no JSON", { clientDataJSON: Buffer.from("{") }],
  ["client data that are null", { clientDataJSON: Buffer.from("null") }],
  ["empty client data", { clientDataJSON: Buffer.alloc(0) }],
  ["another site", { rpId: "evil.example" }],
  ["a subdomain", { rpId: "app.example.com" }],
  ["a user who was not present", { clear: flag.UP }],
  ["a user who was not verified", { clear: flag.UV }],
  ["a copy of what may not be copied", { set: flag.BS }, { backupEligible: false, backedUp: false }],
  ["no passkey in it", { clear: flag.AT }],
  ["bytes behind the key", { trailing: Uint8Array.of(0xa0) }],
  ["extensions that the flags deny", { extensions: writeCbor(new Map()), clear: flag.ED }],
  ["extensions that are missing", { set: flag.ED }],
  ["extensions that are no map", { extensions: writeCbor([]) }],
  ["bytes behind the extensions", { extensions: joined(writeCbor(new Map()), Uint8Array.of(0)) }],
  ["authenticator data that are cut off", { authenticatorData: (data) => data.subarray(0, 36) }],
  ["a key that is cut off", { authenticatorData: (data) => data.subarray(0, -1) }],
  ["authenticator data that end in the id", { authenticatorData: (data) => data.subarray(0, 60) }],
  ["an id of 15 bytes", { credentialId: short, response: idOf(short) }],
  ["an id of 1,024 bytes", { credentialId: Buffer.alloc(1024, 1), response: idOf(Buffer.alloc(1024, 1)) }],
  ["an id that the browser does not name", { credentialId: Buffer.alloc(32, 1) }],
  ["an id that is named twice, differently", { response: { rawId: Buffer.alloc(32, 1).toString("base64url") } }],
  ["no rawId", { response: { rawId: undefined } }],
  ["an id with padding", { response: { id: "AAAA=", rawId: "AAAA=" } }],
  ["another type of credential", { response: { type: "password" } }],
  ["no inner response", { response: { response: undefined } }],
  ["no attestation object", { inner: { attestationObject: undefined } }],
  ["an attestation object that is a list of text", { inner: { attestationObject: ["o2Nm"] } }],
  ["an attestation object in plain base64", { inner: { attestationObject: "o2Nmb+/=" } }],
  ["an empty attestation object", { inner: { attestationObject: "" } }],
  ["an attestation object of 100,000 bytes", { inner: { attestationObject: "AAAA".repeat(25_000) } }],
  ["bytes behind the attestation object", { attestationObject: (bytes) => joined(bytes, Uint8Array.of(0)) }],
  ["an attestation object that is cut off", { attestationObject: (bytes) => bytes.subarray(0, -1) }],
  ["an attestation object that is a list", { attestation: (object) => [...object.values()] }],
  ["an attestation object without a format", { attestation: without("fmt") }],
  ["an attestation object without a statement", { attestation: without("attStmt") }],
  ["an attestation object without data", { attestation: without("authData") }],
  ["authenticator data that are text", { attestation: (object) => new Map(object).set("authData", "text") }],
  ["a format that is a number", { attestation: (object) => new Map(object).set("fmt", 1) }],
  ["a statement that is a list", { attestation: (object) => new Map(object).set("attStmt", []) }],
]

/** What is wrong with the key, one thing at a time. */
const brokenKeys: [what: string, algorithm: -7 | -8 | -257, cose: Knobs["cose"]][] = [
  ["without an algorithm", -7, (cose) => changed(cose, 3)],
  ["of an algorithm that was not offered", -7, (cose) => changed(cose, 3, -35)],
  ["of an algorithm that is text", -7, (cose) => changed(cose, 3, "-7")],
  ["of another type", -7, (cose) => changed(cose, 1, 1)],
  ["of another curve", -7, (cose) => changed(cose, -1, 2)],
  ["of a point that is not on the curve", -7, (cose) => changed(cose, -3, Buffer.alloc(32, 7))],
  ["of the point zero", -7, (cose) => changed(changed(cose, -2, Buffer.alloc(32)), -3, Buffer.alloc(32))],
  ["of a compressed point", -7, (cose) => changed(cose, -3, true)],
  ["of a coordinate with 31 bytes", -7, (cose) => changed(cose, -2, Buffer.alloc(31, 1))],
  [
    "of a coordinate with a zero in front",
    -7,
    (cose) => changed(cose, -2, joined(Uint8Array.of(0), bytesIn(cose, -2))),
  ],
  ["with one label more", -7, (cose) => changed(cose, 2, Buffer.from("kid"))],
  ["without y", -7, (cose) => changed(cose, -3)],
  ["with a private part", -7, (cose) => changed(cose, -4, Buffer.alloc(32, 1))],
  ["of Ed25519 named as ES256", -8, (cose) => changed(cose, 3, -7)],
  ["of Ed448", -8, (cose) => changed(cose, -1, 7)],
  ["of Ed25519 with 33 bytes", -8, (cose) => changed(cose, -2, Buffer.alloc(33, 1))],
  ["of RSA with 1,024 bits", -257, () => rsa(1024)],
  ["of RSA with zeros in front", -257, (cose) => changed(cose, -1, joined(Uint8Array.of(0), bytesIn(cose, -1)))],
  ["of RSA with more than 8,192 bits", -257, (cose) => changed(cose, -1, Buffer.alloc(1025, 0xff))],
  ["of RSA with the exponent 3", -257, (cose) => changed(cose, -2, Uint8Array.of(3))],
  ["of RSA with an even exponent", -257, (cose) => changed(cose, -2, Uint8Array.of(1, 0, 0))],
  ["of RSA with a huge exponent", -257, (cose) => changed(cose, -2, Buffer.alloc(256, 0xff))],
]

describe("verifyRegistration()", () => {
  test("takes an honest registration of a user who is there", async () => {
    const { passkeys } = await setUp()
    const authenticator = createAuthenticator()
    const newPasskey = await register(passkeys, authenticator, "ada")
    expect(newPasskey).toEqual({ userId: "ada", id: authenticator.credentials[0]!.id.toString("base64url") })
  })

  test.each(broken)("[PKY-1] refuses %s, and takes the right response after that", async (_, knobs, options) => {
    const { passkeys } = await setUp()
    const authenticator = createAuthenticator(options)
    const begun = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    const response = await authenticator.register(begun.options, knobs)
    expect(await passkeys.verifyRegistration({ handle: begun.handle, response })).toBeNull()
    const honest = await authenticator.register(begun.options)
    expect(await passkeys.verifyRegistration({ handle: begun.handle, response: honest })).not.toBeNull()
  })

  test.each(brokenKeys)("[PKY-2] refuses a key %s", async (_, algorithm, cose) => {
    const { passkeys } = await setUp()
    const authenticator = createAuthenticator({ algorithm })
    expect(await register(passkeys, authenticator, "ada", { cose })).toBeNull()
    expect(await register(passkeys, authenticator, "ada")).not.toBeNull()
  })

  test.each([
    ["extensions", { extensions: writeCbor(new Map<string, Item>([["credProtect", 2]])) }],
    ["an extension that is a float", { extensions: joined(head(5, 1), writeCbor("x"), Uint8Array.of(0xf9, 0x3c, 0)) }],
    ["flags that mean nothing yet", { set: 0x22 }],
    ["no crossOrigin", { clientData: { crossOrigin: undefined } }],
    ["members of the client data that are new", { clientData: { tokenBinding: { status: "supported" }, other: [1] } }],
    ["another origin that is configured", { clientData: { origin: "https://app.example.com" } }],
    ["an attestation that was not asked for", { attestation: packed }],
    ["the members of the attestation in another order", { attestation: reversed }],
    ["an id of 16 bytes", { credentialId: Buffer.alloc(16, 1), response: idOf(Buffer.alloc(16, 1)) }],
    ["an id of 1,023 bytes", { credentialId: Buffer.alloc(1023, 1), response: idOf(Buffer.alloc(1023, 1)) }],
    ["a byte order mark", { clientDataJSON: "bom" }],
  ] as [string, Knobs][])("takes %s", async (_, knobs) => {
    const { passkeys } = await setUp()
    const { options, handle } = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    const data = { type: "webauthn.create", challenge: options.challenge, origin: "https://example.com" }
    const clientDataJSON = Buffer.from(`\uFEFF${JSON.stringify(data)}`)
    const response = await createAuthenticator().register(options, knobs.clientDataJSON ? { clientDataJSON } : knobs)
    expect(await passkeys.verifyRegistration({ handle, response })).not.toBeNull()
  })

  test.each([2048, 3072, 4096])("takes an RSA key of %d bits", async (bits) => {
    const { passkeys } = await setUp()
    expect(
      await register(passkeys, createAuthenticator({ algorithm: -257 }), "ada", { cose: () => rsa(bits) }),
    ).not.toBeNull()
  })

  test.each([null, undefined, 0, "", "text", true, [], {}, { id: 1 }, { response: null }, () => {}, Symbol.iterator])(
    "is null for a response that is %o",
    async (response) => {
      const { passkeys } = await setUp()
      const { handle } = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
      expect(await passkeys.verifyRegistration({ handle, response })).toBeNull()
      expect(await passkeys.verifyRegistration(response as never)).toBeNull()
    },
  )

  test.each([
    ["with padding", (text: string) => `${text}${"=".repeat((4 - (text.length % 4)) % 4)}`],
    ["in plain base64", (text: string) => text.replaceAll("-", "+").replaceAll("_", "/")],
    ["with a line break", (text: string) => `${text}\n`],
    ["with other bits in its last letter", (text: string) => text.replace(/.$/, (last) => (last === "A" ? "B" : last))],
    ["that is too long", (text: string) => text.padEnd(65_540, "A")],
  ])("takes one spelling of base64url, and none %s", async (_, spell) => {
    const { passkeys } = await setUp()
    // Two bytes over a multiple of three, and many letters that the alphabets have apart.
    const junk = new Map<string, Item>([["junk", Buffer.alloc(299, 0xfb)]])
    const authenticator = createAuthenticator()
    const begun = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    for (const size of [0, 1, 2]) {
      const statement = new Map(junk).set("pad", Buffer.alloc(size))
      const attestation = (object: Map<number | string, Item>) => new Map(object).set("attStmt", statement)
      const response = await authenticator.register(begun.options, { attestation })
      const inner = response.response as { attestationObject: string }
      const attestationObject = spell(inner.attestationObject)
      if (attestationObject === inner.attestationObject) continue
      const answer = { handle: begun.handle, response: { ...response, response: { ...inner, attestationObject } } }
      expect(await passkeys.verifyRegistration(answer)).toBeNull()
    }
    const large = new Map<string, Item>([["large", Buffer.alloc(60_000)]])
    const attestation = (object: Map<number | string, Item>) => new Map(object).set("attStmt", large)
    const response = await authenticator.register(begun.options, { attestation })
    expect(await passkeys.verifyRegistration({ handle: begun.handle, response })).toBeNull()
    const honest = await authenticator.register(begun.options)
    expect(await passkeys.verifyRegistration({ handle: begun.handle, response: honest })).not.toBeNull()
  })

  test("keeps transports that are short words, each once and at most 16, and drops everything else", async () => {
    const { passkeys, auth } = await setUp()
    const { session } = await auth.createSession("ada")
    const many = Array.from({ length: 20 }, (_, n) => `transport-${n}`)
    const transports = ["usb", "usb", "NFC", 1, null, "a".repeat(33), "<b>", ...many]
    const newPasskey = await register(passkeys, createAuthenticator({ transports: transports as string[] }), "ada")
    const passkey = await passkeys.addPasskey(newPasskey!, { sessionId: session.id })
    expect(passkey!.transports).toEqual(["usb", ...many.slice(0, 15)])
    const odd = await register(passkeys, createAuthenticator(), "ada", { inner: { transports: "usb" } })
    expect(await passkeys.addPasskey(odd!, { sessionId: session.id })).toMatchObject({ transports: [] })
  })

  test("reads a passkey of a browser that sends neither publicKey nor authenticatorData", async () => {
    const { passkeys } = await setUp()
    const inner = { authenticatorData: undefined, publicKey: undefined, publicKeyAlgorithm: undefined }
    expect(await register(passkeys, createAuthenticator(), "ada", { inner })).not.toBeNull()
  })
})

describe("the handle of a registration", () => {
  test("[PKY-3] is good once, whoever calls first", async () => {
    const { passkeys } = await setUp()
    const { options, handle } = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    const response = await createAuthenticator().register(options)
    const calls = Array.from({ length: 10 }, () => passkeys.verifyRegistration({ handle, response }))
    expect((await Promise.all(calls)).filter(Boolean)).toHaveLength(1)
    expect(await passkeys.verifyRegistration({ handle, response })).toBeNull()
  })

  test("is good for an hour", async () => {
    const { passkeys, now } = await setUp()
    const authenticator = createAuthenticator()
    const begun = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    const response = await authenticator.register(begun.options)
    now.advance(hour)
    expect(await passkeys.verifyRegistration({ handle: begun.handle, response })).toBeNull()
    now.advance(-1)
    expect(await passkeys.verifyRegistration({ handle: begun.handle, response })).not.toBeNull()
  })

  test("is not that of a sign-in", async () => {
    const { passkeys } = await setUp()
    const { options } = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    const { handle, options: other } = await passkeys.signInOptions({ userId: "ada" })
    const response = await createAuthenticator().register({ ...options, challenge: other.challenge })
    expect(await passkeys.verifyRegistration({ handle, response })).toBeNull()
  })

  test("fits a flow cookie, for user ids of every type", async () => {
    const { passkeys } = await setUp()
    for (const userId of ["ada", "ä\u{1F511}".repeat(40), 7 as never, (2n ** 63n) as never]) {
      const { handle } = await passkeys.registrationOptions({ userId, name: "ada" })
      expect(handle).toMatch(/^[\w-]{100,1000}$/)
    }
  })

  test("is unknown if a character of it was changed, of another realm, or under another secret", async () => {
    const { passkeys, store } = await setUp()
    const { options, handle } = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    const response = await createAuthenticator().register(options)
    const changedHandle = `${handle.slice(0, 60)}${handle[60] === "A" ? "B" : "A"}${handle.slice(61)}`
    expect(await passkeys.verifyRegistration({ handle: changedHandle, response })).toBeNull()
    const { passkeys: ofAdmins } = await setUp({ realm: "admin" }, undefined)
    expect(await ofAdmins.verifyRegistration({ handle, response })).toBeNull()
    const { passkeys: elsewhere } = await setUp({ secrets: ["another secret that has at least 32 bytes"] })
    expect(await elsewhere.verifyRegistration({ handle, response })).toBeNull()
    const { passkeys: renewed } = await setUp({
      secrets: ["a newer secret that has at least 32 bytes", ...site.secrets],
    })
    expect(await renewed.verifyRegistration({ handle, response })).not.toBeNull()
    expect(await store.countTokens("ada", ":passkey")).toBe(0)
  })

  test.each([null, undefined, 1, "", "text", {}, [], "A".repeat(5000)])("is unknown if it is %o", async (handle) => {
    const { passkeys } = await setUp()
    const { options } = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    const response = await createAuthenticator().register(options)
    expect(await passkeys.verifyRegistration({ handle, response })).toBeNull()
  })

  test("is stored as a hash, with nobody's id, until it has expired everywhere", async () => {
    const { passkeys, store, now } = await setUp()
    const { options, handle } = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    const expiresAt = new Date(now() + 2 * hour)
    now.advance(hour / 2)
    await passkeys.verifyRegistration({ handle, response: await createAuthenticator().register(options) })
    const id = createHash("sha256").update(`:passkey\0${handle}`).digest("hex")
    const row = { id, purpose: ":passkey", userId: null, expiresAt, attempts: 0, data: "" }
    expect(await store.findToken(id)).toEqual(row)
  })
})

describe("registrationOptions()", () => {
  test("asks for a passkey that is discoverable and verifies its user, and for no attestation", async () => {
    const { passkeys } = await setUp()
    const { options } = await passkeys.registrationOptions({
      userId: "ada",
      name: "ada@example.com",
      displayName: "Ada",
    })
    expect(options).toEqual({
      rp: { id: "example.com", name: "Example" },
      user: { id: passkeys.userHandleOf("ada"), name: "ada@example.com", displayName: "Ada" },
      challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
      pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: [],
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
    })
    expect(options.user.id).toBe(createHash("sha256").update("user\0ada").digest("base64url"))
  })

  test("has a challenge that is the hash of the handle, and a new one each time", async () => {
    const { passkeys } = await setUp()
    const begun = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    expect(begun.options.challenge).toBe(createHash("sha256").update(begun.handle).digest("base64url"))
    const again = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    expect(again.options.challenge).not.toBe(begun.options.challenge)
  })

  test("names the passkeys that the user has, and no other user's", async () => {
    const { passkeys, enroll } = await setUp()
    const { passkey } = await enroll("ada")
    await enroll("grace")
    const { options } = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    expect(options.excludeCredentials).toEqual([
      { type: "public-key", id: passkey.id, transports: ["internal", "hybrid"] },
    ])
  })

  test("stores nothing", async () => {
    const { store } = await setUp()
    const writes = ["insertPasskey", "insertTokens", "recordPasskeyUse"].map((name) => [name, () => { throw new Error("a write") }]) // prettier-ignore
    const { passkeys } = await setUp({ adapter: { ...store, ...Object.fromEntries(writes) } as never })
    await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    await passkeys.registrationOptions({ name: "ada" })
    await passkeys.signInOptions()
    await passkeys.signInOptions({ userId: "ada" })
  })

  test.each([undefined, null])("throws for a user id that is %s: nobody must count as a new user", async (userId) => {
    const { passkeys } = await setUp()
    const request = { userId: userId as never, name: "ada" }
    await expect(passkeys.registrationOptions(request)).rejects.toMatchObject({ code: "invalid_option" })
    await expect(passkeys.signInOptions(request)).rejects.toMatchObject({ code: "invalid_option" })
  })

  test("throws for a name that is not text, and for an unknown option", async () => {
    const { passkeys } = await setUp()
    for (const request of [{ userId: "ada", name: "" }, { userId: "ada" }, { userID: "ada", name: "ada" }])
      await expect(passkeys.registrationOptions(request as never)).rejects.toMatchObject({ code: "invalid_option" })
  })
})

describe("addPasskey()", () => {
  test("[PKY-5] takes only the object that verifyRegistration() returned, once", async () => {
    const { passkeys, auth } = await setUp()
    const { session } = await auth.createSession("ada")
    const newPasskey = (await register(passkeys, createAuthenticator(), "ada"))!
    const copies = [{ ...newPasskey }, structuredClone(newPasskey), JSON.parse(JSON.stringify(newPasskey)), null, "x"]
    for (const copy of copies as NewPasskey<string>[])
      await expect(passkeys.addPasskey(copy, { sessionId: session.id })).rejects.toMatchObject({
        code: "invalid_option",
      })
    expect(await passkeys.addPasskey(newPasskey, { sessionId: session.id })).not.toBeNull()
    await expect(passkeys.addPasskey(newPasskey, { sessionId: session.id })).rejects.toMatchObject({
      code: "invalid_option",
    })
    expect(await passkeys.listPasskeys("ada")).toHaveLength(1)
  })

  test("does not take what was verified for another site or realm", async () => {
    const { passkeys, store } = await setUp()
    const { passkeys: others } = await setUp({ realm: "admin" })
    const newPasskey = (await register(passkeys, createAuthenticator()))!
    await store.insertUser({ id: newPasskey.userId, attributes: { username: "new" } }, null)
    await expect(others.addPasskey(newPasskey)).rejects.toMatchObject({ code: "invalid_option" })
    expect(Object.isFrozen(newPasskey)).toBe(true)
  })

  test.each([
    ["left out", {}],
    ["undefined", { sessionId: undefined }],
    ["null", { sessionId: null }],
    ["a number", { sessionId: 1 }],
  ])("throws if the session of a user who is there is %s", async (_, options) => {
    const { passkeys } = await setUp()
    const newPasskey = (await register(passkeys, createAuthenticator(), "ada"))!
    await expect(passkeys.addPasskey(newPasskey, options as never)).rejects.toMatchObject({ code: "invalid_option" })
    expect(await passkeys.listPasskeys("ada")).toEqual([])
  })

  test("throws for a sessionId without an auth", async () => {
    const { passkeys, auth } = await setUp({ auth: undefined })
    const { session } = await auth.createSession("ada")
    const newPasskey = (await register(passkeys, createAuthenticator(), "ada"))!
    await expect(passkeys.addPasskey(newPasskey, { sessionId: session.id })).rejects.toMatchObject({
      code: "invalid_option",
    })
  })

  test("is null for a session that has ended, and for another user's", async () => {
    const { passkeys, auth, events } = await setUp()
    const { session } = await auth.createSession("ada")
    const { session: ofGrace } = await auth.createSession("grace")
    await auth.invalidateSession(session.id)
    for (const { id: sessionId } of [session, ofGrace]) {
      const newPasskey = (await register(passkeys, createAuthenticator(), "ada"))!
      expect(await passkeys.addPasskey(newPasskey, { sessionId })).toBeNull()
    }
    expect(await passkeys.listPasskeys("ada")).toEqual([])
    expect(await passkeys.listPasskeys("grace")).toEqual([])
    expect(events).toEqual([])
  })

  test("[PKY-5] takes the passkey back, and the session that it opened, if the asking session ends meanwhile", async () => {
    const { store, auth } = await setUp()
    const { session } = await auth.createSession("ada")
    const insertPasskey: typeof store.insertPasskey = async (record) => {
      const isStored = await store.insertPasskey(record)
      await auth.invalidateUserSessions("ada")
      await auth.createSession("ada")
      return isStored
    }
    const { passkeys, events } = await setUp({ adapter: { ...store, insertPasskey }, auth })
    const newPasskey = (await register(passkeys, createAuthenticator(), "ada"))!
    expect(await passkeys.addPasskey(newPasskey, { sessionId: session.id })).toBeNull()
    expect(await store.listPasskeys("ada")).toEqual([])
    expect(await auth.getUserSessions("ada")).toEqual([])
    expect(events).toEqual([])
  })

  test("[PKY-5] leaves no passkey if the store fails before the session is looked at again", async () => {
    const { store, auth } = await setUp()
    const { session } = await auth.createSession("ada")
    let asked = 0
    const getUserSessions = (id: string) =>
      ++asked === 2 ? Promise.reject(new Error("connection lost")) : auth.getUserSessions(id)
    const { passkeys, events } = await setUp({ adapter: store, auth: { ...auth, getUserSessions } })
    const newPasskey = (await register(passkeys, createAuthenticator(), "ada"))!
    const adding = passkeys.addPasskey(newPasskey, { sessionId: session.id })
    await expect(adding).rejects.toMatchObject({ code: "store_failed" })
    expect(await store.listPasskeys("ada")).toEqual([])
    expect(events).toEqual([])
  })

  test("is null for a passkey that belongs to somebody, whose it stays", async () => {
    const { passkeys, auth, enroll, events } = await setUp()
    const { credential, passkey } = await enroll("ada")
    const { session } = await auth.createSession("grace")
    const knobs = { credentialId: credential.id, response: idOf(credential.id) }
    const stolen = (await register(passkeys, createAuthenticator(), "grace", knobs))!
    expect(await passkeys.addPasskey(stolen, { sessionId: session.id })).toBeNull()
    expect(await passkeys.listPasskeys("ada")).toEqual([passkey])
    expect(await passkeys.listPasskeys("grace")).toEqual([])
    expect(events).toEqual([])
  })

  test.each([
    ["left out", {}, "Passkey"],
    ["empty", { name: "" }, "Passkey"],
    ["null, as a form without the field gives it", { name: null }, "Passkey"],
    ["of 255 bytes", { name: "ä".repeat(127) + "x" }, "ä".repeat(127) + "x"],
  ])("names a passkey whose name is %s", async (_, options, name) => {
    const { passkeys, auth } = await setUp()
    const { session } = await auth.createSession("ada")
    const newPasskey = (await register(passkeys, createAuthenticator(), "ada"))!
    expect(await passkeys.addPasskey(newPasskey, { ...options, sessionId: session.id })).toMatchObject({ name })
  })

  test.each([["ä".repeat(128)], ["\0"], ["\uD800"], [{}], [7], ["x".repeat(100_000)]])(
    "is null for the name %o, and leaves the new passkey good",
    async (name) => {
      const { passkeys, auth } = await setUp()
      const { session } = await auth.createSession("ada")
      const newPasskey = (await register(passkeys, createAuthenticator(), "ada"))!
      expect(await passkeys.addPasskey(newPasskey, { name, sessionId: session.id })).toBeNull()
      expect(await passkeys.addPasskey(newPasskey, { sessionId: session.id })).not.toBeNull()
    },
  )
})

function idOf(bytes: Uint8Array): { id: string; rawId: string } {
  const text = Buffer.from(bytes).toString("base64url")
  return { id: text, rawId: text }
}

function without(name: string) {
  return (object: Map<number | string, Item>) => new Map([...object].filter(([key]) => key !== name))
}

function changed(cose: Map<number, Item>, label: number, value?: Item): Map<number, Item> {
  const copy = new Map(cose)
  copy.delete(label)
  return value === undefined ? copy : copy.set(label, value)
}

function bytesIn(cose: Map<number, Item>, label: number): Uint8Array {
  return cose.get(label) as Uint8Array
}

function rsa(modulusLength: number): Map<number, Item> {
  const { n, e } = generateKeyPairSync("rsa", { modulusLength }).publicKey.export({ format: "jwk" })
  return new Map<number, Item>([[1, 3], [3, -257], [-1, Buffer.from(n!, "base64url")], [-2, Buffer.from(e!, "base64url")]]) // prettier-ignore
}

/** An attestation of its own format, with a certificate in a list. */
function packed(object: Map<number | string, Item>): Map<number | string, Item> {
  const statement = new Map<string, Item>([["alg", -7], ["sig", Buffer.alloc(70)], ["x5c", [Buffer.alloc(500)]]]) // prettier-ignore
  return new Map(object).set("fmt", "packed").set("attStmt", statement)
}

function reversed(object: Map<number | string, Item>): Map<number | string, Item> {
  return new Map([...object].toReversed())
}

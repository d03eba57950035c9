import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto"
import type { KeyObject } from "node:crypto"

import type { PasskeyAlgorithm, PasskeyCreationOptions, PasskeyRequestOptions } from "../../src/passkeys.ts"
import { joined, writeCbor } from "./cbor-items.ts"
import type { Item } from "./cbor-items.ts"

/** The flags of authenticator data. */
export const flag = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, AT: 0x40, ED: 0x80 }

/** A passkey on the authenticator. */
export interface Credential {
  id: Buffer
  rpId: string
  userHandle: string
  algorithm: PasskeyAlgorithm
  privateKey: KeyObject
  /** The public key as COSE. */
  cose: Map<number, Item>
  signCount: number
}

/** What a test breaks. Each replaces what an honest browser and authenticator do. */
export interface Knobs {
  /** Merged into the client data; `undefined` takes a member out. */
  clientData?: Record<string, unknown>
  /** The client data unchanged, such as text that is not JSON. */
  clientDataJSON?: Uint8Array
  /** Replaces the client data as they are written. */
  rewriteClientData?: (bytes: Uint8Array) => Uint8Array
  rpId?: string
  /** Flags that are set, or are not. */
  set?: number
  clear?: number
  signCount?: number
  /** CBOR bytes instead of extensions. Sets ED. */
  extensions?: Uint8Array
  /** Bytes behind everything that is signed. */
  trailing?: Uint8Array
  /** Replaces the authenticator data. */
  authenticatorData?: (data: Uint8Array) => Uint8Array
  /** Replaces the signature. */
  signature?: (signature: Uint8Array) => Uint8Array
  /** Replaces the key. */
  cose?: (cose: Map<number, Item>) => Map<number, Item>
  /** Replaces the id that the authenticator signs. */
  credentialId?: Uint8Array
  /** Replaces the attestation object. */
  attestation?: (object: Map<number | string, Item>) => Item
  attestationObject?: (bytes: Uint8Array) => Uint8Array
  /** Merged into what the browser sends. */
  response?: Record<string, unknown>
  /** Merged into its inner `response`. */
  inner?: Record<string, unknown>
}

/** How an authenticator is. */
export interface AuthenticatorOptions {
  algorithm?: PasskeyAlgorithm
  origin?: string
  /** Whether it counts. Default `false`: 0 for ever, as the authenticators of phones and password managers. */
  counts?: boolean
  backupEligible?: boolean
  backedUp?: boolean
  aaguid?: string
  transports?: string[]
}

/** Makes a browser with an authenticator in software. It is written over `node:crypto`, apart from what it tests. */
export function createAuthenticator({
  algorithm = -7,
  origin = "https://example.com",
  counts = false,
  backupEligible = true,
  backedUp = true,
  aaguid = "00000000-0000-0000-0000-000000000000",
  transports = ["internal", "hybrid"],
}: AuthenticatorOptions = {}) {
  const credentials: Credential[] = []
  const backup = (backupEligible ? flag.BE : 0) | (backedUp ? flag.BS : 0)

  /** What `navigator.credentials.create()` and `toJSON()` give. */
  async function register(options: PasskeyCreationOptions, knobs: Knobs = {}) {
    const credential: Credential = {
      id: randomBytes(32),
      rpId: options.rp.id,
      userHandle: options.user.id,
      algorithm,
      ...newKey(algorithm),
      signCount: counts ? 1 : 0,
    }
    credentials.push(credential)
    const clientDataJSON = clientData("webauthn.create", options.challenge, knobs)
    const id = knobs.credentialId ?? credential.id
    const attested = joined(
      Buffer.from(aaguid.replaceAll("-", ""), "hex"),
      Uint8Array.of(id.length >> 8, id.length & 255),
      id,
      writeCbor((knobs.cose ?? same)(new Map(credential.cose))),
    )
    const authData = authenticatorData(credential, knobs, attested)
    const object = new Map<number | string, Item>([
      ["fmt", "none"],
      ["attStmt", new Map()],
      ["authData", authData],
    ])
    const written = writeCbor((knobs.attestation ?? same<Item>)(object))
    const attestationObject = (knobs.attestationObject ?? same)(written)
    return answer(credential, knobs, { clientDataJSON, attestationObject, authenticatorData: authData }, { transports })
  }

  /** What `navigator.credentials.get()` and `toJSON()` give, for the newest passkey that fits or for the one given. */
  async function signIn(options: PasskeyRequestOptions, knobs: Knobs & { credential?: Credential } = {}) {
    const allowed = options.allowCredentials.map(({ id }) => id)
    const fitting = credentials.filter(
      ({ id, rpId }) => rpId === options.rpId && (allowed.length === 0 || allowed.includes(id.toString("base64url"))),
    )
    const credential = knobs.credential ?? fitting.at(-1)
    if (!credential) throw new Error("There is no passkey.")
    if (counts) credential.signCount++
    const clientDataJSON = clientData("webauthn.get", options.challenge, knobs)
    const authData = authenticatorData(credential, knobs)
    const signature = (knobs.signature ?? same<Uint8Array>)(
      signWith(credential, joined(authData, sha256(clientDataJSON))),
    )
    const { userHandle } = credential
    return answer(credential, knobs, { clientDataJSON, authenticatorData: authData, signature }, { userHandle })
  }

  function clientData(type: string, challenge: string, knobs: Knobs): Uint8Array {
    const data = { type, challenge, origin, crossOrigin: false, ...knobs.clientData }
    const bytes = knobs.clientDataJSON ?? Buffer.from(JSON.stringify(data))
    return (knobs.rewriteClientData ?? same)(bytes)
  }

  function authenticatorData(credential: Credential, knobs: Knobs, attested?: Uint8Array): Uint8Array<ArrayBuffer> {
    const { signCount = credential.signCount, extensions } = knobs
    const flags = flag.UP | flag.UV | backup | (attested ? flag.AT : 0) | (extensions ? flag.ED : 0)
    const fixed = Buffer.alloc(5)
    fixed[0] = (flags | (knobs.set ?? 0)) & ~(knobs.clear ?? 0)
    fixed.writeUInt32BE(signCount, 1)
    const parts = [attested, extensions, knobs.trailing].filter((part) => part !== undefined)
    const data = joined(sha256(Buffer.from(knobs.rpId ?? credential.rpId)), fixed, ...parts)
    return new Uint8Array((knobs.authenticatorData ?? same)(data))
  }

  return { register, signIn, credentials }
}

function answer(
  { id }: Credential,
  knobs: Knobs,
  bytes: Record<string, Uint8Array>,
  others: Record<string, unknown>,
): Record<string, unknown> {
  const encoded = Object.entries(bytes).map(([name, value]) => [name, Buffer.from(value).toString("base64url")])
  const text = id.toString("base64url")
  return {
    id: text,
    rawId: text,
    type: "public-key",
    authenticatorAttachment: "platform",
    clientExtensionResults: {},
    response: { ...Object.fromEntries(encoded), ...others, ...knobs.inner },
    ...knobs.response,
  }
}

function newKey(algorithm: PasskeyAlgorithm): Pick<Credential, "privateKey" | "cose"> {
  if (algorithm === -7) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const { x, y } = publicKey.export({ format: "jwk" })
    return { privateKey, cose: new Map<number, Item>([[1, 2], [3, -7], [-1, 1], [-2, part(x)], [-3, part(y)]]) } // prettier-ignore
  }
  if (algorithm === -8) {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519")
    const { x } = publicKey.export({ format: "jwk" })
    return { privateKey, cose: new Map<number, Item>([[1, 1], [3, -8], [-1, 6], [-2, part(x)]]) } // prettier-ignore
  }
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
  const { n, e } = publicKey.export({ format: "jwk" })
  return { privateKey, cose: new Map<number, Item>([[1, 3], [3, -257], [-1, part(n)], [-2, part(e)]]) } // prettier-ignore
}

function part(text: string | undefined): Uint8Array {
  return Buffer.from(text!, "base64url")
}

function signWith({ algorithm, privateKey }: Credential, data: Uint8Array): Buffer {
  return sign(algorithm === -8 ? null : "sha256", data, privateKey)
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest()
}

function same<Value>(value: Value): Value {
  return value
}

import { createPasskeys } from "nightlatch/passkeys"
import { memoryAdapter } from "nightlatch/adapters/memory"
import { equal } from "./expect.mjs"
import { keyKinds, signatureChanges } from "./keys.mjs"

const rpId = "example.com"
const origin = `https://${rpId}`
const kinds = {
  ES256: { alg: -7, ...keyKinds.ES256 },
  Ed25519: { alg: -8, ...keyKinds.Ed25519 },
  RS256: { alg: -257, ...keyKinds.RS256 },
}

export const passkeys = Object.fromEntries(
  Object.entries(kinds).map(([name, kind]) => [
    `a passkey of ${name} signs in, and not with a signature that was changed or cut off`,
    () => signsIn(kind),
  ]),
)

async function signsIn(kind) {
  const adapter = memoryAdapter()
  const secrets = ["for these tests, and nothing else."]
  const passkeys = createPasskeys({ adapter, rpId, rpName: "Example", origins: [origin], secrets })
  const authenticator = await createAuthenticator(kind)
  const asked = await passkeys.registrationOptions({ name: "ada" })
  const response = await authenticator.register(asked.options)
  const newPasskey = await passkeys.verifyRegistration({ handle: asked.handle, response })
  await adapter.insertUser({ id: newPasskey.userId, attributes: {} }, null)
  equal((await passkeys.addPasskey(newPasskey)).algorithm, kind.alg)
  const { options, handle } = await passkeys.signInOptions()
  for (const change of signatureChanges) {
    equal(await passkeys.verifyPasskey({ handle, response: await authenticator.signIn(options, change) }), null)
  }
  const proof = await passkeys.verifyPasskey({ handle, response: await authenticator.signIn(options) })
  equal([proof.userId, proof.method], [newPasskey.userId, "passkey"])
}

async function createAuthenticator({ alg, key, sign }) {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(key, true, ["sign", "verify"])
  const jwk = await crypto.subtle.exportKey("jwk", publicKey)
  const id = crypto.getRandomValues(new Uint8Array(32))
  let userHandle

  async function register({ challenge, user }) {
    userHandle = user.id
    const made = joined(new Uint8Array(16), [0, 32], id, coseOf(alg, jwk))
    const authData = await authenticatorData(0x5d, made)
    const attestationObject = map(text("fmt"), text("none"), text("attStmt"), map(), text("authData"), string(authData))
    return answer({ clientDataJSON: clientData("webauthn.create", challenge), attestationObject })
  }

  async function signIn({ challenge }, change = (bytes) => bytes) {
    const clientDataJSON = clientData("webauthn.get", challenge)
    const authData = await authenticatorData(0x1d)
    const raw = new Uint8Array(
      await crypto.subtle.sign(sign, privateKey, joined(authData, await sha256(clientDataJSON))),
    )
    const signature = change(alg === -7 ? der(raw) : raw)
    const { response, ...others } = answer({ clientDataJSON, authenticatorData: authData, signature })
    return { ...others, response: { ...response, userHandle } }
  }

  function answer(bytes) {
    const response = Object.fromEntries(Object.entries(bytes).map(([name, value]) => [name, base64url(value)]))
    return { id: base64url(id), rawId: base64url(id), type: "public-key", clientExtensionResults: {}, response }
  }

  return { register, signIn }
}

function clientData(type, challenge) {
  return utf8(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
}

async function authenticatorData(flags, made = []) {
  return joined(await sha256(utf8(rpId)), [flags, 0, 0, 0, 0], made)
}

/** A key as COSE: the labels 1, 3, -1, -2 and -3 are the bytes 01, 03, 20, 21 and 22. */
function coseOf(alg, { x, y, n, e }) {
  if (alg === -7) return joined([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21], part(x), [0x22], part(y))
  if (alg === -8) return joined([0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21], part(x))
  return joined([0xa4, 1, 3, 3, 0x39, 1, 0, 0x20], part(n), [0x21], part(e))
}

function part(base64urlText) {
  const plain = atob(base64urlText.replaceAll("-", "+").replaceAll("_", "/"))
  return string(Uint8Array.from(plain, (character) => character.charCodeAt(0)))
}

function map(...items) {
  return joined([0xa0 + items.length / 2], ...items)
}

function text(value) {
  return joined([0x60 + value.length], utf8(value))
}

function string(bytes) {
  return joined([0x59, bytes.length >> 8, bytes.length & 255], bytes)
}

/** An ECDSA signature as authenticators write it. */
function der(raw) {
  const [r, s] = [raw.subarray(0, 32), raw.subarray(32)].map((number) => {
    const digits = number.subarray(number.findIndex((byte) => byte > 0))
    const padded = digits[0] >= 128 ? joined([0], digits) : digits
    return joined([2, padded.length], padded)
  })
  return joined([0x30, r.length + s.length], r, s)
}

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
}

function utf8(value) {
  return new TextEncoder().encode(value)
}

function joined(...parts) {
  return Uint8Array.from(parts.flatMap((bytes) => [...bytes]))
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "")
}

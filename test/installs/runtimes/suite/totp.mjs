import { createAuth } from "nightlatch"
import { memoryAdapter } from "nightlatch/adapters/memory"
import { createTokens } from "nightlatch/tokens"
import { createRecoveryCodes, createTotp } from "nightlatch/totp"
import { equal, match } from "./expect.mjs"

/** In milliseconds. */
const step = 30_000
const userId = "ada"

export const totp = {
  async "an authenticator app is added, and its codes prove who the user is"() {
    const { totp, secret, uri, enrolled, tick } = await setUp()
    match(uri, /^otpauth:\/\/totp\//)
    equal(new URL(uri).searchParams.get("secret"), secret)
    equal([enrolled.proof.userId, enrolled.proof.method], [userId, "totp"])
    equal(await totp.factorsOf(userId), ["totp"])
    const proof = await totp.verifyTotp({ userId, code: await codeOf(secret, tick(step)) })
    equal([proof.userId, proof.method], [userId, "totp"])
  },

  async "a code is accepted once, also when it is typed with a space"() {
    const { totp, secret, tick } = await setUp()
    const code = await codeOf(secret, tick(step))
    equal((await totp.verifyTotp({ userId, code })).method, "totp")
    equal(await totp.verifyTotp({ userId, code }), null)
    equal(await totp.verifyTotp({ userId, code: `${code.slice(0, 3)} ${code.slice(3)}` }), null)
  },

  async "the code that added an authenticator app is used up"() {
    const { totp, secret, tick } = await setUp()
    equal(await totp.verifyTotp({ userId, code: await codeOf(secret, tick(0)) }), null)
  },

  async "codes of the steps before and after are accepted, and no others"() {
    const { totp, secret, tick } = await setUp()
    const now = tick(10 * step)
    for (const [away, isAccepted] of [
      [-2, false],
      [2, false],
      [-1, true],
      [1, true],
    ]) {
      const proof = await totp.verifyTotp({ userId, code: await codeOf(secret, now + away * step) })
      equal(proof !== null, isAccepted)
    }
  },

  async "an authenticator app is not added with a wrong code"() {
    const { totp, secret, enrollment, session, tick } = await setUp({ isEnrolled: false })
    const code = await codeOf(secret, tick(0) + 5 * step)
    equal(await totp.confirmTotp({ userId, enrollment, code, sessionId: session.id }), {
      proof: null,
      reason: "wrong_code",
    })
    equal(await totp.factorsOf(userId), [])
  },

  async "a recovery code is accepted once, and from its own user only"() {
    const { recovery } = await setUp()
    const [code] = await recovery.createCodes(userId)
    equal(await recovery.redeemCode({ userId: "grace", code }), null)
    equal((await recovery.redeemCode({ userId, code: code.toUpperCase() })).method, "recovery")
    equal(await recovery.redeemCode({ userId, code }), null)
    equal(await recovery.countCodes(userId), 9)
  },
}

async function setUp({ isEnrolled = true } = {}) {
  // In the middle of a step.
  let at = 1_800_000_000_000 + step / 2
  const now = () => at
  const tick = (milliseconds) => (at += milliseconds)
  const adapter = memoryAdapter()
  for (const id of [userId, "grace"]) await adapter.insertUser({ id, attributes: {} }, null)
  const auth = createAuth({ adapter, now })
  const secrets = ["for these tests, and nothing else."]
  const totp = createTotp({ adapter, auth, issuer: "Example", secrets, now })
  const recovery = createRecoveryCodes({ tokens: createTokens({ adapter, purposes: {}, now }), now })
  const { session } = await auth.createSession(userId)
  const made = await enroll(totp, at)
  const confirmation = { userId, enrollment: made.enrollment, code: await codeOf(made.secret, at) }
  const enrolled = isEnrolled ? await totp.confirmTotp({ ...confirmation, sessionId: session.id }) : null
  return { totp, recovery, session, tick, enrolled, ...made }
}

/** Starts again in the rare case that two of the steps that the cases use have the same code. */
async function enroll(totp, at) {
  const made = await totp.enrollTotp({ userId, account: "ada@example.com" })
  const codes = await Promise.all(Array.from({ length: 13 }, (_, n) => codeOf(made.secret, at + n * step)))
  return new Set(codes).size === codes.length ? made : enroll(totp, at)
}

/** The code that an authenticator app shows at a time (RFC 6238, over RFC 4226, section 5.3). */
async function codeOf(secret, at) {
  const message = new DataView(new ArrayBuffer(8))
  message.setUint32(4, Math.floor(at / step))
  const key = await crypto.subtle.importKey("raw", fromBase32(secret), { name: "HMAC", hash: "SHA-1" }, false, ["sign"])
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, message))
  const offset = mac[19] & 15
  const [first, ...others] = mac.subarray(offset, offset + 4)
  const number = others.reduce((sum, byte) => sum * 256 + byte, first & 127)
  return String(number % 1_000_000).padStart(6, "0")
}

function fromBase32(text) {
  const bits = [...text].map((character) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(character))
  const binary = bits.map((value) => value.toString(2).padStart(5, "0")).join("")
  return Uint8Array.from(binary.match(/.{8}/g), (byte) => Number.parseInt(byte, 2))
}

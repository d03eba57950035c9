import fc from "fast-check"
import { describe, expect, test } from "vitest"

import type { PasskeyRecord, PasskeyVerifier, VerifiedRegistration, VerifiedUse } from "../../src/passkeys.ts"
import { webVerifier } from "../../src/passkeys/verifier.ts"
import { createAuthenticator, flag } from "./authenticator.ts"
import type { Knobs } from "./authenticator.ts"
import { joined, writeCbor } from "./cbor-items.ts"
import { knobsOf, registrationChange, replace, sent, signInChange, withLongLength } from "./ceremonies.ts"
import type { Change } from "./ceremonies.ts"
import {
  bareRegistration,
  laxerSignIns,
  registrationByOracle,
  registrationReasons,
  signInByOracle,
  signInReasons,
} from "./oracle.ts"
import { setUp } from "./set-up.ts"

// Half of them are registrations, and half sign-ins.
const ceremonies = 10_000
// The same ceremonies each time: a new difference is a find for whoever changes this number, and no reason to stop others.
const seed = 1
const timeout = 120_000
const other = Buffer.alloc(32, 9).toString("base64url")
const short = Buffer.alloc(15, 9)

/** Knobs of the authenticator, or a text that is padded on the way. */
type Fault = Knobs & { respell?: string }

/** For each reason to refuse what the oracle accepts, a registration that has it and no other. */
const strictRegistrations: Record<string, Fault> = {
  "a text is not base64url in its only spelling": { respell: "clientDataJSON", clientData: { extraData: 1 } },
  "the browser names another passkey than the authenticator": { response: { id: other, rawId: other } },
  "the page is in a frame": { clientData: { crossOrigin: true } },
  "the id is shorter or longer than the specification allows": {
    credentialId: short,
    response: { id: short.toString("base64url"), rawId: short.toString("base64url") },
  },
  "bytes are left behind the attestation object": { attestationObject: (bytes) => joined(bytes, Uint8Array.of(0)) },
  "a length runs past the end": { authenticatorData: (data) => data.with(data.length - 33, 33) },
  "the attestation statement is not a map": { attestation: (object) => new Map(object).set("attStmt", []) },
  "the attestation object holds what authenticators may not write": {
    attestation: (object) => new Map(object).set("more", "text"),
    attestationObject: (bytes) => bytes.with(bytes.length - 1, 0xff),
  },
  "the extensions are not a map that authenticators may write": { extensions: Uint8Array.of(0x80) },
  "the key is not one of its algorithm, label by label": { cose: (key) => new Map(key).set(300, 1) },
}

/** The same for sign-ins. */
const strictSignIns: Record<string, Fault> = {
  "a text is not base64url in its only spelling": { respell: "authenticatorData" },
  "the page is in a frame": { clientData: { crossOrigin: true } },
  "the user handle is missing or another user's": { inner: { userHandle: undefined } },
  "a sign-in makes a passkey": {
    set: flag.AT,
    trailing: joined(new Uint8Array(18), writeCbor(new Map<number, number>([[3, -7]]))),
  },
  "the passkey may be copied, and could not be, or the other way round": { clear: flag.BE | flag.BS },
  "the extensions are not a map that authenticators may write": { extensions: Uint8Array.of(0x80) },
  "a length runs past the end": { extensions: Buffer.from("a161614201", "hex") },
  "the signature is not DER": { signature: withLongLength },
}

/** For each reason to accept what the oracle refuses, a sign-in. */
const laxSignIns: Record<string, Fault> = {
  "token binding is not read": { clientData: { tokenBinding: "none" } },
  "the oracle measures extensions by writing them again": { extensions: Buffer.from("b80161610a", "hex") },
}

/** What the verifier found in the last ceremony. */
const found: { registration: VerifiedRegistration | null; use: VerifiedUse | null } = { registration: null, use: null }
const verifier: PasskeyVerifier = {
  async verifyRegistration(...given) {
    return (found.registration = await webVerifier.verifyRegistration(...given))
  },
  async verifySignIn(...given) {
    return (found.use = await webVerifier.verifySignIn(...given))
  },
}

const { passkeys, store, enroll } = await setUp({ verifier })
const rsa = (await enroll("ada", { algorithm: -257 })).credential.cose
const authenticators = await Promise.all([
  enroll("ada", { algorithm: -7, counts: true }),
  enroll("ada", { algorithm: -7, backupEligible: false, backedUp: false }),
  enroll("grace", { algorithm: -8 }),
  enroll("grace", { algorithm: -257 }),
])
const records = await Promise.all(authenticators.map(async ({ passkey }) => (await store.findPasskey(passkey.id))!))

const oneToThree = (change: fc.Arbitrary<Change>) => fc.array(change, { minLength: 1, maxLength: 3 })
const says = (changes: Change[]) => changes.map((change) => change.says).join(", ")

/** How often each answer was given by both, or by one only. */
type Tally = Record<"both accept" | "both refuse" | "only the oracle accepts", number>
const newTally = (): Tally => ({ "both accept": 0, "both refuse": 0, "only the oracle accepts": 0 })

describe("what @simplewebauthn/server says of", () => {
  test("registrations that were changed is what we say, or we are stricter for a reason", { timeout }, async () => {
    const tally = newTally()
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(-7, -8, -257), oneToThree(registrationChange), async (algorithm, changes) => {
        const { ours, theirs, given } = await registrationBoth(algorithm, changes)
        count(tally, ours, theirs)
        if (ours) expect(theirs ?? "refused", says(changes)).toEqual(ours)
        else if (theirs) expect(reasonsIn(registrationReasons, given), says(changes)).not.toEqual([])
      }),
      { numRuns: ceremonies / 2, seed },
    )
    expectAllAnswers(tally)
  })

  test("sign-ins that were changed is what we say, or we are stricter for a reason", { timeout }, async () => {
    const tally = newTally()
    await fc.assert(
      fc.asyncProperty(
        fc.nat(records.length - 1),
        fc.constantFrom(0, 1, 7),
        oneToThree(signInChange),
        async (index, signCount, changes) => {
          const { ours, theirs, given, passkey } = await signInBoth(index, signCount, changes)
          count(tally, ours, theirs)
          if (!ours && theirs) expect(reasonsIn(signInReasons, given, passkey), says(changes)).not.toEqual([])
          if (ours && theirs) expect(ours).toEqual(theirs)
          if (ours && !theirs) expect(reasonsIn(laxerSignIns, given), says(changes)).not.toEqual([])
        },
      ),
      { numRuns: ceremonies / 2, seed },
    )
    expectAllAnswers(tally)
  })
})

describe("we differ from @simplewebauthn/server for every reason that is listed:", () => {
  test("there is a ceremony for each", () => {
    expect(Object.keys(strictRegistrations).sort()).toEqual(Object.keys(registrationReasons).sort())
    expect(Object.keys(strictSignIns).sort()).toEqual(Object.keys(signInReasons).sort())
    expect(Object.keys(laxSignIns).sort()).toEqual(Object.keys(laxerSignIns).sort())
  })

  test.each(Object.entries(strictRegistrations))("a registration is refused if %s", async (reason, knobs) => {
    const { ours, theirs, given } = await registrationBoth(-8, [changeOf(knobs)])
    expect({ ours, reasons: reasonsIn(registrationReasons, given) }).toEqual({ ours: null, reasons: [reason] })
    expect(theirs).not.toBeNull()
  })

  test.each(Object.entries(strictSignIns))("a sign-in is refused if %s", async (reason, knobs) => {
    const { ours, theirs, given, passkey } = await signInBoth(0, 1, [changeOf(knobs)])
    expect({ ours, reasons: reasonsIn(signInReasons, given, passkey) }).toEqual({ ours: null, reasons: [reason] })
    expect(theirs).not.toBeNull()
  })

  test.each(Object.entries(laxSignIns))("a sign-in is accepted, because %s", async (reason, knobs) => {
    const { ours, theirs, given } = await signInBoth(0, 1, [changeOf(knobs)])
    expect({ theirs, reasons: reasonsIn(laxerSignIns, given) }).toEqual({ theirs: null, reasons: [reason] })
    expect(ours).toEqual({ signCount: 2, backupEligible: true, backedUp: true })
  })
})

function changeOf({ respell, ...knobs }: Fault): Change {
  return { says: "", knobs, send: (answer) => respell && replace(answer, respell, padded) }
}

async function registrationBoth(algorithm: number, changes: Change[]) {
  const authenticator = createAuthenticator({ algorithm: algorithm === -8 ? -8 : -7 })
  // Making an RSA key takes long. Nothing is signed here, so one is enough.
  const key: Change = { says: "", knobs: algorithm === -257 ? { cose: () => rsa } : {} }
  const { options, handle } = await passkeys.registrationOptions({ name: "ada" })
  const given = sent(await authenticator.register(options, knobsOf([key, ...changes])), changes)
  const theirs = await registrationByOracle(given, options.challenge)
  found.registration = null
  const isOurs = await passkeys.verifyRegistration({ handle, response: given })
  const ours = isOurs && found.registration
  // The oracle checks attestation, which we do not ask for.
  return {
    given,
    ours,
    theirs: theirs ?? (ours && (await registrationByOracle(bareRegistration(given), options.challenge))),
  }
}

async function signInBoth(index: number, signCount: number, changes: Change[]) {
  const { authenticator, credential } = authenticators[index]!
  const record: PasskeyRecord = { ...records[index]!, signCount }
  await store.deletePasskey(record)
  await store.insertPasskey(record)
  credential.signCount = signCount
  const { options, handle } = await passkeys.signInOptions()
  const given = sent(await authenticator.signIn(options, { credential, ...knobsOf(changes) }), changes)
  const theirs = await signInByOracle(given, options.challenge, { cose: credential.cose, record })
  found.use = null
  const isOurs = await passkeys.verifyPasskey({ handle, response: given })
  const ours = isOurs && useOf(found.use!)
  return { given, theirs, ours, passkey: { record, userHandle: credential.userHandle } }
}

function padded(text: unknown): string {
  return String(text).padEnd(Math.ceil(String(text).length / 4) * 4, "=")
}

function useOf({ signCount, backupEligible, backedUp }: VerifiedUse): VerifiedUse {
  return { signCount, backupEligible, backedUp }
}

function reasonsIn<Rest extends unknown[]>(
  reasons: Record<string, (given: never, ...rest: Rest) => boolean>,
  given: unknown,
  ...rest: Rest
): string[] {
  return Object.keys(reasons).filter((name) => {
    try {
      return reasons[name]!(given as never, ...rest)
    } catch {
      // In another spelling of base64url, the oracle may read other bytes than node:buffer.
      return false
    }
  })
}

function count(tally: Tally, ours: unknown, theirs: unknown): void {
  if (theirs) tally[ours ? "both accept" : "only the oracle accepts"]++
  else if (!ours) tally["both refuse"]++
}

/** A test in which everything is refused would say nothing. */
function expectAllAnswers(tally: Tally): void {
  for (const [answer, times] of Object.entries(tally)) expect(times, answer).toBeGreaterThan(ceremonies / 250)
}

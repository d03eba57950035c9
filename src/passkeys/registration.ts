import { AuthError } from "../core/errors.ts"
import { checkOption, checkOptions, invalidOption } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { toUtf8 } from "../platform/bytes.ts"
import { randomText } from "../platform/crypto.ts"
import { whileSignedIn } from "../proof/live-session.ts"
import { answerOf, descriptorsOf, handleOfUser, openHandle, toPasskey, useHandle, userIn } from "./parts.ts"
import type { PasskeyParts, PasskeyStore, Registration } from "./parts.ts"
import type { PasskeyRecord } from "./passkey-port.ts"
import type { NewPasskey, PasskeyAnswer, PasskeyCreationOptions } from "./passkeys.ts"
import { algorithms } from "./public-key.ts"
import { readRegistration } from "./responses.ts"

interface RegistrationRequest {
  userId?: UserId
  name: string
  displayName?: string | undefined
}

/** Adds passkeys. */
export function passkeyRegistration(store: PasskeyStore, parts: PasskeyParts) {
  const { rpId, rpName, origins, verifier, registrations, auth, emit, now } = parts

  async function registrationOptions(request: RegistrationRequest) {
    checkOptions("registrationOptions()", request, "userId", "name", "displayName")
    const { name, displayName = "" } = request
    checkOption("name", name, typeof name === "string" && name !== "", "is not a name; use what the user signs in with")
    const known = userIn("registrationOptions()", request)
    const userId = known ?? (await newUserId())
    const { handle, challenge } = await parts.handles.seal(known === null ? "new" : "add", userId)
    const options: PasskeyCreationOptions = {
      rp: { id: rpId, name: rpName },
      user: { id: handleOfUser(userId, parts), name, displayName },
      challenge,
      pubKeyCredParams: algorithms.map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: await descriptorsOf(store, known),
      // A passkey that is not discoverable cannot be offered to someone who has not said who they are.
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
    }
    return { options, handle }
  }

  async function newUserId(): Promise<UserId> {
    const { generateUserId = store.generateUserId ?? (() => randomText(10)) } = parts
    const id = await generateUserId()
    if (id !== undefined) return id
    throw new AuthError("unsupported", "The database makes user ids: create the user first, and pass its id as userId.")
  }

  async function verifyRegistration(answer: PasskeyAnswer): Promise<NewPasskey | null> {
    const { handle, response } = answerOf(answer)
    const opened = await openHandle(parts, handle, "new", "add")
    if (!opened) return null
    const { userId, kind, challenge } = opened
    const expected = { rpId, origins, challenge }
    const given = readRegistration(response, { ...expected, type: "webauthn.create" })
    if (!given) return null
    const verified = await verifier.verifyRegistration(given, expected)
    if (!verified || verified.id !== given.id || !(await useHandle(store, parts, opened))) return null
    // A handle of these kinds has a user. The type is all that the object lacks.
    const newPasskey = Object.freeze({ userId: userId!, id: verified.id }) as NewPasskey
    const { transports } = given.response
    registrations.set(newPasskey, { ...verified, userId: userId!, transports, isNewUser: kind === "new" })
    return newPasskey
  }

  async function addPasskey(newPasskey: NewPasskey, options: { name?: unknown; sessionId?: string } = {}) {
    checkOptions("addPasskey()", options, "name", "sessionId")
    const registration = registrations.get(newPasskey)
    if (!registration) throw invalidOption("newPasskey", newPasskey, unknownPasskey)
    const mustAsk = !registration.isNewUser || "sessionId" in options
    const name = options.name || defaultName
    if (!isName(name)) return null
    registrations.delete(newPasskey)
    const record = recordOf(registration, name)
    const asking = { userId: record.userId, ...(mustAsk && { sessionId: options.sessionId! }) }
    const isAdded = await whileSignedIn(
      auth,
      asking,
      () => store.insertPasskey(record),
      async (isStored) => void (isStored && (await store.deletePasskey(record))),
    )
    if (!isAdded) return null
    emit("passkey_added", { userId: record.userId })
    return toPasskey(record)
  }

  function recordOf(registration: Registration, name: string): PasskeyRecord {
    // One by one: a verifier may have returned more.
    const { id, userId, publicKey, algorithm, signCount, backupEligible, backedUp, aaguid, transports } = registration
    const key = { id, userId, publicKey, algorithm, signCount, backupEligible, backedUp, aaguid, transports }
    return { ...key, name, createdAt: new Date(now()), usedAt: null }
  }

  return { registrationOptions, verifyRegistration, addPasskey }
}

const unknownPasskey = "is not what verifyRegistration() returned, or was stored before; pass that object, once"
const defaultName = "Passkey"
const maxNameBytes = 255

/** Returns whether every store can keep a name. */
export function isName(name: unknown): name is string {
  if (typeof name !== "string" || name === "" || name.length > maxNameBytes) return false
  return name.isWellFormed() && !name.includes("\0") && toUtf8(name).length <= maxNameBytes
}

import { AuthError } from "../core/errors.ts"
import { checkOption, checkOptions, invalidOption } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { toUtf8 } from "../platform/bytes.ts"
import { randomText } from "../platform/crypto.ts"
import { whileSignedIn } from "../proof/live-session.ts"
import { descriptorsOf, handleOfUser, readAnswer, toPasskey, useHandle, userIn } from "./parts.ts"
import type { PasskeyParts, PasskeyStore } from "./parts.ts"
import { maxNameBytes } from "./limits.ts"
import type { NewPasskey, PasskeyAnswer, PasskeyCreationOptions } from "./passkeys.ts"
import { algorithms } from "./public-key.ts"
import { readRegistration } from "./responses.ts"
import type { VerifiedRegistration } from "./verifier.ts"

interface RegistrationRequest {
  userId?: UserId
  name: string
  displayName?: string | undefined
}

/** Adds passkeys. */
export function passkeyRegistration(store: PasskeyStore, parts: PasskeyParts) {
  const { registrations } = parts

  async function newUserId(): Promise<UserId> {
    const generateUserId = parts.generateUserId ?? store.generateUserId ?? (() => randomText(10))
    const id = await generateUserId()
    if (id !== undefined) return id
    throw new AuthError("unsupported", "The database makes user ids; create the user first, and pass userId")
  }

  return {
    async registrationOptions(request: RegistrationRequest) {
      checkOptions("registrationOptions()", request, "userId", "name", "displayName")
      const { name, displayName = "" } = request
      checkOption(
        "name",
        name,
        typeof name === "string" && name !== "",
        "is not a name; use what the user signs in with",
      )
      const known = userIn(request)
      const userId = known ?? (await newUserId())
      const { handle, challenge } = await parts.handles.seal(known === null ? "new" : "add", userId)
      const options: PasskeyCreationOptions = {
        rp: { id: parts.rpId, name: parts.rpName },
        user: { id: handleOfUser(userId, parts), name, displayName },
        challenge,
        pubKeyCredParams: algorithms.map((alg) => ({ type: "public-key", alg })),
        excludeCredentials: await descriptorsOf(store, known),
        // A passkey that is not discoverable cannot be offered to someone who has not said who they are.
        authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
        attestation: "none",
      }
      return { options, handle }
    },

    async verifyRegistration(answer: PasskeyAnswer): Promise<NewPasskey | null> {
      const read = await readAnswer(parts, answer, readRegistration, "new", "add")
      if (!read) return null
      const [opened, expected, given] = read
      const verified = await parts.verifier.verifyRegistration(given, expected)
      if (!verified || verified.id !== given.id || !(await useHandle(store, parts, opened))) return null
      // A handle of these kinds has a user.
      const key = { ...keyOf(verified), userId: opened.userId!, transports: given.response.transports }
      // The type is all that the object lacks.
      const newPasskey = Object.freeze({ userId: key.userId, id: key.id }) as NewPasskey
      registrations.set(newPasskey, { key, isNewUser: opened.kind === "new" })
      return newPasskey
    },

    async addPasskey(newPasskey: NewPasskey, options: { name?: unknown; sessionId?: string } = {}) {
      checkOptions("addPasskey()", options, "name", "sessionId")
      const registration = registrations.get(newPasskey)
      if (!registration) throw invalidOption("newPasskey", newPasskey, unknownPasskey)
      const mustAsk = !registration.isNewUser || "sessionId" in options
      const name = options.name || "Passkey"
      if (!isName(name)) return null
      registrations.delete(newPasskey)
      const record = { ...registration.key, name, createdAt: new Date(parts.now()), usedAt: null }
      const asking = { userId: record.userId, ...(mustAsk && { sessionId: options.sessionId! }) }
      const isAdded = await whileSignedIn(
        parts.auth,
        asking,
        () => store.insertPasskey(record),
        async (isStored) => void (isStored && (await store.deletePasskey(record))),
      )
      if (!isAdded) return null
      parts.emit("passkey_added", { userId: record.userId })
      return toPasskey(record)
    },
  }
}

/** Takes what a passkey has. An application's verifier may have returned more. */
function keyOf(verified: VerifiedRegistration): VerifiedRegistration {
  const { id, publicKey, algorithm, signCount, backupEligible, backedUp, aaguid } = verified
  return { id, publicKey, algorithm, signCount, backupEligible, backedUp, aaguid }
}

const unknownPasskey = "is not new; pass what verifyRegistration() returned, once"

/** Returns whether every store can keep a name. */
export function isName(name: unknown): name is string {
  if (typeof name !== "string" || name === "" || name.length > maxNameBytes) return false
  return name.isWellFormed() && !name.includes("\0") && toUtf8(name).length <= maxNameBytes
}

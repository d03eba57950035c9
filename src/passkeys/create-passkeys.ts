import { guardPort } from "../core/errors.ts"
import { createEmitter } from "../core/events.ts"
import { checkOption, checkOptions } from "../core/options.ts"
import type { SessionSource } from "../proof/live-session.ts"
import { sealedHandles } from "./handles.ts"
import { ownPasskeys } from "./own-passkeys.ts"
import type { PasskeyParts, PasskeyStore } from "./parts.ts"
import type { Passkeys, PasskeysOf, PasskeysOptions } from "./passkeys.ts"
import { passkeyRegistration } from "./registration.ts"
import { checkRelyingParty } from "./relying-party.ts"
import { passkeySignIn } from "./sign-in.ts"
import { webVerifier } from "./verifier.ts"

const port = [
  "insertPasskey",
  "findPasskey",
  "listPasskeys",
  "recordPasskeyUse",
  "renamePasskey",
  "deletePasskey",
  "insertTokens",
  "deleteExpiredTokens",
] as const

/**
 * Keeps passkeys (Web Authentication Level 3), and verifies registrations and sign-ins with them. Users are always verified
 * by their device; attestation is not asked for.
 *
 * Throws `invalid_option` for an unknown option, an `rpId`, origin or secret that is invalid, and an origin that is not on
 * `rpId`; throws `missing_port` for an adapter that lacks a method.
 *
 * @example
 * const passkeys = createPasskeys({
 *   adapter,
 *   auth,
 *   rpId: "example.com",
 *   rpName: "Example",
 *   origins: ["https://example.com"],
 *   secrets: [process.env.PASSKEY_SECRET],
 * })
 * const { options, handle } = await passkeys.signInOptions()
 * // Later, with what the browser answered:
 * const proof = await passkeys.verifyPasskey({ handle, response })
 */
export function createPasskeys<UserRow = never>(options: PasskeysOptions<UserRow>): PasskeysOf<UserRow> {
  checkOptions(
    "createPasskeys()",
    options,
    "adapter",
    "rpId",
    "rpName",
    "origins",
    "secrets",
    "verifier",
    "generateUserId",
    "auth",
    "realm",
    "onEvent",
    "now",
  )
  const { rpId, rpName, origins, verifier = webVerifier, realm = "user", now = Date.now } = options
  // Only for its complaint: what a verifier throws is not the store's.
  guardPort(verifier, ["verifyRegistration", "verifySignIn"], "verifier")
  checkRelyingParty(rpId, rpName, origins)
  checkOption("realm", realm, typeof realm === "string" && realm !== "", 'is not a name; use text such as "user"')
  // User 7 of one realm is not user 7 of another, whose handles may be sealed by the same secret.
  const purpose = realm === "user" ? ":passkey" : `${realm}\0:passkey`
  const parts: PasskeyParts = {
    rpId,
    rpName,
    origins: [...origins],
    verifier,
    generateUserId: options.generateUserId,
    realm,
    purpose,
    handles: sealedHandles(options.secrets, purpose, now),
    registrations: new WeakMap(),
    // The adapter's ids are those of its rows.
    auth: options.auth && guardPort(options.auth as SessionSource, ["getUserSessions", "invalidateSession"], "auth"),
    emit: createEmitter(options.onEvent, now),
    now,
  }
  return over(options.adapter) as Passkeys as PasskeysOf<UserRow>

  function over(given: PasskeyStore): Passkeys {
    const adapter = guardPort(given, given?.generateUserId ? [...port, "generateUserId"] : port)
    return {
      ...passkeyRegistration(adapter, parts),
      ...passkeySignIn(adapter, parts),
      ...ownPasskeys(adapter, parts),
      withAdapter: over,
    }
  }
}

import { checkOptions } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { hashText } from "../platform/crypto.ts"
import { ask, makeProof } from "../proof/proof.ts"
import type { Evidence, Proof } from "../proof/proof.ts"
import { descriptorsOf, handleOfUser, readAnswer, useHandle, userIn } from "./parts.ts"
import type { PasskeyParts, PasskeyStore } from "./parts.ts"
import type { PasskeyRecord } from "./passkey-port.ts"
import type { PasskeyAnswer, PasskeyRequestOptions } from "./passkeys.ts"
import { readSignIn } from "./responses.ts"
import type { VerifiedUse } from "./verifier.ts"

/** Signs in with passkeys. */
export function passkeySignIn(store: PasskeyStore, parts: PasskeyParts) {
  /** Who a passkey says it is of, if anything, is compared with its row. It must say so unless the user is known. */
  function isOf({ userId }: PasskeyRecord, asked: UserId | null, userHandle: string | undefined): boolean {
    const isAsked = asked === null ? userHandle !== undefined : asked === userId
    return isAsked && (userHandle === undefined || userHandle === handleOfUser(userId, parts))
  }

  // The handle is used up by now: whoever sends the same response twice has not cloned anything.
  async function recordUse({ id, userId, ...from }: PasskeyRecord, used: VerifiedUse): Promise<boolean> {
    const { signCount, backedUp } = used
    const counts = signCount > 0 || from.signCount > 0
    if (!counts || signCount > from.signCount)
      return store.recordPasskeyUse(id, from, { signCount, backedUp, usedAt: new Date(parts.now()) })
    parts.emit("passkey_cloned", { userId })
    return false
  }

  function prove(passkey: PasskeyRecord): Proof {
    const evidence: Evidence = { userId: passkey.userId, method: "passkey", mark: markOf(passkey) }
    return makeProof({ realm: parts.realm, ...evidence, stillHolds: () => stillHolds(evidence) })
  }

  /** Asks whether the passkey is there, with the same key. */
  async function stillHolds({ userId, method, mark }: Evidence): Promise<boolean> {
    if (method !== "passkey") return false
    return (await store.listPasskeys(userId)).some((passkey) => markOf(passkey) === mark)
  }

  return {
    async signInOptions(request: { userId?: UserId } = {}) {
      checkOptions("signInOptions()", request, "userId")
      const userId = userIn(request)
      const { handle, challenge } = await parts.handles.seal("sign_in", userId)
      const allowCredentials = await descriptorsOf(store, userId)
      const options: PasskeyRequestOptions = {
        rpId: parts.rpId,
        challenge,
        allowCredentials,
        userVerification: "required",
      }
      return { options, handle }
    },

    async verifyPasskey(answer: PasskeyAnswer): Promise<Proof | null> {
      const read = await readAnswer(parts, answer, readSignIn, "sign_in")
      if (!read) return null
      const [opened, expected, given] = read
      const passkey = await store.findPasskey(given.id)
      if (!passkey || !isOf(passkey, opened.userId, given.response.userHandle)) return null
      const used = await parts.verifier.verifySignIn(given, { ...expected, passkey })
      if (!used || used.backupEligible !== passkey.backupEligible) return null
      if (!(await useHandle(store, parts, opened))) return null
      return (await recordUse(passkey, used)) ? prove(passkey) : null
    },
    [ask]: stillHolds,
  }
}

function markOf({ id, publicKey }: PasskeyRecord): string {
  return hashText(`${id}\0${publicKey}`)
}

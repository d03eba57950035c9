import { createEmitter } from "../core/events.ts"
import { checkOption, checkOptions } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { libraryTokens } from "../proof/library-tokens.ts"
import { makeProof } from "../proof/proof.ts"
import type { Proof } from "../proof/proof.ts"
import { typedText } from "../proof/typed-codes.ts"
import type { RecoveryCodes, RecoveryCodesOptions } from "./totp.ts"

const purpose = ":recovery"
const codes = 10

/**
 * Makes recovery codes, which stand in for an authenticator app or a passkey that was lost. They work without
 * `createTotp`, but `createSignIn` asks for no second factor from a user who has nothing else.
 *
 * Throws `invalid_option` for an unknown option, and for tokens that `createTokens` did not make.
 *
 * @example
 * const recovery = createRecoveryCodes({ tokens })
 * const codes = await recovery.createCodes(user.id)
 * // Later:
 * const signedIn = await door.finishSignIn(pending, (userId) => recovery.redeemCode({ userId, code }))
 */
export function createRecoveryCodes(options: RecoveryCodesOptions): RecoveryCodes {
  checkOptions("createRecoveryCodes()", options, "tokens", "realm", "onEvent", "now")
  const { realm = "user", now = Date.now } = options
  const tokens = options.tokens?.[libraryTokens]
  checkOption("tokens", options.tokens, tokens !== undefined, "is invalid; use createTokens()")
  const emit = createEmitter(options.onEvent, now)
  const countCodes = (userId: UserId) => tokens.count(purpose, userId)
  const removeCodes = (userId: UserId) => tokens.deleteAll(purpose, userId)

  async function createCodes(userId: UserId): Promise<string[]> {
    const token = { userId, data: "", expiresIn: null, count: codes, keep: codes, bytes: 15 } as const
    return (await tokens.create(purpose, token)).map(grouped)
  }

  async function redeemCode<Id extends UserId>(request: { userId: Id; code: unknown }): Promise<Proof<Id> | null> {
    const { userId } = request
    const code = typedText(request.code).toLowerCase()
    // Looked at first: taking it would use up the code of another user.
    const found = await tokens.peek(purpose, code)
    if (found?.userId !== userId || !(await tokens.take(purpose, code))) {
      emit("second_factor_refused", { userId, reason: "wrong_code" })
      return null
    }
    emit("recovery_used", { userId })
    return makeProof({ realm, userId, method: "recovery" })
  }

  async function factorsOf(userId: UserId) {
    return (await countCodes(userId)) > 0 ? ["recovery" as const] : []
  }

  return { createCodes, countCodes, redeemCode, removeCodes, factorsOf, resetUser: removeCodes }
}

/** Writes a code as people copy it from paper. */
function grouped(code: string): string {
  return code.replace(/.{4}(?=.)/g, "$&-")
}

import { AuthError } from "../core/errors.ts"
import type { KeyName, UserId } from "../core/ports.ts"

declare const proven: unique symbol

/** How a user proved who they are. `sign_up`: by creating the account a moment ago. */
export type Method = "password" | "email" | "oauth" | "passkey" | "totp" | "recovery" | "sign_up"

/**
 * Confirms that a user has proved who they are. Only this package creates one. It works once, for 60 seconds, in the
 * process that created it. After that, `beginSignIn` and similar functions throw `proof_void`.
 */
export interface Proof<Id extends UserId = UserId> {
  readonly userId: Id
  readonly method: Method
  /** For types only: an object that an application writes itself is not a proof. */
  readonly [proven]: true
}

/** What was proved, as text that another process can check later. It contains no secret. */
export interface Evidence<Id extends UserId = UserId> {
  userId: Id
  method: Method
  /** The key that a password or a provider proved. */
  key?: KeyName | undefined
  /** SHA-256 of what must not change, such as the password hash or the row of a passkey. */
  mark?: string | undefined
  /** When the user proved it, in milliseconds, if it was not now: the `auth_time` of a provider. */
  provenAt?: number | undefined
}

/** The input of {@link makeProof}. */
export interface NewProof<Id extends UserId> extends Evidence<Id> {
  /** Names this kind of user, if one process has several. Default `"user"` in every module. */
  realm: string
  /**
   * Asks the store whether what was proved still holds: the password is the same, or the passkey exists. Absent if
   * `createUsers` can check it by the {@link Evidence}: the user still exists, or a new user has the same password.
   */
  stillHolds?: (() => Promise<boolean>) | undefined
}

/** The contents of a proof that was used. */
export interface SpentProof<Id extends UserId = UserId> {
  evidence: Evidence<Id>
  stillHolds?: (() => Promise<boolean>) | undefined
}

/** In milliseconds. Long enough to store a session, too short to keep a proof for another request. */
export const proofLifetime = 60_000

// All copies of this package share the registry of symbols. The property is not enumerable, so a copy of a proof is
// invalid.
const spend: unique symbol = Symbol.for("nightlatch.proof.1")

type Spend<Id extends UserId> = (realm: string) => SpentProof<Id> | string

/** Makes a proof. */
export function makeProof<Id extends UserId>(made: NewProof<Id>): Proof<Id> {
  const { realm, stillHolds, ...evidence } = made
  // Monotonic, because a clock that is set back would keep a proof alive.
  const madeAt = performance.now()
  let isSpent = false
  const spendOnce: Spend<Id> = (asked) => {
    if (asked !== realm) return `this one is of the realm "${realm}"; give all modules the same realm`
    if (isSpent) return "this one was given before; ask the user to prove it again"
    isSpent = true
    return performance.now() - madeAt <= proofLifetime ? { evidence, stillHolds } : lateProof
  }
  const proof = { userId: made.userId, method: made.method }
  return Object.freeze(Object.defineProperty(proof, spend, { value: spendOnce })) as Proof<Id>
}

const lateProof = "this one is more than 60 seconds old; use it in the request that made it"

/**
 * Uses a proof up. Call it before the first `await`, so that only one of two callers gets it. Throws `proof_void` if it
 * was used, is too old, is of another realm, or was not created by this package.
 */
export function spendProof<Id extends UserId>(proof: Proof<Id> | null, realm: string): SpentProof<Id> {
  const spendOnce = (proof as { [spend]?: Spend<Id> } | null | undefined)?.[spend]
  const spent = spendOnce
    ? spendOnce(realm)
    : "this is not a proof; pass what verifyPassword() or consumeToken() returned"
  if (typeof spent !== "string") return spent
  throw proofVoid(spent)
}

/** Makes the error of a proof that signs nobody in. `problem` also says what to do. */
export function proofVoid(problem: string): AuthError {
  return new AuthError("proof_void", `proof: ${problem}`)
}

/** The key under which modules keep their {@link Asked}: users, TOTP, passkeys. */
export const ask: unique symbol = Symbol.for("nightlatch.ask.1")

/** Checks whether evidence still holds, in a later request than the one that proved it. */
export interface Asked {
  readonly [ask]: (evidence: Evidence) => Promise<boolean>
}

import { AuthError } from "../core/errors.ts"
import type { KeyName, UserId } from "../core/ports.ts"

declare const proven: unique symbol

/** How a user proved who they are. `sign_up`: by creating the account a moment ago. */
export type Method = "password" | "email" | "oauth" | "passkey" | "totp" | "recovery" | "sign_up"

/**
 * States that a user has proved who they are. Only this package makes one. It is good once, for 60 seconds, in the process
 * that made it; after that, `beginSignIn` and its like throw `proof_void`.
 */
export interface Proof<Id extends UserId = UserId> {
  readonly userId: Id
  readonly method: Method
  /** Types only: an object that an application wrote down is not a proof. */
  readonly [proven]: true
}

/** What was proved, as text: enough to ask later, in another process, whether it still holds. It holds no secret. */
export interface Evidence<Id extends UserId = UserId> {
  userId: Id
  method: Method
  /** The key that a password or a provider proved. */
  key?: KeyName | undefined
  /** SHA-256 of what must not change meanwhile, such as the password hash or the row of a passkey. */
  mark?: string | undefined
  /** When the user proved it, in milliseconds, where it was not now: what a provider calls `auth_time`. */
  provenAt?: number | undefined
}

/** What {@link makeProof} takes. */
export interface NewProof<Id extends UserId> extends Evidence<Id> {
  /** Whose proofs these are, where one process has several kinds of users. Default `"user"` in every module. */
  realm: string
  /**
   * Asks the store whether what was proved still holds: that the password is the same, the passkey is there. Absent where
   * {@link Evidence} is enough to ask `createUsers`: that the user still exists, or that a new user has the same password.
   */
  stillHolds?: (() => Promise<boolean>) | undefined
}

/** A proof that was given and is spent by that. */
export interface SpentProof<Id extends UserId = UserId> {
  evidence: Evidence<Id>
  stillHolds?: (() => Promise<boolean>) | undefined
}

/** In milliseconds. Long enough to store a session, too short to be kept for another request. */
export const proofLifetime = 60_000

// The registry of symbols is shared by all copies of this package. Not enumerable: a copy of a proof is none.
const spend: unique symbol = Symbol.for("nightlatch.proof.1")

type Spend<Id extends UserId> = (realm: string) => SpentProof<Id> | string

/** Makes a proof. */
export function makeProof<Id extends UserId>(made: NewProof<Id>): Proof<Id> {
  const { realm, stillHolds, ...evidence } = made
  // Monotonic: a clock that is set back would keep a proof alive.
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
 * Spends a proof. Call it before the first `await`, so that of two callers one gets it. Throws `proof_void` for one that
 * was spent, is too old, is of another realm, or was not made by this package.
 */
export function spendProof<Id extends UserId>(proof: Proof<Id>, realm: string): SpentProof<Id> {
  const spendOnce = (proof as { [spend]?: Spend<Id> } | null | undefined)?.[spend]
  const spent = spendOnce
    ? spendOnce(realm)
    : "this is not a proof; pass what verifyPassword() or consumeToken() returned"
  if (typeof spent !== "string") return spent
  throw new AuthError("proof_void", `proof: ${spent}`)
}

/** Where modules keep their {@link Asked}: users, TOTP, passkeys. */
export const ask: unique symbol = Symbol.for("nightlatch.ask.1")

/** What can be asked whether evidence still holds, in a later request than the one that proved it. */
export interface Asked {
  readonly [ask]: (evidence: Evidence) => Promise<boolean>
}

import type { UserId } from "../core/ports.ts"

declare const proven: unique symbol

/** How a user proved who they are: by a password, or by signing up a moment ago. */
export type Method = "password" | "sign_up"

/** States that a user has proved who they are. Only this package makes one. */
export interface Proof<Id extends UserId = UserId> {
  readonly userId: Id
  readonly method: Method
  /** Types only: an object that an application wrote down is not a proof. */
  readonly [proven]: true
}

/** Makes a proof. */
export function makeProof<Id extends UserId>(userId: Id, method: Method): Proof<Id> {
  return { userId, method } as Proof<Id>
}

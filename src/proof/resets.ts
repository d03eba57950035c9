import type { UserId } from "../core/ports.ts"

/** A module that `resetAccess` of `nightlatch/users` calls to remove a user's ways to sign in. */
export interface Resettable<Id extends UserId = UserId> {
  resetUser(userId: Id, options?: { except?: string | undefined }): Promise<void>
  /** The port whose rows it deletes, named by a method such as `deleteTokens`. */
  readonly [resetsPort]?: string
}

/** The key under which a module names the port that it resets. All copies of this package share it. */
export const resetsPort: unique symbol = Symbol.for("nightlatch.resets.1")

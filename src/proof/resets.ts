import type { UserId } from "../core/ports.ts"

/** A module that `resetAccess` of `nightlatch/users` calls, to take away what a user could sign in with. */
export interface Resettable<Id extends UserId = UserId> {
  resetUser(userId: Id, options?: { except?: string | undefined }): Promise<void>
  /** The port whose rows it deletes, by a method's name, such as `deleteTokens`. */
  readonly [resetsPort]?: string
}

/** Where a module names the port that it resets. Shared by all copies of this package. */
export const resetsPort: unique symbol = Symbol.for("nightlatch.resets.1")

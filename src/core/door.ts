import type { SessionOptions } from "./expiry.ts"
import type { UserId } from "./ports.ts"

/** The key of an auth's {@link AuthDoor}. All copies of this package share the registry of symbols. */
export const door: unique symbol = Symbol.for("nightlatch.door.1")

/** Opens an auth for `createSignIn` and device binding. */
export type AuthDoor<S, Id extends UserId = UserId> = () => readonly [InsideAuth<S, Id>, DoorOptions]

/** An auth that ignores `proofsOnly`, and can write the library's columns. */
export interface InsideAuth<S, Id extends UserId = UserId> {
  createSession(userId: Id, attributes?: object): Promise<{ session: S; token: string }>
  validateSession(token: unknown): Promise<{ session: S } | { session: null }>
  rotateSession(token: unknown, attributes: object): Promise<{ session: S; token: string } | null>
  updateSession(sessionId: string, attributes: object, options?: { ifNull?: string | undefined }): Promise<boolean>
}

/** The options of `createAuth` that the library's modules read. */
export interface DoorOptions {
  /** Whether only `createSignIn` creates sessions. */
  proofsOnly?: boolean | undefined
  /** Chooses what the application sees of a session. `createSignIn` calls it to find out whether its columns are there. */
  getSessionAttributes?(attributes: object): object
  session?: SessionOptions | undefined
  now?: (() => number) | undefined
}

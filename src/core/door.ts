import type { SessionOptions } from "./expiry.ts"
import type { UserId } from "./ports.ts"

/** Where an auth keeps its {@link AuthDoor}. The registry of symbols is shared by all copies of this package. */
export const door: unique symbol = Symbol.for("nightlatch.door.1")

/** Opens an auth, for `createSignIn` and device binding. */
export type AuthDoor<S, Id extends UserId = UserId> = () => readonly [InsideAuth<S, Id>, DoorOptions]

/** An auth that makes sessions although `proofsOnly` is set, and writes the library's columns. */
export interface InsideAuth<S, Id extends UserId = UserId> {
  createSession(userId: Id, attributes?: object): Promise<{ session: S; token: string }>
  validateSession(token: unknown): Promise<{ session: S } | { session: null }>
  rotateSession(token: unknown, attributes: object): Promise<{ session: S; token: string } | null>
  updateSession(sessionId: string, attributes: object, options?: { ifNull?: string | undefined }): Promise<boolean>
}

/** What was given to `createAuth`, as far as the library's modules read it. */
export interface DoorOptions {
  /** Whether `createSignIn` alone makes sessions. */
  proofsOnly?: boolean | undefined
  /** What the application shows of a session. By it `createSignIn` learns whether its columns are there. */
  getSessionAttributes?(attributes: object): object
  session?: SessionOptions | undefined
  now?: (() => number) | undefined
}

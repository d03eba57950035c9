import type { AnyAuth, InferSession } from "../core/auth.ts"
import type { RequestIo } from "./request-io.ts"
import { checkKeeper, checkSnapshots } from "./snapshots.ts"
import type { SnapshotOptions } from "./snapshots.ts"

/** A request as far as binding reads it: its body is empty. */
export interface DeviceRequest {
  method: string
  headers: { get(name: string): string | null }
}

/** What a wrapper needs of `createDeviceBinding()` from `nightlatch/device`. */
export interface DeviceKeeper<S> {
  /** Where browsers register and refresh. */
  readonly path: string
  /** Answers browsers at {@link path}. */
  handler(request: DeviceRequest): Promise<Response>
  /** Resolves to when a request's browser last proved the key of its session; `null` if it did not. */
  // Not a method, so that the binding of another auth is a type error.
  readonly provenAt: (request: Pick<DeviceRequest, "headers">, session: S) => Promise<Date | null>
  /** The auth for one request: it looks for the proof of bound sessions, and offers to bind new ones. */
  guard<A extends AnyAuth>(auth: A, io: RequestIo): GuardedAuth<A>
}

/** An auth that {@link DeviceKeeper.guard} has made. */
export type GuardedAuth<A extends AnyAuth> = A & {
  /**
   * Called before the cookie of another token is written, `null` for none. Ends the session of the cookie that came if it
   * was refused and the new one is of the same user.
   */
  leaveSession(newToken: string | null): Promise<void>
}

/** What every wrapper takes to bind sessions to devices. */
export interface DeviceOptions<A extends AnyAuth> {
  /**
   * What `createDeviceBinding()` from `nightlatch/device` returned: offers to bind new sessions, and turns a bound one away
   * that comes without its proof.
   */
  device?: DeviceKeeper<InferSession<A>> | undefined
}

/** What a wrapper keeps besides the session. */
export interface Keepers<A extends AnyAuth> extends DeviceOptions<A>, SnapshotOptions<A> {}

/** Throws `invalid_option` for what `createSnapshots()` and `createDeviceBinding()` did not make. */
export function checkKeepers<A extends AnyAuth>({ snapshots, device }: Keepers<A>): void {
  checkSnapshots(snapshots)
  checkKeeper("device", device, "guard", "createDeviceBinding()")
}

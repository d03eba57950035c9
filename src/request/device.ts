import type { AnyAuth, InferSession } from "../core/auth.ts"
import type { Cookie } from "../core/cookie.ts"
import { invalidOption } from "../core/options.ts"
import type { RequestIo } from "./request-io.ts"
import { checkSnapshots } from "./snapshots.ts"
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
  guard<A extends AnyAuth>(auth: A, io: RequestIo): A
  /** The name of the header with which {@link guard} offers to bind a session. */
  readonly offerHeader: string
  /** Makes the cookie with which the proxy offers to bind a new session, where the response can carry no header. */
  offerCookie(token: string): Cookie
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
  if (device !== undefined && typeof device?.guard !== "function")
    throw invalidOption("device", device, "is not an instance; use what createDeviceBinding() returned")
}

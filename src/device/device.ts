import type { RequestAuth, SessionFields } from "../core/auth.ts"
import type { AuthDoor, door } from "../core/door.ts"
import type { Duration } from "../core/expiry.ts"
import type { UserId } from "../core/ports.ts"
import type { Secret } from "../envelope/secrets.ts"
import type { DeviceKeeper, DeviceRequest } from "../request/device.ts"
import type { BoundDevice } from "./device-key.ts"

/** The part of a session that says whether it is bound. */
export type BindableSession = SessionFields & BoundDevice & { authenticatedAt?: Date | null }

/** The part of an auth that binding needs. Its `getSessionAttributes` shows what `deviceKey()` reads. */
export interface BindableAuth<S extends BindableSession> extends Pick<
  RequestAuth<S, { id: UserId }, never, never>,
  "createBlankSessionCookie" | "emit" | "readSessionCookie"
> {
  readonly [door]: AuthDoor<S, never>
  withRequest(request: unknown): Pick<BindableAuth<S>, "emit">
}

/**
 * What becomes of a bound session's request without a proof. `observe` lets it in and reports `device_skipped`; `enforce`
 * takes the visitor for signed out, reports `device_refused`, and leaves the session as it is.
 */
export type DeviceMode = "observe" | "enforce"

/**
 * Why a request counts as one without a proof: the cookie was missing or not good, or the session was presented as a bearer
 * token. `forged`: a refresh was signed by another key than the session's. The last three are what the browser claims
 * (`Secure-Session-Skipped`); they excuse nothing.
 */
export type DeviceReason =
  "missing" | "expired" | "bearer" | "forged" | "quota_exceeded" | "unreachable" | "server_error"

/** What {@link createDeviceBinding} takes. */
export interface DeviceBindingOptions<S extends BindableSession> {
  auth: BindableAuth<S>
  /**
   * The first seals, all open. Each has at least 32 bytes: make it with `openssl rand -base64 32`. Keep an old one as long as
   * sessions last.
   */
  secrets: readonly (Secret | undefined)[]
  mode: DeviceMode
  /** How long a proof is good, and so how long a copied cookie works. Default `"10m"`, at least `"5m"`: browsers sign at most six times in nine minutes, for all hosts of a site together. */
  cookieLife?: Duration | undefined
  /** Where browsers register and refresh. Default `/auth/device`. */
  path?: string | undefined
}

/** When a browser proved its key for a request, or what makes it prove it now. */
export type DeviceCheck =
  | { provenAt: Date; redirect?: undefined }
  | {
      provenAt: null
      /** Return it: the browser proves its key, and sends the same request again. `null` where it cannot prove one. */
      redirect: Response | null
    }

/** Binds sessions to devices: give it to a wrapper and to the proxy as `device`. Its methods may be destructured. */
export interface DeviceBinding<S extends BindableSession> extends DeviceKeeper<S> {
  /**
   * Answers browsers that register or refresh: the route at `path`, for every method. Wrappers that see all requests call
   * it themselves. Throws `store_failed`.
   *
   * @example
   * export const POST = device.handler
   * export const GET = device.handler
   */
  handler(request: DeviceRequest): Promise<Response>
  /**
   * Resolves to the time at which the browser that sends this request last proved the key of its session; `null` if it has
   * not within `cookieLife`, and for a session that is bound to none. Reads only headers.
   */
  readonly provenAt: (request: Pick<DeviceRequest, "headers">, session: S) => Promise<Date | null>
  /**
   * Asks for a proof that is at most `within` old, default `"2m"`. A browser makes one without asking its user, who proves
   * nothing by it: it says that this is the machine that signed in. Where there is no proof and no way to one, ask the user.
   *
   * Use a shorter `within` for rare requests only: a browser that has signed six times in nine minutes makes no proof, and
   * with `enforce` its user is signed out until it may sign again.
   *
   * @example
   * const { provenAt, redirect } = await device.prove(request, session)
   * if (!provenAt) return redirect ?? askForPassword()
   */
  prove(request: Request, session: S, options?: { within?: Duration | undefined }): Promise<DeviceCheck>
}

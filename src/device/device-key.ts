import { checkOption } from "../core/options.ts"
import { hashText } from "../platform/crypto.ts"

/** The session column that holds the key of a bound session, for `sessionColumns` of `schema`. */
export const deviceColumns = { device_key: "TEXT" } as const

/** The column of {@link deviceColumns} as a store returns it. */
export interface DeviceRow {
  device_key?: string | null
}

/** Whether a session is bound to a device. */
export interface BoundDevice {
  /** The public key that the session is bound to, and since when; `null` while it is bound to none. No secret. */
  deviceKey: string | null
}

/**
 * Reads {@link deviceColumns}, for `getSessionAttributes`.
 *
 * @example
 * const auth = createAuth({ adapter, getSessionAttributes: (row) => ({ ...deviceKey(row), label: row.label }) })
 */
export function deviceKey(row: DeviceRow): BoundDevice {
  return { deviceKey: row.device_key ?? null }
}

/** The key that a session is bound to. Throws `invalid_option` if the application does not show it. */
export function boundKeyOf({ deviceKey }: BoundDevice): string | null {
  checkOption("session.deviceKey", deviceKey, deviceKey !== undefined, notShown)
  return deviceKey
}

const notShown = "is missing; use deviceColumns, and deviceKey() in createAuth()"

/** The end of the name of the cookie that says that a browser has proved a key. */
export function suffixOf(key: string): string {
  return `-${hashText(key).slice(0, 8)}`
}

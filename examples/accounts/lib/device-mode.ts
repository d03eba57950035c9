import type { DeviceMode } from "nightlatch/device"

/** Whether a copied session cookie is refused, from `DEVICE_BINDING`. */
export function deviceMode(): DeviceMode {
  const mode = process.env.DEVICE_BINDING || "observe"
  if (mode === "observe" || mode === "enforce") return mode
  throw new Error(`DEVICE_BINDING is ${JSON.stringify(mode)}: use "observe" or "enforce".`)
}

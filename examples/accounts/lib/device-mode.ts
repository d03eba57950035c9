import type { DeviceMode } from "nightlatch/device"

/** What becomes of a copied session cookie: `DEVICE_BINDING` says it. */
export function deviceMode(): DeviceMode {
  const mode = process.env.DEVICE_BINDING || "observe"
  if (mode === "observe" || mode === "enforce") return mode
  throw new Error(`DEVICE_BINDING is ${JSON.stringify(mode)}: use "observe" or "enforce".`)
}

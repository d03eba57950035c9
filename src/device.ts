export { createDeviceBinding } from "./device/create-device-binding.ts"
export { deviceColumns, deviceKey } from "./device/device-key.ts"
export type { BoundDevice, DeviceRow } from "./device/device-key.ts"
export type {
  BindableAuth,
  BindableSession,
  DeviceBinding,
  DeviceBindingOptions,
  DeviceCheck,
  DeviceMode,
  DeviceReason,
} from "./device/device.ts"

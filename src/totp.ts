export { createRecoveryCodes } from "./totp/create-recovery-codes.ts"
export { createTotp } from "./totp/create-totp.ts"

export type { Proof } from "./proof/proof.ts"
export type {
  CodeRefusal,
  RecoveryCodes,
  RecoveryCodesOptions,
  Totp,
  TotpConfirmation,
  TotpEnrollment,
  TotpOptions,
  TotpReason,
  TotpsAdapter,
} from "./totp/totp.ts"
export type { TotpAdapter, TotpRecord } from "./totp/totp-port.ts"

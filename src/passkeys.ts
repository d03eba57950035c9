export { createPasskeys } from "./passkeys/create-passkeys.ts"

export type { Proof } from "./proof/proof.ts"
export type {
  OwnedPasskey,
  PasskeyAdapter,
  PasskeyAlgorithm,
  PasskeyRecord,
  PasskeyUse,
} from "./passkeys/passkey-port.ts"
export type {
  NewPasskey,
  Passkey,
  PasskeyAnswer,
  PasskeyCreationOptions,
  PasskeyDescriptor,
  PasskeyRequestOptions,
  Passkeys,
  PasskeysAdapter,
  PasskeysOptions,
} from "./passkeys/passkeys.ts"
export type { RegistrationResponse, SignInResponse } from "./passkeys/responses.ts"
export type {
  Expected,
  ExpectedPasskey,
  PasskeyVerifier,
  VerifiedRegistration,
  VerifiedUse,
} from "./passkeys/verifier.ts"

export { assurance, assuranceColumns } from "./sign-in/assurance.ts"
export type { Assurance, AssuranceRow } from "./sign-in/assurance.ts"
export { createSignIn } from "./sign-in/create-sign-in.ts"
export type { Factor } from "./sign-in/kinds.ts"
export type {
  BegunSignIn,
  FactorSource,
  ProofsOnlyAuth,
  SecondFactorRefusal,
  SignIn,
  SignInOptions,
} from "./sign-in/sign-in.ts"
export type { Method, Proof } from "./proof/proof.ts"

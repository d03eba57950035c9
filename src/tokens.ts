export { createTokens } from "./tokens/create-tokens.ts"
export { purpose } from "./tokens/purpose.ts"

export type { Method, Proof } from "./proof/proof.ts"
export type { AnyPurpose, Purpose, PurposeOptions } from "./tokens/purpose.ts"
export type { ReplacedTokens, TokenAdapter, TokenRecord } from "./tokens/token-port.ts"
export type {
  CodeOptions,
  ConsumedToken,
  PeekedToken,
  Purposes,
  TokenRefusal,
  TokenRequest,
  Tokens,
  TokensAdapter,
  TokensOptions,
} from "./tokens/tokens.ts"

export { createStatelessAuth } from "./stateless/create-stateless-auth.ts"

export type { StatelessAuth, StatelessAuthOptions } from "./stateless/auth.ts"
export type { Revocations } from "./stateless/revocations.ts"
export type { StandardResult, StandardSchema } from "./stateless/schema.ts"
export type { Secret } from "./stateless/secrets.ts"

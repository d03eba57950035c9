// The package has no types. These are the parts that the tests use.
declare module "oidc-provider" {
  import type { RequestListener } from "node:http"

  export interface Configuration {
    clients: object[]
    clientAuthMethods: string[]
    claims: Record<string, string[]>
    cookies: { keys: string[] }
    jwks: { keys: object[] }
    ttl: Record<string, number>
    findAccount(context: unknown, id: string): { accountId: string; claims(): Record<string, unknown> }
  }

  export class Provider {
    constructor(issuer: string, configuration: Configuration)
    callback(): RequestListener
  }
}

// The package has no types. These are the parts that the toy provider uses.
declare module "oidc-provider" {
  import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"

  export interface Context {
    oidc: {
      result?: { login?: object }
      client?: { clientId: string }
      session?: { accountId?: string }
      params?: { scope?: string }
      provider: Provider
    }
  }

  export interface Grant {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }

  export class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>)
    callback(): RequestListener
    Grant: new (properties: { clientId?: string; accountId?: string }) => Grant
    interactionDetails(req: IncomingMessage, res: ServerResponse): Promise<{ uid: string }>
    interactionFinished(req: IncomingMessage, res: ServerResponse, result: object, options: object): Promise<void>
  }

  export const interactionPolicy: {
    base(): { get(name: string): { checks: { add(check: object): void } } }
    Check: new (reason: string, description: string, check: (context: Context) => boolean) => object
  }
}

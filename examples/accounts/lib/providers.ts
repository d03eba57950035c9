import { randomBytes } from "node:crypto"
import { site } from "./site"

/** A provider that visitors can sign in with. */
export interface ProviderChoice {
  id: string
  label: string
  issuer: string
  clientId: string
  clientSecret: string
  /** Whether the provider proves addresses before it reports them as verified. */
  provesEmail: boolean
}

// The local provider and its client share one process and this secret.
const shared = globalThis as { exampleProviderSecret?: string }

/** Whether the toy provider of `lib/toy-provider.ts` runs. It signs visitors in as anyone: never use it on a server. */
export const hasToyProvider = process.env.NODE_ENV !== "production" || process.env.PROVIDER === "local"

export const toyProviderPort = Number(process.env.PROVIDER_PORT) || 3001

/** The configured providers. Accounts store the ids, so never change them. */
export const providerChoices: ProviderChoice[] = [...toyProvider(), ...configuredProvider()]

function toyProvider(): ProviderChoice[] {
  if (!hasToyProvider) return []
  const clientSecret = (shared.exampleProviderSecret ??= randomBytes(32).toString("base64url"))
  // Not "localhost", because all ports of a host share their cookies.
  const issuer = `http://127.0.0.1:${toyProviderPort}`
  return [{ id: "example-id", label: "Example ID", issuer, clientId: "accounts", clientSecret, provesEmail: true }]
}

function configuredProvider(): ProviderChoice[] {
  const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_LABEL, OIDC_PROVES_EMAIL } = process.env
  if (!OIDC_ISSUER || !OIDC_CLIENT_ID || !OIDC_CLIENT_SECRET) return []
  const client = { issuer: OIDC_ISSUER, clientId: OIDC_CLIENT_ID, clientSecret: OIDC_CLIENT_SECRET }
  return [{ id: "oidc", label: OIDC_LABEL || "OpenID", ...client, provesEmail: OIDC_PROVES_EMAIL === "yes" }]
}

/** The URL to which a provider sends visitors back. Register it there. */
export function callbackOf(providerId: string): string {
  return new URL(`/oauth/${providerId}/callback`, site).href
}

/** Finds a provider by the id in a form or URL. */
export function providerNamed(id: string): ProviderChoice | undefined {
  return providerChoices.find((provider) => provider.id === id)
}

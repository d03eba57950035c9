import { randomBytes } from "node:crypto"
import { site } from "./site"

/** A provider that visitors can sign in with. */
export interface ProviderChoice {
  id: string
  label: string
  issuer: string
  clientId: string
  clientSecret: string
  /** Whether the provider proves addresses before it says that they are verified. */
  provesEmail: boolean
}

// The local provider and its client are in one process, and agree on a secret there.
const shared = globalThis as { exampleProviderSecret?: string }

/** Whether the toy provider of `lib/toy-provider.ts` runs. Whoever reaches it can be anyone, so never on a real server. */
export const hasToyProvider = process.env.NODE_ENV !== "production" || process.env.PROVIDER === "local"

export const toyProviderPort = Number(process.env.PROVIDER_PORT) || 3001

/** The providers that are configured. Their ids are stored with the accounts: never change them. */
export const providerChoices: ProviderChoice[] = [...toyProvider(), ...configuredProvider()]

function toyProvider(): ProviderChoice[] {
  if (!hasToyProvider) return []
  const clientSecret = (shared.exampleProviderSecret ??= randomBytes(32).toString("base64url"))
  // Another site than "localhost", whose cookies are those of all ports.
  const issuer = `http://127.0.0.1:${toyProviderPort}`
  return [{ id: "example-id", label: "Example ID", issuer, clientId: "accounts", clientSecret, provesEmail: true }]
}

function configuredProvider(): ProviderChoice[] {
  const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_LABEL, OIDC_PROVES_EMAIL } = process.env
  if (!OIDC_ISSUER || !OIDC_CLIENT_ID || !OIDC_CLIENT_SECRET) return []
  const client = { issuer: OIDC_ISSUER, clientId: OIDC_CLIENT_ID, clientSecret: OIDC_CLIENT_SECRET }
  return [{ id: "oidc", label: OIDC_LABEL || "OpenID", ...client, provesEmail: OIDC_PROVES_EMAIL === "yes" }]
}

/** Where a provider sends visitors back to. Register it there. */
export function callbackOf(providerId: string): string {
  return new URL(`/oauth/${providerId}/callback`, site).href
}

/** Finds a provider by what a form or an address says. */
export function providerNamed(id: string): ProviderChoice | undefined {
  return providerChoices.find((provider) => provider.id === id)
}

import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import type { AuthEvent } from "../../src/index.ts"
import { createAuth } from "../../src/index.ts"
import { createOAuth, oidcProvider } from "../../src/oauth.ts"
import type { OAuthProfile, OAuthResult, OidcOptions } from "../../src/oauth.ts"
import { createTokens } from "../../src/tokens.ts"
import { createUsers } from "../../src/users.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { recordCalls } from "../sign-in/set-up.ts"
import { ada, startHostileProvider } from "./hostile-provider.ts"
import type { Behaviour, HostileProvider } from "./hostile-provider.ts"

export interface UserRow {
  id: string
  username: string
}

export const minute = 60_000

/** What a test changes of {@link openApp}. */
export interface AppChanges {
  fetch?: typeof fetch
  provider?: Partial<OidcOptions<OAuthProfile>>
  redirectUri?: (providerId: string, client: string) => string
}

export type App = ReturnType<typeof openApp>

/** An application over a store in memory that offers to sign in at one provider, or at several. */
export function openApp(providers: HostileProvider[], { fetch, provider, redirectUri = ownUri }: AppChanges = {}) {
  let shift = 0
  const now = () => Date.now() + shift
  const calls: string[] = []
  const events: AuthEvent[] = []
  const memory = memoryAdapter<UserRow>()
  const adapter = recordCalls(memory, calls)
  const onEvent = (event: AuthEvent) => void events.push(event)
  const auth = createAuth({ adapter, now, onEvent })
  const tokens = createTokens({ adapter, purposes: {}, now })
  const users = createUsers<UserRow>({ adapter, passwordHasher: countingHasher(), auth, now })
  const oauth = createOAuth({
    providers: providers.map(({ issuer, clientId, clientSecret }, n) =>
      oidcProvider({ id: `idp-${n}`, issuer, clientId, clientSecret, provesEmail: true, ...provider }),
    ),
    redirectUri,
    users,
    tokens,
    auth,
    now,
    ...(fetch ? { fetch } : {}),
  })

  /** Goes to a provider and back, as a visitor does who lets it happen. */
  async function signIn({ n = 0, flow }: { n?: number; flow?: string } = {}): Promise<OAuthResult> {
    const started = await oauth.startOAuth({ providerId: `idp-${n}`, intent: "sign_in" })
    const callback = await providers[n]!.visit(started.url)
    return oauth.completeOAuth({ providerId: `idp-${n}`, callback, flow: flow ?? started.flow })
  }

  /** The rows that were stored, except the mark that a flow was used. Reading stores nothing. */
  const stored = () => calls.filter((name) => /^(insert(?!Tokens)|replace|update|rename)/.test(name))
  const advance = (milliseconds: number) => void (shift += milliseconds)
  return { oauth, auth, users, tokens, memory, calls, events, advance, signIn, stored }
}

function ownUri(providerId: string, client: string): string {
  return `https://${client}.app.example/auth/${providerId}`
}

/** Two providers for the tests of a file, both honest at the start of each test. */
export function useProviders(): HostileProvider[] {
  const providers: HostileProvider[] = []
  beforeAll(async () => void providers.push(await startHostileProvider(), await startHostileProvider()))
  beforeEach(() => {
    for (const provider of providers) {
      provider.behave()
      provider.signInAs(ada)
      provider.requests.splice(0)
    }
  })
  afterAll(() => Promise.all(providers.map((provider) => provider.close())))
  afterEach(() => expect(providers.flatMap(({ requests }) => requests.filter(isUnprotected))).toEqual([]))
  return providers
}

/** A request for tokens without a verifier would be open to an injected code. */
function isUnprotected({ path, body }: { path: string; body: URLSearchParams }): boolean {
  return path === "/token" && !body.get("code_verifier")
}

/** Runs a sign-in at a provider that behaves so, and expects a refusal that leaves nothing behind. */
export async function expectRefused(
  provider: HostileProvider,
  behaviour: Partial<Behaviour>,
  reason: string = "provider_failed",
): Promise<App> {
  const app = openApp([provider])
  provider.behave(behaviour)
  expect(await app.signIn()).toEqual({ outcome: "refused", reason })
  expect(app.stored()).toEqual([])
  return app
}

/** Runs a sign-in at a provider that behaves so, and expects that it works. */
export async function expectAccepted(provider: HostileProvider, behaviour: Partial<Behaviour> = {}): Promise<App> {
  const app = openApp([provider])
  provider.behave(behaviour)
  expect(await app.signIn()).toMatchObject({ outcome: "unknown", profile: { providerUserId: "ada-at-provider" } })
  return app
}

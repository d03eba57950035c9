import { AuthError } from "../core/errors.ts"
import { checkOption, checkOptions, invalidOption } from "../core/options.ts"
import type { KeyName, UserId } from "../core/ports.ts"
import { libraryTokens } from "../proof/library-tokens.ts"
import { ask, makeProof } from "../proof/proof.ts"
import { nullIfUserMissing } from "../proof/user-missing.ts"
import { browserFlows } from "./browser-flows.ts"
import type { Asking } from "./browser-flows.ts"
import { checkId } from "./client.ts"
import { checkEndpoint } from "./endpoint.ts"
import { challengeOf, deriveValues, hasState, newFlow, parseFlow } from "./flow-value.ts"
import type { Flow } from "./flow-value.ts"
import { guardFetch } from "./guarded-fetch.ts"
import type {
  AnyProfile,
  AskingSession,
  CompleteOAuth,
  OAuth,
  OAuthOptions,
  OAuthRefusal,
  OAuthResult,
  StartOAuth,
} from "./oauth.ts"
import { checkProfile } from "./profile.ts"
import type { ExchangeFlow, OAuthProvider } from "./provider.ts"
import { problemOf, refuse } from "./refusal.ts"
import { relayForm } from "./relay.ts"

const purpose = ":oauth"
/** In milliseconds: how long a flow lives, and how long ago a user may have proved who they are, to link or confirm. */
const lifetime = 600_000

/** What it means for a link that a key was not created. */
const linkRefusals: Record<string, OAuthRefusal> = { key_taken: "key_taken", session_ended: "mismatch" }

/**
 * Signs users in with their accounts at providers, over OAuth 2.0 and OpenID Connect, and links such accounts to users. It
 * needs the package oauth4webapi.
 *
 * Throws `invalid_option` for providers or redirect URIs that are invalid or not unique, and `missing_port` for modules
 * that were not made by this package.
 *
 * @example
 * const oauth = createOAuth({
 *   providers: [githubProvider({ clientId, clientSecret })],
 *   redirectUri: (id) => `https://example.com/sign-in/${id}/callback`,
 *   users,
 *   tokens,
 *   auth,
 * })
 * const url = await oauth.beginOAuth(authRequest, { providerId: "github", intent: "sign_in" })
 * // At the callback:
 * const result = await oauth.finishOAuth(authRequest, { providerId: "github", callback: new URL(request.url) })
 */
export function createOAuth<const Providers extends readonly OAuthProvider[], Id extends UserId>(
  options: OAuthOptions<Providers, Id>,
): OAuth<AnyProfile<Providers>, Id> {
  checkOptions("createOAuth()", options, "providers", "redirectUri", "users", "tokens", "auth", "realm", "fetch", "now")
  const { providers, users, tokens, auth, realm = "user", now = Date.now } = options
  const ids = providers.map(({ id }) => id)
  ids.forEach((id, at) => checkId(`providers[${at}].id`, id))
  if (!users?.[ask] || !tokens?.[libraryTokens])
    throw new AuthError("missing_port", "users, tokens: use createUsers() and createTokens()")
  const store = tokens[libraryTokens]
  const fetch = guardFetch(options.fetch)
  const uris = ids.map((id) => redirectUriOf(id, "web"))
  type P = AnyProfile<Providers>
  type Result = OAuthResult<P, Id>
  /** A flow, the session that it is bound to, and what it sends to the provider. */
  type Opened = Flow & { session: AskingSession<Id> | null; values: ExchangeFlow }

  return {
    ...browserFlows<P, Id>(auth, start, complete),
    async startOAuth(given) {
      checkOptions("startOAuth()", given, "providerId", "intent", "next", "client", "session")
      const { url, flow } = await start(given, () => given.session)
      return { url, flow }
    },
    async completeOAuth(given) {
      checkOptions("completeOAuth()", given, "providerId", "callback", "flow", "session")
      return complete(given, () => given.session ?? null)
    },
    redeemTicket,
    relay: (request) => relayForm(request, uris),
  }

  async function start(begin: StartOAuth<Id>, asking: Asking<Id>) {
    const { providerId, intent, client = "web" } = begin
    const provider = providerOf(providerId)
    const isIntent = /^(sign_in|link|confirm)$/.test(intent)
    checkOption("intent", intent, isIntent, 'is not one; use "sign_in", "link" or "confirm"')
    checkOption("client", client, /^[\w-]{1,40}$/.test(client), 'is not a name; use up to 40 of a-z, 0-9, "-" and "_"')
    redirectUriOf(providerId, client)
    const flow = newFlow({ ...begin, client, issuedAt: Math.floor(now()) })
    const { codeVerifier, ...values } = (await open(providerId, flow, asking))!.values
    const codeChallenge = challengeOf(codeVerifier)
    const asked = { ...values, codeChallenge, ...(intent === "confirm" && { maxAge: lifetime / 1000 }) }
    try {
      return { url: await provider.authorizationUrl(asked), flow, state: values.state }
    } catch (cause) {
      throw new AuthError("provider_failed", `The provider failed: ${problemOf(cause)}`, { cause })
    }
  }

  async function complete(given: CompleteOAuth<Id>, asking: Asking<Id>): Promise<Result> {
    const { providerId, callback } = given
    const provider = providerOf(providerId)
    const opened = await open(providerId, given.flow, asking)
    if (!opened) return refuse("mismatch")
    const refusal = await refusalOf(callback, opened)
    if (refusal) return refusal
    // async, so that what a provider throws at once rejects.
    const exchanged = (async () => checkProfile(await provider.exchange(callback, opened.values)))()
    return exchanged.then(
      // The profile is of one of the providers.
      (profile) => decide(opened, providerId, profile as P),
      (error: unknown) => refuse("provider_failed", problemOf(error)),
    )
  }

  /** Reads a flow and derives what it sends to the provider. `null` if `start` cannot have made it. */
  async function open(providerId: string, text: unknown, asking: Asking<Id>): Promise<Opened | null> {
    const flow = parseFlow(text)
    const redirectUri = flow && redirectUriFor(providerId, flow.client)
    if (!redirectUri) return null
    const session = flow.intent === "sign_in" ? null : await asking()
    const isSession = session === null || session?.createdAt instanceof Date
    checkOption("session", session, isSession, "is not a session; use what validateSession() returned")
    const values = await deriveValues(flow, { providerId, redirectUri, session: session! })
    return { ...flow, session: session!, values: { ...values, redirectUri, fetch } }
  }

  /** Looks at all that can be known before the provider is asked. */
  async function refusalOf(callback: URL, { issuedAt, intent, session, values }: Opened) {
    if ((!session && intent !== "sign_in") || !hasState(callback, values.state)) return refuse("mismatch")
    if (!isRecent(issuedAt)) return refuse("expired")
    const error = callback.searchParams.get("error")
    if (error !== null) return refuse(/denied|cancel/.test(error) ? "denied" : "provider_failed", error.slice(0, 100))
    if (intent === "link" && !isRecent(provenAtOf(session!))) return refuse("not_recent")
    // Once, even if a callback is sent twice at the same time.
    return (await store.use(purpose, values.state, "20m")) ? null : refuse("mismatch")
  }

  async function decide({ intent, next, session }: Opened, providerId: string, profile: P): Promise<Result> {
    const { providerUserId, authenticatedAt } = profile
    const name = { providerId, providerUserId }
    if (intent === "link") return link(session!, name, next)
    const key = await users.getKey(name)
    if (session && key?.userId !== session.userId) return refuse("mismatch")
    if (session && !isRecent(authenticatedAt)) return refuse("not_recent")
    if (!key) return { outcome: "unknown", ticket: await newTicket(name, profile), profile, next }
    const provenAt = authenticatedAt?.getTime()
    const proof = makeProof({ realm, userId: key.userId, method: "oauth", key: name, provenAt })
    return { outcome: "known", proof, next }
  }

  async function link({ userId, id }: AskingSession<Id>, name: KeyName, next: string): Promise<Result> {
    // A stateless auth has no list of sessions to look the session up in.
    const asking = auth.getUserSessions ? { userId, sessionId: id } : { userId }
    type Created = { key: (KeyName & { userId: Id }) | null; reason?: string } | null
    const created: Created = await users.createKey({ ...name, ...asking }).catch(nullIfUserMissing)
    if (!created) return refuse("mismatch")
    const key = created.reason === "key_taken" ? await users.getKey(name) : created.key
    if (key?.userId === userId) return { outcome: "linked", key, next }
    return refuse(linkRefusals[created.reason!] ?? "provider_failed")
  }

  async function newTicket(name: KeyName, profile: P): Promise<string> {
    const data = JSON.stringify([realm, name, profile])
    const [ticket] = await store.create(purpose, { userId: null, data, expiresIn: "10m" })
    return ticket!
  }

  async function redeemTicket(ticket: unknown) {
    const taken = await store.take(purpose, ticket)
    // Its data is encrypted under the ticket, so nobody else has written it. The mark of a used flow has none.
    const [own, key, profile] = JSON.parse(taken?.data || "[]") as [realm: string, key: KeyName, profile: P]
    if (own !== realm) return null
    profile.authenticatedAt &&= new Date(profile.authenticatedAt)
    return { key, profile }
  }

  /** Returns whether a time is at most 10 minutes ago, or as far ahead: the clocks of two servers differ. */
  function isRecent(time: Date | number | null): boolean {
    return time !== null && Math.abs(now() - Number(time)) <= lifetime
  }

  function providerOf(id: string): OAuthProvider {
    const provider = providers.find((provider) => provider.id === id)
    if (provider) return provider
    throw invalidOption("providerId", id, `is not one of your providers; use ${ids.join(", ")}`)
  }

  /** `null` if no flow was started with this client: anyone who holds a flow can change it. */
  function redirectUriFor(id: string, client: string): string | null {
    try {
      return redirectUriOf(id, client)
    } catch {
      return null
    }
  }

  /** Two providers with one redirect URI could be mixed up: a code of one would be given to the other (RFC 9700, 4.4). */
  function redirectUriOf(id: string, client: string): string {
    const uri = options.redirectUri(id, client)
    const isOfApp = client !== "web" && /^(?!https?:|javascript:|data:)[a-z][\w+.-]*:[^#]+$/i.test(uri)
    if (!isOfApp) checkEndpoint(`redirectUri("${id}", "${client}")`, uri)
    const sharing = ids.filter((each) => options.redirectUri(each, client) === uri)
    checkOption("redirectUri", uri, sharing.length === 1, "is that of two providers; give each its own id and address")
    return uri
  }
}

/** `null` is stored for a session that was made without a proof, or before the column was there. */
function provenAtOf({ createdAt, authenticatedAt }: AskingSession): Date {
  return authenticatedAt ?? createdAt
}

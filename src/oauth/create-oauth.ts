import type { AnyAuth } from "../core/auth.ts"
import { AuthError, isAuthError } from "../core/errors.ts"
import { checkOption, checkOptions, invalidOption } from "../core/options.ts"
import type { KeyName, UserId } from "../core/ports.ts"
import { libraryTokens } from "../proof/library-tokens.ts"
import { ask, makeProof } from "../proof/proof.ts"
import type { FlowRequest } from "../request/flow.ts"
import { checkEndpoint } from "./endpoint.ts"
import {
  challengeOf,
  cookieNameOf,
  deriveValues,
  hasState,
  isRecent,
  newFlow,
  parseFlow,
  writeFlow,
} from "./flow-value.ts"
import type { Flow, FlowValues } from "./flow-value.ts"
import { guardFetch } from "./guarded-fetch.ts"
import type {
  AnyProfile,
  AskingSession,
  BeginOAuth,
  CompleteOAuth,
  OAuth,
  OAuthOptions,
  OAuthRefusal,
  OAuthResult,
  StartOAuth,
} from "./oauth.ts"
import { checkProfile } from "./profile.ts"
import type { OAuthProvider } from "./provider.ts"
import { relayForm } from "./relay.ts"

const purpose = ":oauth"
const prefix = "oauth-"
const maxFlows = 5
/** In seconds: how old a sign-in at the provider may be that confirms one here. */
const maxAge = 600

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
  type P = AnyProfile<Providers>
  const ids = providers.map(({ id }) => id)
  if (!users?.[ask] || !tokens?.[libraryTokens])
    throw new AuthError("missing_port", "users, tokens: use createUsers() and createTokens()")
  const store = tokens[libraryTokens]
  const fetch = guardFetch(options.fetch)
  const uris = ids.map((id) => redirectUriOf(id, "web"))
  const relay = (request: Request) => relayForm(request, uris)

  return { beginOAuth, finishOAuth, startOAuth, completeOAuth, redeemTicket, relay }

  async function beginOAuth<A extends AnyAuth>(request: FlowRequest<A>, begin: BeginOAuth): Promise<URL> {
    checkOptions("beginOAuth()", begin, "providerId", "intent", "next")
    // A redirect there fails, so the browser drops what it has prepared and asks again when the user comes.
    if (await request.prefetch) return new URL("about:blank")
    const session = begin.intent === "sign_in" ? null : await askingOf(request, begin.intent)
    const { url, flow, state } = await start({ ...begin, session })
    await dropOldFlows(request)
    await request.setFlow(cookieNameOf(state), flow)
    return url
  }

  async function askingOf<A extends AnyAuth>(request: FlowRequest<A>, intent: string) {
    // A link that another site shows would otherwise start it.
    const method = await request.method
    checkOption("flow.method", method, method === "POST", `cannot begin "${intent}"; use a form with method="post"`)
    const { sameSite } = auth.createBlankSessionCookie().attributes
    const comesBack = sameSite !== "strict"
    checkOption("cookie.sameSite", sameSite, comesBack, `is not sent with a callback; use "lax" for "${intent}"`)
    return sessionOf(request)
  }

  async function sessionOf<A extends AnyAuth>(request: FlowRequest<A>) {
    const member: { session: unknown } | null = await request.validate()
    // The sessions of the auth are those of its users.
    return member && (member.session as AskingSession<Id>)
  }

  async function startOAuth(given: StartOAuth<Id>) {
    const { url, flow } = await start(given)
    return { url, flow }
  }

  async function start(given: StartOAuth<Id>) {
    checkOptions("startOAuth()", given, "providerId", "intent", "next", "client", "session")
    const { providerId, intent, client = "web" } = given
    const provider = providerOf(providerId)
    checkOption(
      "intent",
      intent,
      /^(sign_in|link|confirm)$/.test(intent),
      'is not one; use "sign_in", "link" or "confirm"',
    )
    checkOption("client", client, /^[\w-]{1,40}$/.test(client), 'is not a name; use up to 40 of a-z, 0-9, "-" and "_"')
    const session = sessionFor(intent, given.session)
    const redirectUri = redirectUriOf(providerId, client)
    const flow = newFlow({ issuedAt: now(), intent, client }, given.next)
    const { state, nonce, codeVerifier } = await deriveValues(flow, { providerId, redirectUri, session })
    const codeChallenge = challengeOf(codeVerifier)
    const asked = { redirectUri, state, nonce, codeChallenge, fetch, ...(intent === "confirm" && { maxAge }) }
    const url = await provider.authorizationUrl(asked).catch((cause: unknown) => {
      throw new AuthError("provider_failed", `The provider failed: ${problemOf(cause)}`, { cause })
    })
    return { url, flow: writeFlow(flow), state }
  }

  async function finishOAuth<A extends AnyAuth>(
    request: FlowRequest<A>,
    { providerId, callback }: { providerId: string; callback: URL },
  ): Promise<OAuthResult<P, Id>> {
    const name = cookieNameOf(callback.searchParams.get("state") ?? "")
    const flow = (await request.prefetch) ? null : await request.readFlow(name)
    if (flow === null) return refuse("mismatch")
    await request.setFlow(name, null)
    const session = parseFlow(flow)?.intent === "sign_in" ? null : await sessionOf(request)
    return completeOAuth({ providerId, callback, flow, session })
  }

  async function completeOAuth(complete: CompleteOAuth<Id>): Promise<OAuthResult<P, Id>> {
    checkOptions("completeOAuth()", complete, "providerId", "callback", "flow", "session")
    const { providerId, callback } = complete
    const provider = providerOf(providerId)
    const flow = parseFlow(complete.flow)
    // An application without links need not look for a session, whatever flow a visitor sends.
    const session = flow && sessionFor(flow.intent, complete.session ?? null)
    const redirectUri = flow && redirectUriFor(providerId, flow.client)
    if (!redirectUri || (flow.intent !== "sign_in" && !session)) return refuse("mismatch")
    const values = await deriveValues(flow, { providerId, redirectUri, session })
    const refusal = await refusalOf(callback, values, flow, session)
    if (refusal) return refuse(...refusal)
    let problem = "there is no user id in the answer"
    const given = await provider.exchange(callback, { redirectUri, fetch, ...values }).catch((error: unknown) => {
      problem = problemOf(error)
      return null
    })
    const profile = checkProfile(given)
    // The profile is of one of the providers.
    return profile ? decide(flow, session, providerId, profile as P) : refuse("provider_failed", problem)
  }

  /** Looks at all that can be known before the provider is asked. */
  async function refusalOf(
    callback: URL,
    { state }: FlowValues,
    flow: Flow,
    session: AskingSession<Id> | null,
  ): Promise<[OAuthRefusal, problem?: string] | null> {
    if (!hasState(callback, state)) return ["mismatch"]
    if (!isRecent(flow.issuedAt, now())) return ["expired"]
    const error = callback.searchParams.get("error")
    if (error !== null) return [/denied|cancel/.test(error) ? "denied" : "provider_failed", error.slice(0, 100)]
    if (flow.intent === "link" && !isRecent(provenAtOf(session!), now())) return ["not_recent"]
    // Once: what is sent twice at the same time too.
    return (await store.use(purpose, state, "20m")) ? null : ["mismatch"]
  }

  async function decide(
    { intent, next }: Flow,
    session: AskingSession<Id> | null,
    providerId: string,
    profile: P,
  ): Promise<OAuthResult<P, Id>> {
    const { providerUserId, authenticatedAt } = profile
    const name = { providerId, providerUserId }
    if (intent === "link") return link(session!, name, next)
    const key = await users.getKey(name)
    if (session && key?.userId !== session.userId) return refuse("mismatch")
    if (session && !isRecent(authenticatedAt, now())) return refuse("not_recent")
    if (!key) return { outcome: "unknown", ticket: await newTicket(providerId, profile), profile, next }
    const provenAt = authenticatedAt?.getTime()
    return {
      outcome: "known",
      proof: makeProof({ realm, userId: key.userId, method: "oauth", key: name, provenAt }),
      next,
    }
  }

  async function link({ userId, id }: AskingSession<Id>, name: KeyName, next: string): Promise<OAuthResult<P, Id>> {
    // Of a stateless auth no list of sessions can be asked.
    const asking = typeof auth.getUserSessions === "function" ? { userId, sessionId: id } : { userId }
    const created = await users.createKey({ ...name, ...asking })
    if (created.key) return { outcome: "linked", key: created.key, next }
    if (created.reason !== "key_taken")
      return refuse(created.reason === "session_ended" ? "mismatch" : "provider_failed")
    const key = await users.getKey(name)
    return key?.userId === userId ? { outcome: "linked", key, next } : refuse("key_taken")
  }

  async function newTicket(providerId: string, profile: P): Promise<string> {
    const data = JSON.stringify({ realm, providerId, profile })
    const [ticket] = await store.create(purpose, { userId: null, data, expiresIn: "10m" })
    return ticket!
  }

  async function redeemTicket(ticket: unknown) {
    const taken = await store.take(purpose, ticket)
    const { data } = taken ?? {}
    if (!data) return null
    // Its data is encrypted under the ticket, so nobody else has written it.
    const read = JSON.parse(data) as { realm: string; providerId: string; profile: P }
    if (read.realm !== realm) return null
    const { authenticatedAt, providerUserId } = read.profile
    const profile = { ...read.profile, authenticatedAt: authenticatedAt && new Date(authenticatedAt) }
    return { key: { providerId: read.providerId, providerUserId }, profile }
  }

  function providerOf(id: string): OAuthProvider {
    const provider = providers.find((provider) => provider.id === id)
    if (provider) return provider
    throw invalidOption("providerId", id, `is not one of your providers; use ${ids.join(", ")}`)
  }

  /** `null` for the name of a client that no flow was started with: whoever holds a flow can change what stands in it. */
  function redirectUriFor(id: string, client: string): string | null {
    try {
      return redirectUriOf(id, client)
    } catch {
      return null
    }
  }

  /** Two providers with one redirect URI could be mixed up: a code of one would be given to the other (RFC 9700, 4.4). */
  function redirectUriOf(id: string, client: string): string {
    const uris = ids.map((each) => options.redirectUri(each, client))
    const uri = uris[ids.indexOf(id)]!
    const isOfApp = client !== "web" && /^(?!https?:|javascript:|data:)[a-z][\w+.-]*:[^#]+$/i.test(uri)
    if (!isOfApp) checkEndpoint(`redirectUri("${id}", "${client}")`, uri)
    const isOwn = uris.filter((each) => each === uri).length === 1
    checkOption("redirectUri", uri, isOwn, "is that of two providers; give each its own id and address")
    return uri
  }
}

/** The session to which a flow is bound. */
function sessionFor<Id extends UserId>(intent: string, session: AskingSession<Id> | null | undefined) {
  if (intent === "sign_in") return null
  const isSession = session === null || session?.createdAt instanceof Date
  checkOption("session", session, isSession, "is not a session; use what validateSession() returned")
  return session!
}

function provenAtOf(session: AskingSession): Date | null {
  return session.authenticatedAt === undefined ? session.createdAt : session.authenticatedAt
}

/** Makes room for one more. A browser that never comes back from a provider would collect them. */
async function dropOldFlows<A extends AnyAuth>(request: FlowRequest<A>): Promise<void> {
  const names = await request.flowNames(prefix)
  const flows = await Promise.all(
    names.map(async (name) => ({ name, issuedAt: parseFlow(await request.readFlow(name))?.issuedAt ?? 0 })),
  )
  const oldest = flows.sort((a, b) => b.issuedAt - a.issuedAt).slice(maxFlows - 1)
  for (const { name } of oldest) await request.setFlow(name, null)
}

function refuse(reason: OAuthRefusal, problem?: string): OAuthResult<never, never> {
  // Visitors and providers have written it. In a log it must not look like another line.
  return Object.defineProperty({ outcome: "refused", reason } as const, "problem", {
    value: problem?.replace(/\p{Cc}/gu, " "),
  })
}

/**
 * What an error says, and what the provider has said. Never the answer itself: it may hold tokens. Throws an error of this
 * package again: it is no failure of the provider.
 */
function problemOf(thrown: unknown): string {
  if (isAuthError(thrown)) throw thrown
  const { message, cause } = Object(thrown) as { message?: unknown; cause?: { body?: unknown } }
  // GitHub reports errors with status 200: there the body is not that of an error.
  const { error, error_description } = Object(cause?.body ?? cause) as Record<string, unknown>
  return [message, error, error_description].filter((part) => typeof part === "string").join(": ")
}

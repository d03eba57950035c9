import { createOAuth, oidcProvider } from "../../src/oauth.ts"
import type { Intent } from "../../src/oauth.ts"
import { createAuth } from "../../src/index.ts"
import type { AuthEvent } from "../../src/index.ts"
import { createUsers } from "../../src/users.ts"
import { createWebAuth } from "../../src/web.ts"
import type { AuthRequest } from "../../src/web.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { tokensOver, tokenStores } from "../users/reset-stores.ts"
import type { TokenStore } from "../users/reset-stores.ts"
import type { NewUser, User } from "../users/user-stores.ts"
import { createCookieJar } from "../wrappers/cookie-jar.ts"
import type { OpenIdProvider } from "./open-id-provider.ts"

/** Where the application of these tests is. Nothing listens there. */
export const appOrigin = "http://localhost:1"

export { tokenStores }

export const redirectUri = (id: string, client: string) =>
  `${appOrigin}/${client === "web" ? "callback" : client}/${id}`

/** The redirect URIs that the provider knows. */
export const redirectUris = [redirectUri("local", "web"), redirectUri("local", "mobile")]

/** Where the users of these tests sign in. */
export function localProvider({ issuer, clientId, clientSecret }: OpenIdProvider) {
  return oidcProvider({ id: "local", issuer, clientId, clientSecret, provesEmail: true })
}

/** An application with the provider `local`, the user `user-1` who signs in there as `ada`, and a clock that may run ahead. */
export async function setUp(store: TokenStore, provider: OpenIdProvider, cookie: { sameSite?: "lax" | "strict" } = {}) {
  let ahead = 0
  const now = () => Date.now() + ahead
  const events: AuthEvent[] = []
  const onEvent = (event: AuthEvent) => void events.push(event)
  const auth = createAuth({ adapter: store, now, onEvent, cookie: { secure: false, ...cookie } })
  const users = createUsers<User, NewUser>({ adapter: store, passwordHasher: countingHasher(), auth, onEvent, now })
  const tokens = tokensOver(store)
  const calls: string[] = []
  const oauth = createOAuth({
    providers: [localProvider(provider)],
    redirectUri,
    users,
    tokens,
    auth,
    fetch: async (input, init) => {
      calls.push(new URL(input instanceof Request ? input.url : input).pathname)
      return fetch(input, init)
    },
    now,
  })
  await users.createUser({
    id: "user-1",
    key: { providerId: "local", providerUserId: "ada" },
    attributes: { username: "ada" },
  })
  return { store, auth, users, tokens, oauth, calls, events, now, advance: (by: number) => void (ahead += by) }
}

export type App = Awaited<ReturnType<typeof setUp>>

/** A browser at the application. It keeps cookies. */
export function openBrowser({ auth, oauth, now }: Pick<App, "auth" | "oauth" | "now">) {
  const { handleRequest } = createWebAuth(auth)
  const jar = createCookieJar(now)

  async function send<Result>(
    url: URL | string,
    init: RequestInit,
    run: (request: AuthRequest<typeof auth>) => Promise<Result>,
  ): Promise<Result> {
    const headers = new Headers(init.headers)
    headers.set("Cookie", jar.header(appOrigin) ?? "")
    headers.set("Sec-Fetch-Site", init.method === "POST" ? "same-origin" : "cross-site")
    const request = handleRequest(new Request(url, { ...init, headers }))
    const result = await run(request)
    jar.receive(appOrigin, request.applyTo(new Response()).headers.getSetCookie())
    return result
  }

  return {
    jar,
    send,
    signIn: (userId: string) =>
      send(appOrigin, { method: "POST" }, async (request) => (await request.signIn(userId))!.session),
    begin: (intent: Intent = "sign_in", next?: string, init: RequestInit = { method: "POST" }) =>
      send(`${appOrigin}/begin`, init, (request) => oauth.beginOAuth(request, { providerId: "local", intent, next })),
    finish: (callback: URL, init: RequestInit = {}) =>
      send(callback, init, (request) => oauth.finishOAuth(request, { providerId: "local", callback })),
  }
}

/** The names of the flow cookies in a browser. */
export function flowsIn(jar: { names(): string[] }): string[] {
  return jar.names().filter((name) => name.startsWith("oauth-"))
}

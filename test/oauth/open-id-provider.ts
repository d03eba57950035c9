import { exportJWK, generateKeyPair } from "jose"
import { Provider } from "oidc-provider"
import type { Configuration } from "oidc-provider"
import { listen } from "../wrappers/node-server.ts"

export type OpenIdProvider = Awaited<ReturnType<typeof startOpenIdProvider>>

/** How the application proves to the provider which client it is: the provider takes this way alone. */
export type ClientAuthMethod = "client_secret_post" | "client_secret_basic" | "none"

/** Starts `oidc-provider`, a certified OpenID provider, on a free port. It asks for a login and for consent. */
export async function startOpenIdProvider({
  redirectUris,
  method = "client_secret_post",
}: {
  redirectUris: string[]
  method?: ClientAuthMethod
}) {
  let handle: ReturnType<Provider["callback"]> | undefined
  // The issuer has the port in it, so the server comes first.
  const server = await listen((req, res) => handle?.(req, res))
  const [clientId, clientSecret] = ["the-application", "a-secret-that-is-long-enough-for-anyone"]
  const client = {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: redirectUris,
    token_endpoint_auth_method: method,
  }
  handle = new Provider(server.origin, await configuration(client)).callback()

  /** Does what a user does who opens the URL and signs in as `login`. Resolves to where the browser is sent at the end. */
  async function visit(url: URL, login: string): Promise<URL> {
    const cookies = new Map<string, string>()
    let next = url
    let form: URLSearchParams | null = null
    while (next.origin === server.origin) {
      const response: Response = await fetch(next, {
        method: form ? "POST" : "GET",
        body: form,
        redirect: "manual",
        headers: { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      })
      for (const set of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? []
        cookies.set(name, value)
      }
      const location: string | null = response.headers.get("Location")
      const page = await response.text()
      form = location === null ? answerOf(page, login) : null
      next = new URL(location ?? actionOf(page), next)
    }
    return next
  }

  return { issuer: server.origin, clientId, clientSecret, visit, close: () => server.close() }
}

async function configuration(client: { token_endpoint_auth_method: string }): Promise<Configuration> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true })
  const lifetimes = ["AccessToken", "AuthorizationCode", "Grant", "IdToken", "Interaction", "Session"]
  return {
    clients: [client],
    clientAuthMethods: [client.token_endpoint_auth_method],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["a key for the cookies of this provider"] },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: "rsa-1", alg: "RS256", use: "sig" }] },
    ttl: Object.fromEntries(lifetimes.map((name) => [name, 600])),
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: id }),
    }),
  }
}

/** The form of `devInteractions`: first the login, then the consent. */
function answerOf(page: string, login: string): URLSearchParams {
  const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? ""
  return new URLSearchParams(prompt === "login" ? { prompt, login, password: "anything" } : { prompt })
}

function actionOf(page: string): string {
  const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1]
  if (action === undefined) throw new Error(`this page has no form: ${page.slice(0, 2000)}`)
  return action
}

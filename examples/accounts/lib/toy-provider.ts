import { generateKeyPairSync, randomBytes } from "node:crypto"
import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Provider, interactionPolicy } from "oidc-provider"
import type { Context } from "oidc-provider"
import { callbackOf, providerNamed, toyProviderPort } from "./providers"
import { site } from "./site"

// A TOY. It replaces Google or another provider, so the example works without an account there. It asks for no password:
// visitors can sign in as anyone. Its accounts and keys are in memory. It runs in development and with PROVIDER=local, only on
// the loopback interface. Do not copy it into an application.

interface Account {
  name: string
  email: string
  isVerified: boolean
}

const accounts = new Map<string, Account>()
const minutes = 60

/** Starts the provider, once per process. */
export function startToyProvider(): void {
  const shared = globalThis as { exampleToyProvider?: object }
  const choice = providerNamed("example-id")
  if (!choice || shared.exampleToyProvider) return
  const provider = new Provider(choice.issuer, configuration(choice.clientId, choice.clientSecret))
  const handle = provider.callback()
  const server = createServer((req, res) => {
    if (req.url?.startsWith("/login/")) void answer(provider, req, res).catch(() => showOver(res))
    else handle(req, res)
  })
  server.on("error", (error) => console.error("Example ID has not started:", error.message))
  shared.exampleToyProvider = server.listen(toyProviderPort, "127.0.0.1").unref()
}

function configuration(client_id: string, client_secret: string) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
  const lifetimes = ["AccessToken", "AuthorizationCode", "Grant", "IdToken", "Interaction", "Session"]
  const redirect_uris = [callbackOf("example-id")]
  return {
    clients: [{ client_id, client_secret, redirect_uris, token_endpoint_auth_method: "client_secret_post" }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    // In the ID token, so no further request is needed.
    conformIdTokenClaims: false,
    cookies: { keys: [randomBytes(32).toString("hex")] },
    features: { devInteractions: { enabled: false } },
    interactions: { policy: askEachTime(), url: (_context: Context, { uid }: { uid: string }) => `/login/${uid}` },
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "toy", alg: "RS256", use: "sig" }] },
    ttl: Object.fromEntries(lifetimes.map((name) => [name, 15 * minutes])),
    findAccount: (_context: Context, accountId: string) => accountNamed(accountId),
    loadExistingGrant: consent,
  }
}

/** Always shows the page, because returning visitors may want to sign in as another user. */
function askEachTime() {
  const policy = interactionPolicy.base()
  const isNew = new interactionPolicy.Check("each_time", "Choose an account", ({ oidc }) => !oidc.result?.login)
  policy.get("login").checks.add(isNew)
  return policy
}

function accountNamed(accountId: string) {
  const account = accounts.get(accountId)
  if (!account) return undefined
  const { name, email, isVerified } = account
  return { accountId, claims: () => ({ sub: accountId, name, email, email_verified: isVerified }) }
}

/** Visitors who press "Continue" consent. */
async function consent({ oidc }: Context) {
  const grant = new oidc.provider.Grant({ clientId: oidc.client?.clientId, accountId: oidc.session?.accountId })
  grant.addOIDCScope(oidc.params?.scope ?? "openid")
  await grant.save()
  return grant
}

async function answer(provider: Provider, req: IncomingMessage, res: ServerResponse): Promise<void> {
  await provider.interactionDetails(req, res)
  if (req.method !== "POST") return show(res, 200, loginPage)
  const form = await readForm(req)
  const isDenied = form.get("answer") === "deny"
  const result = isDenied ? { error: "access_denied" } : { login: { accountId: signIn(form) } }
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false })
}

function signIn(form: URLSearchParams): string {
  const name = form.get("name") || "Anybody"
  const id = name.toLowerCase()
  accounts.set(id, { name, email: form.get("email") ?? "", isVerified: form.has("verified") })
  return id
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams> {
  let text = ""
  for await (const chunk of req) if (text.length < 10_000) text += String(chunk)
  return new URLSearchParams(text)
}

function showOver(res: ServerResponse): void {
  show(res, 400, `<h1>This sign-in has ended</h1><p><a href="${site.href}">Back to the example</a></p>`)
}

function show(res: ServerResponse, status: number, content: string): void {
  res.writeHead(status, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" })
  res.end(`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Example ID</title>
<link rel="icon" href="data:,"><style>${style}</style><main>${content}</main></html>`)
}

const loginPage = `<h1>Example ID</h1>
<p>A toy in place of a real provider. It has no passwords: be whoever you like.</p>
<form method="post">
<label>Name <input name="name" required autofocus autocomplete="off"></label>
<label>E-mail address <input name="email" type="email" required autocomplete="off"></label>
<label class="check"><input type="checkbox" name="verified" checked> Say that the address is verified</label>
<button name="answer" value="allow">Continue</button>
<button name="answer" value="deny" formnovalidate class="quiet">Cancel</button>
</form>`

const style = `:root{color-scheme:light dark;font:1.0625rem/1.55 system-ui,sans-serif;
--accent:light-dark(#7a3b12,#ffc39a)}body{margin:0 auto;max-width:26rem;padding:2rem 1.25rem;
background:light-dark(#fbf3ec,#1d1611);color:light-dark(#2b1a10,#f5ebe4)}
label{display:block;margin-bottom:1rem;font-weight:600}.check{font-weight:400}
label>input:not([type=checkbox]){display:block;box-sizing:border-box;width:100%;padding:.6rem;font:inherit}
button{padding:.6rem 1.1rem;font:inherit;font-weight:600;border:1px solid var(--accent);border-radius:.45rem;cursor:pointer;
color:light-dark(#fff,#1d1611);background:var(--accent)}.quiet{color:var(--accent);background:none}
a{color:var(--accent)}:focus-visible{outline:3px solid var(--accent);outline-offset:2px}`

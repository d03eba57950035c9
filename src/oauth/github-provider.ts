import { checkOptions } from "../core/options.ts"
import type { ClientSecret, Fetch, OAuthProfile, OAuthProvider } from "./provider.ts"
import { oauth2Provider } from "./oauth2-provider.ts"
import { filledText } from "./profile.ts"

/** A profile of GitHub. */
export interface GitHubProfile extends OAuthProfile {
  /** The user name, which its owner may change and someone else may take. */
  login: string
}

/** What {@link githubProvider} takes. */
export interface GitHubOptions {
  clientId: string
  clientSecret: ClientSecret
}

/**
 * Makes the provider `github`. The address is the primary one of the account, and verified if GitHub has verified it.
 *
 * @example
 * const github = githubProvider({ clientId: process.env.GITHUB_ID, clientSecret: process.env.GITHUB_SECRET })
 */
export function githubProvider(options: GitHubOptions): OAuthProvider<GitHubProfile> {
  checkOptions("githubProvider()", options, "clientId", "clientSecret")
  const { clientId, clientSecret } = options
  return oauth2Provider({
    id: "github",
    authorizationEndpoint: "https://github.com/login/oauth/authorize",
    tokenEndpoint: "https://github.com/login/oauth/access_token",
    clientId,
    clientSecret,
    scopes: ["read:user", "user:email"],
    profile: readProfile,
  })
}

async function readProfile(accessToken: string, fetch: Fetch): Promise<GitHubProfile | null> {
  const [user, emails] = await Promise.all([ask("/user"), ask("/user/emails")])
  const { id, name, login } = Object(user) as Record<string, unknown>
  // An account of an application that may not read addresses has none here.
  const primary = (Array.isArray(emails) ? (emails as Record<string, unknown>[]) : []).find((email) => email?.primary)
  if (!Number.isSafeInteger(id) || typeof login !== "string") return null
  return {
    providerUserId: String(id),
    email: filledText(primary?.email),
    emailVerified: primary?.verified === true,
    name: filledText(name),
    authenticatedAt: null,
    login,
  }

  async function ask(path: string): Promise<unknown> {
    const response = await fetch(`https://api.github.com${path}`, {
      headers: {
        Authorization: `Bearer ${accessToken}`,
        Accept: "application/vnd.github+json",
        "User-Agent": "nightlatch",
      },
    })
    return response.ok ? response.json() : null
  }
}

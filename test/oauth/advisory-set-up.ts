import { createAuth } from "../../src/index.ts"
import { createOAuth, oidcProvider } from "../../src/oauth.ts"
import { createUsers } from "../../src/users.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { openMemory, tokensOver } from "../users/reset-stores.ts"
import type { NewUser, User } from "../users/user-stores.ts"
import type { HostileProvider } from "./hostile-provider.ts"

/** An application with the providers `one` and `two`, both of which are this one. */
export function openApp({ issuer, clientId, clientSecret }: HostileProvider) {
  const adapter = openMemory()
  const auth = createAuth({ adapter })
  const users = createUsers<User, NewUser>({ adapter, passwordHasher: countingHasher(), auth })
  const options = { issuer, clientId, clientSecret, provesEmail: true }
  const oauth = createOAuth({
    providers: [oidcProvider({ id: "one", ...options }), oidcProvider({ id: "two", ...options })],
    redirectUri: (id) => `http://localhost:1/callback/${id}`,
    users,
    tokens: tokensOver(adapter),
    auth,
  })

  /** Goes to a provider and comes back. */
  async function signIn(provider: HostileProvider, providerId = "one") {
    const { url, flow } = await oauth.startOAuth({ providerId, intent: "sign_in" })
    return oauth.completeOAuth({ providerId, callback: await provider.visit(url), flow })
  }

  return { auth, users, oauth, signIn }
}

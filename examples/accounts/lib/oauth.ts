import "server-only"
import { createOAuth, oidcProvider } from "nightlatch/oauth"
import { auth, tokens, users } from "./auth"
import { callbackOf, providerChoices } from "./providers"

export const oauth = createOAuth({
  providers: providerChoices.map(({ label: _label, ...provider }) => oidcProvider(provider)),
  redirectUri: callbackOf,
  users,
  tokens,
  auth,
})

import { expect, test, vi } from "vitest"
import { createAuth } from "../../src/index.ts"
import { createOAuth, githubProvider, oidcProvider } from "../../src/oauth.ts"
import { createUsers } from "../../src/users.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { openMemory, tokensOver } from "../users/reset-stores.ts"
import { redirectUri } from "./set-up.ts"

vi.mock("oauth4webapi", () => {
  throw new Error("Cannot find package 'oauth4webapi'")
})

test.each(["github", "local"])(
  "without oauth4webapi no flow with %s starts, and the error says what to install",
  async (providerId) => {
    const adapter = openMemory()
    const auth = createAuth({ adapter })
    const client = { clientId: "app", clientSecret: "secret" }
    const oauth = createOAuth({
      providers: [githubProvider(client), oidcProvider({ id: "local", issuer: "https://issuer.example", ...client })],
      redirectUri,
      users: createUsers({ adapter, passwordHasher: countingHasher(), auth }),
      tokens: tokensOver(adapter),
      auth,
    })
    await expect(oauth.startOAuth({ providerId, intent: "sign_in" })).rejects.toMatchObject({
      code: "missing_port",
      message: "createOAuth(): the package oauth4webapi could not be loaded; run npm install oauth4webapi",
    })
  },
)

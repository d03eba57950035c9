import { expect, test } from "vitest"
import { createAuth } from "../../src/index.ts"
import { createOAuth } from "../../src/oauth.ts"
import type { OAuthProvider } from "../../src/oauth.ts"
import { createUsers } from "../../src/users.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { openMemory, tokensOver } from "../users/reset-stores.ts"
import type { NewUser, User } from "../users/user-stores.ts"
import { redirectUri } from "./set-up.ts"

const profile = { providerUserId: "ada", email: null, emailVerified: false, name: null, authenticatedAt: null }
const failed = { outcome: "refused", reason: "provider_failed" }

/** An application whose provider was written by hand: it sends the browser straight back, and answers with `profile`. */
function openApp(changes: Partial<OAuthProvider> = {}) {
  const adapter = openMemory()
  const auth = createAuth({ adapter })
  const users = createUsers<User, NewUser>({ adapter, passwordHasher: countingHasher(), auth })
  const handmade: OAuthProvider = {
    id: "handmade",
    authorizationUrl: async ({ redirectUri, state }) => new URL(`${redirectUri}?state=${state}&code=1`),
    exchange: async () => profile,
    ...changes,
  }
  const oauth = createOAuth({ providers: [handmade], redirectUri, users, tokens: tokensOver(adapter), auth })

  async function signIn() {
    const { url, flow } = await oauth.startOAuth({ providerId: handmade.id, intent: "sign_in" })
    return oauth.completeOAuth({ providerId: handmade.id, callback: url, flow })
  }

  return { oauth, users, signIn }
}

/** A profile of so many bytes as JSON. */
function profileOf(bytes: number) {
  const rest = bytes - JSON.stringify({ ...profile, name: "" }).length
  return { ...profile, name: "ü".repeat(rest / 2) + "a".repeat(rest % 2) }
}

test("a profile of 8,192 bytes is taken", async () => {
  const { oauth, signIn } = openApp({ exchange: async () => profileOf(8192) })
  const result = await signIn()
  if (result.outcome !== "unknown") throw new Error(JSON.stringify(result))
  expect(await oauth.redeemTicket(result.ticket)).toMatchObject({ profile: profileOf(8192) })
})

test.each([
  ["8,193 bytes", profileOf(8193)],
  ["a name of 50,000 characters", { ...profile, name: "a".repeat(50_000) }],
  ["an address of 200,000 characters", { ...profile, email: "a".repeat(200_000) }],
  ["a field of 200,000 characters", { ...profile, picture: "a".repeat(200_000) }],
  ["a field that JSON cannot hold", { ...profile, picture: 1n }],
])("provider_failed: a profile with %s", async (_what, large) => {
  const { users, signIn } = openApp({ exchange: async () => large })
  expect(await signIn()).toEqual(failed)
  // It makes no difference whether a ticket is needed.
  await users.createUser({ key: { providerId: "handmade", providerUserId: "ada" }, attributes: { username: "ada" } })
  expect(await signIn()).toEqual(failed)
})

test.each(["email", "username", "", "a:b", "a".repeat(51), undefined])("createOAuth names the invalid id %j", (id) => {
  const problem = 'is not a provider id; use up to 50 of a-z, 0-9, "-", "_" and "."'
  expect(() => openApp({ id: id as string })).toThrow(
    `providers[0].id: ${id === undefined ? "undefined" : JSON.stringify(id.slice(0, 40))} ${problem}`,
  )
})

test("provider_failed: an exchange that throws at once, or returns no promise", async () => {
  const exchange = () => {
    throw new Error("no code")
  }
  const result = await openApp({ exchange }).signIn()
  expect(result).toEqual(failed)
  expect(result).toHaveProperty("problem", "no code")
  expect(await openApp({ exchange: (() => profile) as never }).signIn()).toMatchObject({ outcome: "unknown", profile })
})

test("provider_failed: an authorization URL that throws at once, or rejects", async () => {
  const error = new Error("no address")
  const throwing = () => {
    throw error
  }
  for (const authorizationUrl of [throwing, () => Promise.reject(error)])
    await expect(openApp({ authorizationUrl }).signIn()).rejects.toMatchObject({
      code: "provider_failed",
      message: "The provider failed: no address",
      cause: error,
    })
})

import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { spendProof } from "../../src/proof/proof.ts"
import { startOpenIdProvider } from "./open-id-provider.ts"
import type { OpenIdProvider } from "./open-id-provider.ts"
import { flowsIn, openBrowser, redirectUris, setUp, tokenStores } from "./set-up.ts"

let provider: OpenIdProvider
beforeAll(async () => void (provider = await startOpenIdProvider({ redirectUris })))
afterAll(() => provider.close())

describe.each(tokenStores)("over %s", (_name, open) => {
  test("a user with a key of the provider is known and gets a proof with that key", async () => {
    const app = await setUp(open(), provider)
    const browser = openBrowser(app)
    const callback = await provider.visit(await browser.begin("sign_in", "/inbox?page=2"), "ada")
    expect(flowsIn(browser.jar)).toHaveLength(1)
    const result = await browser.finish(callback)
    if (result.outcome !== "known") throw new Error(JSON.stringify(result))
    expect(result).toMatchObject({ next: "/inbox?page=2", proof: { userId: "user-1", method: "oauth" } })
    expect(spendProof(result.proof, "user").evidence).toMatchObject({
      key: { providerId: "local", providerUserId: "ada" },
    })
    expect(flowsIn(browser.jar)).toEqual([])
  })

  test("an unknown account gets a ticket that creates one user", async () => {
    const app = await setUp(open(), provider)
    const browser = openBrowser(app)
    const result = await browser.finish(await provider.visit(await browser.begin(), "grace"))
    const profile = {
      providerUserId: "grace",
      email: "grace@example.com",
      emailVerified: true,
      name: "grace",
      authenticatedAt: null,
    }
    if (result.outcome !== "unknown") throw new Error(JSON.stringify(result))
    expect(result).toMatchObject({ next: "/", profile })
    const key = { providerId: "local", providerUserId: "grace" }
    const redeemed = await Promise.all([app.oauth.redeemTicket(result.ticket), app.oauth.redeemTicket(result.ticket)])
    expect(redeemed.filter(Boolean)).toEqual([{ key, profile }])
    const created = await app.users.createUser({ key, attributes: { username: "grace" } })
    expect(created.user).not.toBeNull()
    expect(await openBrowser(app).finish(await provider.visit(await browser.begin(), "ada"))).toMatchObject({
      outcome: "refused",
      reason: "mismatch",
    })
  })
})

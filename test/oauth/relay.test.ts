import { expect, test } from "vitest"
import { relayForm } from "../../src/oauth/relay.ts"

/** Posts a provider's form to `address`, and resolves to where the browser is sent. */
async function relay(address: string, redirectUris: string[]) {
  const body = new URLSearchParams({ code: "1", state: "s" })
  const answer = await relayForm(new Request(address, { method: "POST", body }), redirectUris)
  return answer.headers.get("Location") ?? answer.status
}

const byQuery = ["https://a.example/callback?provider=google", "https://a.example/callback?provider=apple"]
const byHost = ["https://a.example/callback", "https://b.example/callback", "https://b.example:8443/callback"]

test.each([
  ["https://a.example/callback?provider=apple", "https://a.example/callback?provider=apple&code=1&state=s"],
  ["https://a.example/callback?provider=google", "https://a.example/callback?provider=google&code=1&state=s"],
  // Behind a proxy.
  ["http://internal:3000/callback?provider=apple", "https://a.example/callback?provider=apple&code=1&state=s"],
  ["https://a.example/callback?provider=other", 404],
  ["https://a.example/callback", 404],
])("of redirect URIs that differ in the query, a form to %s goes to %s", async (address, target) => {
  expect(await relay(address, byQuery)).toBe(target)
})

test.each([
  ["https://a.example/callback", "https://a.example/callback?code=1&state=s"],
  ["https://b.example/callback", "https://b.example/callback?code=1&state=s"],
  ["https://b.example:8443/callback", "https://b.example:8443/callback?code=1&state=s"],
  // Behind a proxy that ends TLS and keeps the host.
  ["http://b.example/callback", "https://b.example/callback?code=1&state=s"],
  ["http://internal:3000/callback", 404],
])("of redirect URIs that differ in the host, a form to %s goes to %s", async (address, target) => {
  expect(await relay(address, byHost)).toBe(target)
})

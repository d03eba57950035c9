import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createOAuth } from "../../src/oauth.ts"
import type { OAuthProfile, OAuthProvider } from "../../src/oauth.ts"
import { spendProof } from "../../src/proof/proof.ts"
import { createStatelessAuth } from "../../src/stateless.ts"
import { openMemory } from "../users/reset-stores.ts"
import { openApp } from "./advisory-set-up.ts"
import { startHostileProvider } from "./hostile-provider.ts"
import { startOpenIdProvider } from "./open-id-provider.ts"
import type { OpenIdProvider } from "./open-id-provider.ts"
import {
  appOrigin,
  flowsIn,
  localProvider,
  openBrowser,
  redirectUri,
  redirectUris,
  setUp,
  tokenStores,
} from "./set-up.ts"

const minute = 60_000

let provider: OpenIdProvider
beforeAll(async () => void (provider = await startOpenIdProvider({ redirectUris })))
afterAll(() => provider.close())

function refused(reason: string) {
  return { outcome: "refused", reason }
}

describe.each(tokenStores)("over %s", (_name, open) => {
  test("a signed-in user links an account once, and again without harm", async () => {
    const app = await setUp(open(), provider)
    const browser = openBrowser(app)
    await browser.signIn("user-1")
    const link = async () => browser.finish(await provider.visit(await browser.begin("link", "/settings"), "ada-2"))
    const key = { userId: "user-1", providerId: "local", providerUserId: "ada-2" }
    expect(await link()).toMatchObject({ outcome: "linked", key, next: "/settings" })
    expect(await link()).toMatchObject({ outcome: "linked", key })
    expect(await app.users.getUserKeys("user-1")).toHaveLength(2)
    expect(app.events.filter(({ type }) => type === "key_linked")).toHaveLength(1)
  })

  test("key_taken: the account is another user's", async () => {
    const app = await setUp(open(), provider)
    await app.users.createUser({ id: "user-2", key: null, attributes: { username: "grace" } })
    const browser = openBrowser(app)
    await browser.signIn("user-2")
    const callback = await provider.visit(await browser.begin("link"), "ada")
    expect(await browser.finish(callback)).toEqual(refused("key_taken"))
    expect(await app.users.getUserKeys("user-2")).toEqual([])
  })

  test("a link is taken back if the session ends while the key is being stored", async () => {
    const store = open()
    const insertKey: typeof store.insertKey = async (...values) => {
      const outcome = await store.insertKey(...values)
      if (values[0].providerUserId === "ada-2") await store.deleteUserSessions("user-1")
      return outcome
    }
    const app = await setUp({ ...store, insertKey }, provider)
    const browser = openBrowser(app)
    await browser.signIn("user-1")
    const callback = await provider.visit(await browser.begin("link"), "ada-2")
    expect(await browser.finish(callback)).toEqual(refused("mismatch"))
    expect(await app.users.getUserKeys("user-1")).toHaveLength(1)
  })

  test("mismatch: a link of a user who is deleted meanwhile, where no list of sessions says so", async () => {
    const { users, tokens } = await setUp(open(), provider)
    const auth = createStatelessAuth({ secrets: ["a secret of at least thirty-two bytes"] })
    const oauth = createOAuth({ providers: [localProvider(provider)], redirectUri, users, tokens, auth })
    const { session } = await auth.createSession("user-1")
    const { url, flow } = await oauth.startOAuth({ providerId: "local", intent: "link", session })
    const callback = await provider.visit(url, "ada-2")
    await users.deleteUser("user-1")
    expect(await oauth.completeOAuth({ providerId: "local", callback, flow, session })).toEqual(refused("mismatch"))
    expect(await users.getKey({ providerId: "local", providerUserId: "ada-2" })).toBeNull()
  })

  test("not_recent: nobody links an account with a session that is older than 10 minutes", async () => {
    const app = await setUp(open(), provider)
    const browser = openBrowser(app)
    await browser.signIn("user-1")
    app.advance(10 * minute + 1)
    const callback = await provider.visit(await browser.begin("link"), "ada-2")
    expect(await browser.finish(callback)).toEqual(refused("not_recent"))
    expect(await app.users.getUserKeys("user-1")).toHaveLength(1)
  })

  test("not_recent is decided by the sign-in for a session that says nothing of its proofs", async () => {
    const app = await setUp(open(), provider)
    const { session } = await app.auth.createSession("user-1")
    const asking = { ...session, authenticatedAt: null }
    const { url, flow } = await app.oauth.startOAuth({ providerId: "local", intent: "link", session: asking })
    const callback = await provider.visit(url, "ada-2")
    const linked = await app.oauth.completeOAuth({ providerId: "local", callback, flow, session: asking })
    expect(linked.outcome).toBe("linked")
  })

  test("a user who signs in at the provider again is confirmed", async () => {
    const app = await setUp(open(), provider)
    const browser = openBrowser(app)
    await browser.signIn("user-1")
    app.advance(5 * minute)
    const url = await browser.begin("confirm")
    expect(url.searchParams.get("max_age")).toBe("600")
    const result = await browser.finish(await provider.visit(url, "ada"))
    expect(result).toMatchObject({ outcome: "known", proof: { userId: "user-1", method: "oauth" } })
  })

  test("nobody is confirmed by the account of another user, or of nobody", async () => {
    const app = await setUp(open(), provider)
    await app.users.createUser({
      id: "user-2",
      key: { providerId: "local", providerUserId: "grace" },
      attributes: { username: "grace" },
    })
    const browser = openBrowser(app)
    await browser.signIn("user-1")
    for (const login of ["grace", "stranger"]) {
      const callback = await provider.visit(await browser.begin("confirm"), login)
      expect(await browser.finish(callback)).toEqual(refused("mismatch"))
    }
  })

  test("a callback sent twice at once signs in once", async () => {
    const app = await setUp(open(), provider)
    const { url, flow } = await app.oauth.startOAuth({ providerId: "local", intent: "sign_in", client: "mobile" })
    const callback = await provider.visit(url, "ada")
    const complete = () => app.oauth.completeOAuth({ providerId: "local", callback, flow })
    const results = await Promise.all([complete(), complete(), complete()])
    expect(results.filter(({ outcome }) => outcome === "known")).toHaveLength(1)
    expect(results).toContainEqual(refused("mismatch"))
    expect(await complete()).toEqual(refused("mismatch"))
  })
})

test("not_recent: a provider that does not say when the user signed in, or long ago, confirms nobody", async () => {
  const hostile = await startHostileProvider()
  const { users, auth, oauth } = openApp(hostile)
  const key = { providerId: "one", providerUserId: "ada-at-provider" }
  await users.createUser({ id: "user-1", key, attributes: {} })
  const { session } = await auth.createSession("user-1")
  const confirm = async (auth_time: number | undefined) => {
    hostile.behave({ claims: (claims) => ({ ...claims, auth_time }) })
    const { url, flow } = await oauth.startOAuth({ providerId: "one", intent: "confirm", session })
    return oauth.completeOAuth({ providerId: "one", callback: await hostile.visit(url), flow, session })
  }
  const now = Math.floor(Date.now() / 1000)
  expect(await confirm(undefined)).toEqual(refused("not_recent"))
  expect(await confirm(now - 700)).toEqual(refused("not_recent"))
  const provenAt = now - 500
  const confirmed = await confirm(provenAt)
  if (confirmed.outcome !== "known") throw new Error(JSON.stringify(confirmed))
  expect(spendProof(confirmed.proof, "user").evidence).toMatchObject({ key, provenAt: provenAt * 1000 })
  await hostile.close()
})

test("an id that is an integer becomes text, and an address is verified by the boolean true only", async () => {
  const { users, tokens, auth } = await setUp(openMemory(), provider)
  let answer: unknown
  const odd: OAuthProvider = {
    id: "odd",
    authorizationUrl: async ({ state }) => new URL(`${redirectUri("odd", "web")}?state=${state}&code=1`),
    exchange: async () => answer as OAuthProfile,
  }
  const oauth = createOAuth({ providers: [odd], redirectUri, users, tokens, auth })
  const signIn = async () => {
    const { url, flow } = await oauth.startOAuth({ providerId: "odd", intent: "sign_in" })
    return oauth.completeOAuth({ providerId: "odd", callback: url, flow })
  }
  answer = { providerUserId: 42, email: "ada@example.com", emailVerified: "false", name: 7, authenticatedAt: "now" }
  expect(await signIn()).toMatchObject({
    outcome: "unknown",
    profile: {
      providerUserId: "42",
      email: "ada@example.com",
      emailVerified: false,
      name: null,
      authenticatedAt: null,
    },
  })
  for (answer of [
    null,
    {},
    { providerUserId: Number.NaN },
    { providerUserId: 1.5 },
    { providerUserId: "ü".repeat(200) },
  ])
    expect(await signIn()).toEqual(refused("provider_failed"))
})

test("denied: the user said no at the provider, and the flow is over", async () => {
  const app = await setUp(openMemory(), provider)
  const browser = openBrowser(app)
  const state = (await browser.begin()).searchParams.get("state")
  const callback = new URL(`${redirectUri("local", "web")}?error=access_denied&state=${state}`)
  expect(await browser.finish(callback)).toEqual(refused("denied"))
  expect(flowsIn(browser.jar)).toEqual([])
  expect(app.calls).not.toContain("/token")
})

test("provider_failed: the provider reports another error", async () => {
  const app = await setUp(openMemory(), provider)
  const browser = openBrowser(app)
  const state = (await browser.begin()).searchParams.get("state")
  const callback = new URL(`${redirectUri("local", "web")}?error=server_error&state=${state}`)
  const result = await browser.finish(callback)
  expect(result).toEqual(refused("provider_failed"))
  expect(result).toHaveProperty("problem", "server_error")
  expect(JSON.stringify(result)).not.toContain("server_error")
})

test("what a refusal says for logs is one line", async () => {
  const app = await setUp(openMemory(), provider)
  const browser = openBrowser(app)
  const state = (await browser.begin()).searchParams.get("state")
  const error = encodeURIComponent("server_error\n2026 signed in: admin\x1b[2J")
  const result = await browser.finish(new URL(`${redirectUri("local", "web")}?error=${error}&state=${state}`))
  expect(result).toHaveProperty("problem", "server_error 2026 signed in: admin [2J")
})

test("mismatch: a flow of a link, where the application ends sign-ins only", async () => {
  const app = await setUp(openMemory(), provider)
  const { session } = await app.auth.createSession("user-1")
  const { url, flow } = await app.oauth.startOAuth({ providerId: "local", intent: "link", session })
  const callback = await provider.visit(new URL(url), "ada-2")
  expect(await app.oauth.completeOAuth({ providerId: "local", callback, flow })).toEqual(refused("mismatch"))
})

test("expired: the flow is older than 10 minutes", async () => {
  const app = await setUp(openMemory(), provider)
  const browser = openBrowser(app)
  const callback = await provider.visit(await browser.begin(), "ada")
  app.advance(10 * minute + 1)
  expect(await browser.finish(callback)).toEqual(refused("expired"))
})

test("mismatch: a callback without the flow of this browser, or with its back button", async () => {
  const app = await setUp(openMemory(), provider)
  const [browser, other] = [openBrowser(app), openBrowser(app)]
  const callback = await provider.visit(await browser.begin(), "ada")
  expect(await other.finish(callback)).toEqual(refused("mismatch"))
  expect(await browser.finish(callback)).toMatchObject({ outcome: "known" })
  expect(await browser.finish(callback)).toEqual(refused("mismatch"))
  for (const query of ["", "?code=1", "?state=", "?code=1&state=x"])
    expect(await browser.finish(new URL(`${redirectUri("local", "web")}${query}`))).toEqual(refused("mismatch"))
})

test("mismatch: a flow with any part changed", async () => {
  const app = await setUp(openMemory(), provider)
  const { url, flow } = await app.oauth.startOAuth({
    providerId: "local",
    intent: "sign_in",
    client: "mobile",
    next: "/inbox",
  })
  const callback = await provider.visit(url, "ada")
  const parts = flow.split(".")
  expect(parts).toHaveLength(5)
  const changed = ["A".repeat(43), String(Number(parts[1]) + 1), "link", "web", "L2FkbWlu"]
  const session = { id: "a".repeat(64), userId: "user-1", createdAt: new Date() }
  const forged = changed.map((part, at) => parts.with(at, part).join("."))
  for (const value of [...forged, "", "x", null, undefined, 7, {}, { toString: 1, valueOf: 1 }, `${flow}.`, `${flow}=`])
    expect(await app.oauth.completeOAuth({ providerId: "local", callback, flow: value, session })).toEqual(
      refused("mismatch"),
    )
  // None of that has used the flow up.
  expect(await app.oauth.completeOAuth({ providerId: "local", callback, flow })).toMatchObject({ outcome: "known" })
})

test("mismatch: a state that is sent twice, or changed in one character", async () => {
  const app = await setUp(openMemory(), provider)
  const { url, flow } = await app.oauth.startOAuth({ providerId: "local", intent: "sign_in", client: "mobile" })
  const callback = await provider.visit(url, "ada")
  const twice = new URL(callback)
  twice.searchParams.append("state", callback.searchParams.get("state")!)
  const changed = new URL(callback)
  changed.searchParams.set(
    "state",
    callback.searchParams.get("state")!.replace(/^./, (first) => (first === "A" ? "B" : "A")),
  )
  for (const each of [twice, changed])
    expect(await app.oauth.completeOAuth({ providerId: "local", callback: each, flow })).toEqual(refused("mismatch"))
})

test("mismatch: a link begun in one session and ended in another", async () => {
  const app = await setUp(openMemory(), provider)
  await app.users.createUser({ id: "user-2", key: null, attributes: { username: "grace" } })
  const browser = openBrowser(app)
  await browser.signIn("user-1")
  const callback = await provider.visit(await browser.begin("link"), "ada-2")
  await browser.signIn("user-2")
  expect(await browser.finish(callback)).toEqual(refused("mismatch"))

  const second = await provider.visit(await browser.begin("link"), "ada-2")
  browser.jar.receive(appOrigin, ["session=; Path=/; Max-Age=0"])
  expect(await browser.finish(second)).toEqual(refused("mismatch"))
  expect(await app.users.getKey({ providerId: "local", providerUserId: "ada-2" })).toBeNull()
})

test("two tabs end their flows in any order, and the oldest of six is forgotten", async () => {
  const app = await setUp(openMemory(), provider)
  const browser = openBrowser(app)
  const urls = []
  for (let tab = 0; tab < 6; tab++) {
    urls.push(await browser.begin("sign_in", `/tab-${tab}`))
    app.advance(1000)
  }
  expect(flowsIn(browser.jar)).toHaveLength(5)
  const callbacks = await Promise.all(urls.map((url) => provider.visit(url, "ada")))
  for (const tab of [5, 1, 3]) expect(await browser.finish(callbacks[tab]!)).toMatchObject({ next: `/tab-${tab}` })
  expect(await browser.finish(callbacks[0]!)).toEqual(refused("mismatch"))
  expect(flowsIn(browser.jar)).toHaveLength(2)
})

test("flows make no room by deleting the application's own, whatever it calls them", async () => {
  const app = await setUp(openMemory(), provider)
  const browser = openBrowser(app)
  const own = ["oauth-ticket", "oauth-0123456", "oauth-012345678", "oauth-abcdef01-x"]
  await browser.send(appOrigin, { method: "POST" }, async ({ setFlow }) => {
    for (const name of own) await setFlow(name, "kept")
  })
  for (let tab = 0; tab < 6; tab++) await browser.begin()
  expect(flowsIn(browser.jar)).toEqual(expect.arrayContaining(own))
  expect(flowsIn(browser.jar)).toHaveLength(own.length + 5)
})

test("a browser that prefetches starts and ends nothing", async () => {
  const app = await setUp(openMemory(), provider)
  const browser = openBrowser(app)
  const headers = { "Sec-Purpose": "prefetch;prerender" }
  const url = await browser.begin("sign_in", "/", { headers })
  expect([url.href, flowsIn(browser.jar), app.calls]).toEqual(["about:blank", [], []])
  const callback = await provider.visit(await browser.begin(), "ada")
  const before = app.calls.length
  expect(await browser.finish(callback, { headers })).toEqual(refused("mismatch"))
  expect(app.calls).toHaveLength(before)
  expect(await browser.finish(callback)).toMatchObject({ outcome: "known" })
})

test("link and confirm begin with POST only, and not where the session's cookie is strict", async () => {
  const app = await setUp(openMemory(), provider)
  const strict = await setUp(openMemory(), provider, { sameSite: "strict" })
  for (const intent of ["link", "confirm"] as const) {
    const browser = openBrowser(app)
    await browser.signIn("user-1")
    const byGet = browser.begin(intent, "/", { method: "GET" })
    await expect(byGet).rejects.toThrow(`flow.method: "GET" cannot begin "${intent}"; use a form with method="post"`)
    const byStrict = openBrowser(strict).begin(intent)
    await expect(byStrict).rejects.toThrow(`cookie.sameSite: "strict" is not sent with a callback; use "lax"`)
  }
  expect((await openBrowser(strict).begin("sign_in", "/", { method: "GET" })).origin).toBe(provider.issuer)
})

test("a next that leads elsewhere, or is too long, becomes the start page", async () => {
  const app = await setUp(openMemory(), provider)
  for (const next of [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    `/${"a".repeat(512)}`,
    7,
    undefined,
  ]) {
    const started = await app.oauth.startOAuth({ providerId: "local", intent: "sign_in", client: "mobile", next })
    const callback = await provider.visit(started.url, "ada")
    const result = await app.oauth.completeOAuth({ providerId: "local", callback, flow: started.flow })
    expect(result).toMatchObject({ outcome: "known", next: "/" })
  }
})

test("relay answers a form with the same parameters as an address, to its own redirect URI only", async () => {
  const { oauth } = await setUp(openMemory(), provider)
  const post = (path: string, body: URLSearchParams | string | null) =>
    oauth.relay(new Request(`http://internal:3000${path}`, { method: "POST", body }))
  const form = new URLSearchParams({ code: "a&b", state: "s", user: '{"name":"Ada"}', id_token: "x", next: "//evil" })
  const answer = await post("/callback/local", form)
  expect(answer.status).toBe(303)
  const target = new URL(answer.headers.get("Location")!)
  expect(target.origin + target.pathname).toBe(`${appOrigin}/callback/local`)
  expect(Object.fromEntries(target.searchParams)).toEqual({ code: "a&b", state: "s", user: '{"name":"Ada"}' })
  expect(answer.headers.get("Cache-Control")).toBe("no-store")
  expect(answer.headers.has("Set-Cookie")).toBe(false)

  expect((await post("/callback/other", form)).status).toBe(404)
  expect((await post("/callback/local", "code=1")).status).toBe(400)
  expect((await post("/callback/local", new URLSearchParams({ code: "a".repeat(10_000) }))).status).toBe(400)
  expect((await oauth.relay(new Request(`${appOrigin}/callback/local`))).status).toBe(405)
})

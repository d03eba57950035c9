import { describe, expect, test, vi } from "vitest"
import { ada, forged, publicPem, signed, without } from "./hostile-provider.ts"
import type { Behaviour } from "./hostile-provider.ts"
import type { OAuthProfile, OAuthResult, OidcMetadata } from "../../src/oauth.ts"
import { expectAccepted, expectRefused, minute, openApp, useProviders } from "./hostile-set-up.ts"

// The modules of the OpenID Foundation's tests of clients, as panva/oauth4webapi lists them in conformance/modules at
// version 3.8.8. Each is a test below of the same name, or here with the reason why it does not apply.
const notOurs: Record<string, string> = {
  "client-secret-basic": "The secret goes into the body of the request (client_secret_post).",
  "encrypted-idtoken": "We do not register a key for encryption, so no honest provider encrypts.",
  "ensure-jarm-signature-is-not-none": "JARM is not asked for.",
  "ensure-jarm-with-expired-exp-fails": "JARM is not asked for.",
  "ensure-jarm-with-invalid-aud-fails": "JARM is not asked for.",
  "ensure-jarm-with-invalid-iss-fails": "JARM is not asked for.",
  "ensure-jarm-with-invalid-sig-fails": "JARM is not asked for.",
  "ensure-jarm-without-aud-fails": "JARM is not asked for.",
  "ensure-jarm-without-exp-fails": "JARM is not asked for.",
  "ensure-jarm-without-iss-fails": "JARM is not asked for.",
  "fapi1-advanced-final-client-test": "FAPI needs mutual TLS or signed client assertions.",
  "happy-path-no-dpop-nonce": "Access tokens are used once and never kept, so they are not bound by DPoP.",
  "iat-is-week-in-past":
    "Of ID tokens that come through the browser. Ours come from the token endpoint, with our nonce.",
  "invalid-chash": "Of ID tokens that come through the browser, together with a code.",
  "invalid-missing-shash": "Of ID tokens that come through the browser, together with a state.",
  "invalid-shash": "Of ID tokens that come through the browser, together with a state.",
  "missing-chash": "Of ID tokens that come through the browser, together with a code.",
  "rs-dpop-auth-scheme-case-insensitivity":
    "Access tokens are used once and never kept, so they are not bound by DPoP.",
}

const modules = [
  "client-secret-basic",
  "discovery-issuer-mismatch",
  "encrypted-idtoken-usingrsa15",
  "encrypted-idtoken",
  "ensure-authorization-response-with-invalid-missing-state-fails",
  "ensure-authorization-response-with-invalid-state-fails",
  "ensure-jarm-signature-is-not-none",
  "ensure-jarm-with-expired-exp-fails",
  "ensure-jarm-with-invalid-aud-fails",
  "ensure-jarm-with-invalid-iss-fails",
  "ensure-jarm-with-invalid-sig-fails",
  "ensure-jarm-without-aud-fails",
  "ensure-jarm-without-exp-fails",
  "ensure-jarm-without-iss-fails",
  "fapi1-advanced-final-client-test",
  "happy-path-no-dpop-nonce",
  "happy-path",
  "iat-is-week-in-past",
  "idtoken-sig-none",
  "idtoken-sig-rs256",
  "invalid-alternate-alg",
  "invalid-aud",
  "invalid-authorization-response-iss",
  "invalid-chash",
  "invalid-expired-exp",
  "invalid-iss",
  "invalid-missing-aud",
  "invalid-missing-exp",
  "invalid-missing-iss",
  "invalid-missing-nonce",
  "invalid-missing-shash",
  "invalid-nonce",
  "invalid-null-alg",
  "invalid-secondary-aud",
  "invalid-shash",
  "invalid-sig-es256",
  "invalid-sig-hs256",
  "invalid-sig-rs256",
  "invalid-signature",
  "kid-absent-multiple-jwks",
  "kid-absent-single-jwks",
  "missing-athash",
  "missing-aud",
  "missing-chash",
  "missing-iat",
  "missing-sub",
  "no-scope-in-token-endpoint-response",
  "nonce-invalid",
  "nonce-unless-code-flow",
  "oidcc-client-test",
  "remove-authorization-response-iss",
  "rs-dpop-auth-scheme-case-insensitivity",
  "scope-userinfo-claims",
  "token-endpoint-response-without-expires_in",
  "token-type-case-insensitivity",
  "userinfo-bearer-header",
  "userinfo-invalid-sub",
  "userinfo-signed",
  "valid-aud-as-array",
]

const providers = useProviders()

/** The first provider. It is there once the tests run. */
const provider = () => providers[0]!

const withoutClaim = (name: string): Partial<Behaviour> => ({ claims: (claims) => without(claims, name) })
const withClaims = (changes: object): Partial<Behaviour> => ({ claims: (claims) => ({ ...claims, ...changes }) })
const seconds = () => Math.floor(Date.now() / 1000)

// What an attack is, by the name of its module. All end the same: refused, and nothing is stored.
const attacks: Record<string, () => Partial<Behaviour>> = {
  "discovery-issuer-mismatch": () => ({ metadata: (document) => ({ ...document, issuer: "https://evil.example" }) }),
  "encrypted-idtoken-usingrsa15": () => ({
    sign: () => `${forged({}, { alg: "RSA1_5", enc: "A128CBC-HS256" }, "key")}.cipher.tag`,
  }),
  "idtoken-sig-none": () => ({ sign: (claims) => forged(claims, { alg: "none" }) }),
  "invalid-alternate-alg": () => ({
    metadata: (document) => ({ ...document, id_token_signing_alg_values_supported: ["RS256"] }),
    sign: (claims, { ec }) => signed(claims, ec),
  }),
  "invalid-aud": () => withClaims({ aud: "another-client" }),
  "invalid-authorization-response-iss": () => ({
    callback: (parameters) => parameters.set("iss", "https://evil.example"),
  }),
  "invalid-expired-exp": () => withClaims({ exp: seconds() - 300 }),
  "invalid-iss": () => withClaims({ iss: `${provider().issuer}/` }),
  "invalid-missing-aud": () => withoutClaim("aud"),
  "invalid-missing-exp": () => withoutClaim("exp"),
  "invalid-missing-iss": () => withoutClaim("iss"),
  "invalid-missing-nonce": () => withoutClaim("nonce"),
  "invalid-nonce": () => withClaims({ nonce: "a-nonce-of-another-flow" }),
  "invalid-null-alg": () => ({ sign: (claims) => forged(claims, { alg: null }) }),
  "invalid-secondary-aud": () => withClaims({ aud: [provider().clientId, "another-client"] }),
  "invalid-sig-es256": () => ({ sign: async (claims, { ec }) => spoilt(await signed(claims, ec)) }),
  "invalid-sig-hs256": () => ({ sign: (claims) => forged(claims, { alg: "HS256" }, "another secret") }),
  "invalid-sig-rs256": () => ({ sign: async (claims, { rsa }) => spoilt(await signed(claims, rsa)) }),
  "invalid-signature": () => ({ sign: (claims, { other, rsa }) => signed(claims, other, { kid: rsa.kid }) }),
  "kid-absent-multiple-jwks": () => ({
    keys: (published, { other }) => [...published, other.jwk],
    sign: (claims, { rsa }) => signed(claims, rsa, { kid: undefined }),
  }),
  "missing-aud": () => withoutClaim("aud"),
  "missing-iat": () => withoutClaim("iat"),
  "missing-sub": () => withoutClaim("sub"),
  "nonce-invalid": () => withClaims({ nonce: 42 }),
  "remove-authorization-response-iss": () => ({ callback: (parameters) => parameters.delete("iss") }),
  "userinfo-invalid-sub": () => ({ userinfo: (claims) => ({ ...claims, sub: "grace-at-provider" }) }),
}

// What has to work.
const honest: Record<string, () => Partial<Behaviour>> = {
  "happy-path": () => ({}),
  "oidcc-client-test": () => ({}),
  "idtoken-sig-rs256": () => ({ sign: (claims, { rsa }) => signed(claims, rsa) }),
  "kid-absent-single-jwks": () => ({
    keys: (_published, { rsa }) => [rsa.jwk],
    sign: (claims, { rsa }) => signed(claims, rsa, { kid: undefined }),
  }),
  // Of the code flow: the hash is optional there (OpenID Connect Core 1.0, section 3.1.3.6).
  "missing-athash": () => withoutClaim("at_hash"),
  "no-scope-in-token-endpoint-response": () => ({ token: (body) => without(body, "scope") }),
  "token-endpoint-response-without-expires_in": () => ({ token: (body) => without(body, "expires_in") }),
  "token-type-case-insensitivity": () => ({ token: (body) => ({ ...body, token_type: "bEARER" }) }),
  "userinfo-signed": () => ({
    metadata: (document) => ({ ...document, userinfo_signing_alg_values_supported: ["RS256"] }),
    answer: async (path, response) => (path === "/userinfo" ? signedUserinfo(response) : response),
  }),
  "valid-aud-as-array": () => withClaims({ aud: [provider().clientId] }),
}

const flows: Record<string, () => Promise<void>> = {
  async "ensure-authorization-response-with-invalid-missing-state-fails"() {
    await expectRefused(provider(), { callback: (parameters) => parameters.delete("state") }, "mismatch")
  },
  async "ensure-authorization-response-with-invalid-state-fails"() {
    await expectRefused(provider(), { callback: (parameters) => parameters.set("state", "another") }, "mismatch")
  },
  async "nonce-unless-code-flow"() {
    const { url } = await openApp([provider()]).oauth.startOAuth({ providerId: "idp-0", intent: "sign_in" })
    expect(url.searchParams.get("nonce")).toMatch(/^[\w-]{22,}$/)
  },
  async "scope-userinfo-claims"() {
    expect(await openApp([provider()]).signIn()).toMatchObject({
      profile: { email: "ada@example.com", emailVerified: true, name: "Ada" },
    })
  },
  async "userinfo-bearer-header"() {
    await openApp([provider()]).signIn()
    const asked = provider().requests.find(({ path }) => path === "/userinfo")
    expect(asked?.headers.get("Authorization")).toMatch(/^Bearer \w+$/)
    expect(asked?.body.toString()).toBe("")
  },
}

describe("the modules of the OpenID Foundation's tests of clients", () => {
  test("each is a test here, or does not apply for a reason", () => {
    const here = [attacks, honest, flows, notOurs].flatMap((list) => Object.keys(list))
    expect(here.toSorted()).toEqual(modules.toSorted())
  })

  test.each(Object.keys(attacks))("%s is refused, and nothing is stored", async (name) => {
    const app = openApp([provider()])
    provider().behave(attacks[name]!())
    expect(await outcomeOf(() => app.signIn())).toBe("provider_failed")
    expect(app.stored()).toEqual([])
  })

  test.each(Object.keys(honest))("%s signs in", async (name) => {
    await expectAccepted(provider(), honest[name]!())
  })

  test.each(Object.keys(flows))("%s", (name) => flows[name]!())
})

describe("an ID token", () => {
  const tokens: Record<string, () => Partial<Behaviour>> = {
    "signed with the client's secret (HS256)": () => ({
      sign: (claims, { clientSecret }) => forged(claims, { alg: "HS256" }, clientSecret),
    }),
    "signed with the public key as a secret (HS256)": () => ({
      sign: async (claims, { rsa }) => forged(claims, { alg: "HS256", kid: rsa.kid }, await publicPem(rsa)),
    }),
    "signed with HS256, which the provider's metadata allow": () => ({
      metadata: (document) => ({ ...document, id_token_signing_alg_values_supported: ["HS256", "none", "RS256"] }),
      sign: (claims, { clientSecret }) => forged(claims, { alg: "HS256" }, clientSecret),
    }),
    "not signed, which the provider's metadata allow": () => ({
      metadata: (document) => ({ ...document, id_token_signing_alg_values_supported: ["none", "RS256"] }),
      sign: (claims) => forged(claims, { alg: "none" }),
    }),
    "with an algorithm spelt nOnE": () => ({ sign: (claims) => forged(claims, { alg: "nOnE" }) }),
    "with no algorithm": () => ({ sign: (claims) => forged(claims, {}) }),
    "with the name of a key that is not published": () => ({
      sign: (claims, { other }) => signed(claims, other),
    }),
    "that brings its own key": () => ({
      sign: (claims, { other }) => signed(claims, other, { kid: undefined, jwk: other.jwk }),
    }),
    "that names a place of its own for keys": () => ({
      sign: (claims, { other }) => signed(claims, other, { jku: "https://evil.example/keys" }),
    }),
    "with a critical extension": () => ({
      sign: (claims, { rsa }) => forged(claims, { alg: "RS256", kid: rsa.kid, crit: ["exp"] }, "x"),
    }),
    "signed with a key that is published for encryption": () => ({
      keys: (_published, { rsa }) => [{ ...rsa.jwk, use: "enc" }],
    }),
    "for several clients, of which another is the authorized one": () =>
      withClaims({ aud: [provider().clientId, "another-client"], azp: "another-client" }),
    "for nobody": () => withClaims({ aud: [] }),
    "that is not valid yet": () => withClaims({ nbf: seconds() + 300 }),
    "whose expiry is text": () => withClaims({ exp: String(seconds() + 300) }),
    "whose time of issue is text": () => withClaims({ iat: String(seconds()) }),
    "whose subject is empty": () => ({ claims: (claims) => ({ ...claims, sub: "" }), userinfo: withSub("") }),
    "whose subject is null": () => ({ claims: (claims) => ({ ...claims, sub: null }), userinfo: withSub(null) }),
    "whose subject is a list": () => ({ claims: (claims) => ({ ...claims, sub: ["ada-at-provider"] }) }),
    "whose subject is an object": () => ({ claims: (claims) => ({ ...claims, sub: { $gt: "" } }) }),
    "that is not there": () => ({ token: (body) => without(body, "id_token") }),
    "that is no text": () => ({ token: (body) => ({ ...body, id_token: { sub: "ada-at-provider" } }) }),
    "that is empty": () => ({ token: (body) => ({ ...body, id_token: "" }) }),
    "of no claims": () => ({ sign: (_claims, { rsa }) => signed({}, rsa) }),
  }

  test.each(Object.keys(tokens))("%s is refused, and nothing is stored", async (name) => {
    await expectRefused(provider(), tokens[name]!())
  })

  test("of an earlier sign-in is refused in a later one", async () => {
    let first: string | undefined
    await expectAccepted(provider(), { sign: async (claims, { rsa }) => (first ??= await signed(claims, rsa)) })
    await expectRefused(provider(), { sign: () => first! })
  })
})

describe("the endpoints of a provider", () => {
  type Answer = (honest: Response) => Response | Promise<Response>
  const json = (body: unknown, init?: ResponseInit) => Response.json(body, init)
  // All that is wrong with the last four is what their name says.
  const answers: Record<string, Answer> = {
    "an error": () => new Response(null, { status: 500 }),
    "a refusal": () => json({ error: "invalid_grant" }, { status: 400 }),
    "an error with the status of a success": () => json({ error: "temporarily_unavailable" }),
    "a page": () => new Response("<h1>Sorry</h1>", { headers: { "Content-Type": "text/html" } }),
    "text that is no JSON": () => new Response("{", { headers: { "Content-Type": jsonType } }),
    "a list": () => json([]),
    null: () => json(null),
    "an empty object": () => json({}),
    "what is right, as a failure": async (honest) => json(await honest.json(), { status: 500 }),
    "what is right, in eight megabytes": async (honest) =>
      json({ ...(await readJson(honest)), padding: "x".repeat(8 * 1024 * 1024) }),
    "what is right, elsewhere (302)": () => redirectTo("/elsewhere", 302),
    "what is right, elsewhere, with the same request (307)": () => redirectTo("/elsewhere", 307),
  }
  const paths = ["/.well-known/openid-configuration", "/token", "/keys", "/userinfo"]
  const cases = paths.flatMap((path) => Object.keys(answers).map((name) => [path, name] as const))
  const answering = (path: string, answer: Answer): Partial<Behaviour> => ({
    answer: (asked, honest) => (asked === path ? answer(honest) : honest),
  })

  test.each(cases)("%s answers %s: refused, and nothing is stored", async (path, name) => {
    const app = openApp([provider()])
    provider().behave(answering(path, answers[name]!))
    expect(await outcomeOf(() => app.signIn())).toBe("provider_failed")
    expect(app.stored()).toEqual([])
    expect(provider().requests.filter((request) => request.path === "/elsewhere")).toEqual([])
  })

  test.each(paths)("%s has a deadline for its answer", async (path) => {
    expect(await stalled(path, () => new Promise(() => {}))).toBe("provider_failed")
  })

  test.each(paths)("%s has a deadline for the rest of its answer", async (path) => {
    expect(await stalled(path, async () => new Response(new ReadableStream()))).toBe("provider_failed")
  })

  /** Signs in while one endpoint is stuck, and lets its deadline pass. */
  async function stalled(path: string, stuck: () => Promise<Response>): Promise<string> {
    const deadlines: AbortController[] = []
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => {
      const deadline = new AbortController()
      deadlines.push(deadline)
      return deadline.signal
    })
    const app = openApp([provider()], {
      fetch: async (input, init) => {
        if (!addressOf(input).endsWith(path)) return fetch(input, init)
        setImmediate(() => deadlines.at(-1)!.abort())
        return stuck()
      },
    })
    const outcome = await outcomeOf(() => app.signIn())
    expect(Math.max(...timeout.mock.calls.map(([milliseconds]) => milliseconds))).toBeLessThanOrEqual(10_000)
    timeout.mockRestore()
    expect(app.stored()).toEqual([])
    return outcome
  }

  test("a provider that has failed is asked again at the next sign-in", async () => {
    const app = openApp([provider()])
    provider().behave(answering("/.well-known/openid-configuration", () => new Response(null, { status: 503 })))
    expect(await outcomeOf(() => app.signIn())).toBe("provider_failed")
    provider().behave()
    expect(await app.signIn()).toMatchObject({ outcome: "unknown" })
  })

  test.each(["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])(
    "%s without TLS is not asked, except on the loopback interface",
    async (name) => {
      const asked: string[] = []
      const app = openApp([provider()], {
        fetch: async (input, init) => {
          asked.push(addressOf(input))
          return fetch(addressOf(input).replace("http://evil.example", provider().issuer), init)
        },
      })
      provider().behave({
        metadata: (document) => ({
          ...document,
          [name]: String(document[name]).replace(provider().issuer, "http://evil.example"),
        }),
      })
      expect(await outcomeOf(() => app.signIn())).toBe("provider_failed")
      expect(asked.filter((address) => address.startsWith("http://evil.example"))).toEqual([])
      expect(app.stored()).toEqual([])
    },
  )

  test.each(["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])(
    "%s on the loopback interface is not asked for an issuer elsewhere",
    async (name) => {
      const issuer = "https://idp.example"
      const asked: string[] = []
      const app = openApp([provider()], {
        provider: { issuer },
        fetch: async (input, init) => {
          asked.push(addressOf(input))
          return fetch(addressOf(input).replace(issuer, provider().issuer), init)
        },
      })
      const start = () => app.oauth.startOAuth({ providerId: "idp-0", intent: "sign_in" })
      const moved = (document: object) =>
        JSON.parse(JSON.stringify(document).replaceAll(provider().issuer, issuer)) as Record<string, unknown>
      for (const address of ["http://127.0.0.1:6379/", " HTTP://localhost:6379/", "http://[::1]:6379/"]) {
        provider().behave({ metadata: (document) => ({ ...moved(document), [name]: address }) })
        await expect(start()).rejects.toMatchObject({
          code: "provider_failed",
          message: `The provider failed: ${name}: not https:`,
        })
      }
      provider().behave({ metadata: moved })
      expect((await start()).url.origin).toBe(issuer)
      expect(new Set(asked)).toEqual(new Set([`${issuer}/.well-known/openid-configuration`]))
    },
  )

  test.each(["javascript:alert(1)", "data:text/html,hello", "ftp://evil.example", "not an address", ""])(
    "an authorization endpoint %j is never given to a browser",
    async (authorization_endpoint) => {
      const app = openApp([provider()])
      provider().behave({ metadata: (document) => ({ ...document, authorization_endpoint }) })
      expect(await outcomeOf(() => app.signIn())).toBe("provider_failed")
    },
  )
})

describe("what the browser brings back", () => {
  test.each([
    ["access_denied", "denied"],
    ["login_required", "provider_failed"],
    ["server_error", "provider_failed"],
    ["temporarily_unavailable", "provider_failed"],
    ["invalid_scope", "provider_failed"],
    ["an error of its own", "provider_failed"],
  ])("the error %j ends as %s", async (error, reason) => {
    const app = await expectRefused(provider(), { callback: failing(error) }, reason)
    expect(provider().requests.filter(({ path }) => path === "/token")).toEqual([])
    expect(app.calls).toEqual([])
  })

  test("an error that does not carry our state is a mismatch", async () => {
    const callback = (parameters: URLSearchParams) => {
      failing("access_denied")(parameters)
      parameters.set("state", "another")
    }
    await expectRefused(provider(), { callback }, "mismatch")
  })

  const parameters: [string, Partial<Behaviour>, string][] = [
    ["no code", { callback: (sent) => sent.delete("code") }, "provider_failed"],
    ["an empty code", { callback: (sent) => sent.set("code", "") }, "provider_failed"],
    ["two codes", { callback: (sent) => sent.append("code", "another") }, "provider_failed"],
    ["two issuers", { callback: (sent) => sent.append("iss", "https://evil.example") }, "provider_failed"],
    ["an empty issuer", { callback: (sent) => sent.set("iss", "") }, "provider_failed"],
    ["two states", { callback: (sent) => sent.append("state", "another") }, "mismatch"],
    ["an empty state", { callback: (sent) => sent.set("state", "") }, "mismatch"],
    [
      "a signed response that was not asked for",
      { callback: (sent) => sent.set("response", "a.b.c") },
      "provider_failed",
    ],
  ]
  test.each(parameters)("%s: refused, and nothing is stored", async (_name, behaviour, reason) => {
    await expectRefused(provider(), behaviour, reason)
  })
})

describe("a flow", () => {
  const signInFlow = { providerId: "idp-0", intent: "sign_in" } as const

  test("of another browser is a mismatch (login CSRF)", async () => {
    const app = openApp([provider()])
    const victims = await app.oauth.startOAuth(signInFlow)
    const attackers = await app.oauth.startOAuth(signInFlow)
    const callback = await provider().visit(attackers.url)
    expect(await app.oauth.completeOAuth({ providerId: "idp-0", callback, flow: victims.flow })).toEqual({
      outcome: "refused",
      reason: "mismatch",
    })
    expect(app.stored()).toEqual([])
  })

  test("of another provider is a mismatch, in both directions", async () => {
    const app = openApp(providers)
    const started = await app.oauth.startOAuth(signInFlow)
    const other = await app.oauth.startOAuth({ ...signInFlow, providerId: "idp-1" })
    const callback = await providers[0]!.visit(started.url)
    for (const [providerId, flow] of [
      ["idp-1", started.flow],
      ["idp-1", other.flow],
      ["idp-0", other.flow],
    ] as const) {
      expect(await app.oauth.completeOAuth({ providerId, callback, flow })).toMatchObject({ reason: "mismatch" })
    }
    expect(providers.flatMap(({ requests }) => requests.filter(({ path }) => path === "/token"))).toEqual([])
  })

  test("is over after ten minutes", async () => {
    const app = openApp([provider()])
    const { url, flow } = await app.oauth.startOAuth(signInFlow)
    const callback = await provider().visit(url)
    app.advance(10 * minute + 1)
    const expired = { outcome: "refused", reason: "expired" }
    expect(await app.oauth.completeOAuth({ providerId: "idp-0", callback, flow })).toEqual(expired)
  })

  test.each(["", "a", "null", "{}", "a.b.c", "x".repeat(100_000), "\u0000", "ﬂow"])(
    "that we did not make is a mismatch",
    async (flow) => {
      const app = openApp([provider()])
      expect(await app.signIn({ flow })).toEqual({ outcome: "refused", reason: "mismatch" })
      expect(app.stored()).toEqual([])
    },
  )

  test("that was changed anywhere is refused", async () => {
    const app = openApp([provider()])
    const { url, flow } = await app.oauth.startOAuth({ ...signInFlow, next: "/inbox" })
    const callback = await provider().visit(url)
    for (let at = 0; at < flow.length; at++) {
      const changed = flow.slice(0, at) + (flow[at] === "A" ? "B" : "A") + flow.slice(at + 1)
      const result = await app.oauth.completeOAuth({ providerId: "idp-0", callback, flow: changed })
      expect(result, `character ${at}`).toMatchObject({ outcome: "refused" })
    }
    expect(provider().requests.filter(({ path }) => path === "/token")).toEqual([])
  })

  test("of a client that the application does not know is a mismatch", async () => {
    const app = openApp([provider()], {
      redirectUri: (id, client) => {
        if (client !== "web") throw new Error(`there is no ${client}`)
        return `https://app.example/auth/${id}`
      },
    })
    const { url, flow } = await app.oauth.startOAuth(signInFlow)
    const callback = await provider().visit(url)
    const changed = flow.replace(".web.", ".evil.")
    expect(await app.oauth.completeOAuth({ providerId: "idp-0", callback, flow: changed })).toEqual({
      outcome: "refused",
      reason: "mismatch",
    })
  })

  test("works once, and no second code is asked for", async () => {
    const app = openApp([provider()])
    const { url, flow } = await app.oauth.startOAuth(signInFlow)
    const callback = await provider().visit(url)
    const finish = () => app.oauth.completeOAuth({ providerId: "idp-0", callback, flow })
    expect(await finish()).toMatchObject({ outcome: "unknown" })
    expect(await finish()).toEqual({ outcome: "refused", reason: "mismatch" })
    expect(provider().requests.filter(({ path }) => path === "/token")).toHaveLength(1)
  })

  test("shows the provider neither its secret nor its verifier", async () => {
    const app = openApp([provider()])
    const { url, flow } = await app.oauth.startOAuth(signInFlow)
    await app.oauth.completeOAuth({ providerId: "idp-0", callback: await provider().visit(url), flow })
    const verifier = provider()
      .requests.find(({ path }) => path === "/token")!
      .body.get("code_verifier")!
    expect(url.href).not.toContain(verifier)
    expect(flow).not.toContain(verifier)
    const told = new Set([verifier, url.searchParams.get("state"), url.searchParams.get("nonce")])
    expect(told.size).toBe(3)
  })
})

describe("linking", () => {
  /** Users who are signed in. */
  async function openMembers() {
    const app = openApp([provider()])
    const sessions = await Promise.all(
      ["ada", "eve"].map(async (id) => {
        await app.users.createUser({
          id,
          key: { providerId: "username", providerUserId: id },
          attributes: { username: id },
        })
        const { session } = await app.auth.createSession(id)
        return session
      }),
    )
    app.calls.splice(0)
    return { app, ada: sessions[0]!, eve: sessions[1]! }
  }
  const linkFlow = { providerId: "idp-0", intent: "link" } as const

  test("adds the account to whoever asked for it", async () => {
    const { app, ada } = await openMembers()
    const { url, flow } = await app.oauth.startOAuth({ ...linkFlow, session: ada })
    const callback = await provider().visit(url)
    const result = await app.oauth.completeOAuth({ providerId: "idp-0", callback, flow, session: ada })
    expect(result).toMatchObject({ outcome: "linked", key: { userId: "ada", providerUserId: "ada-at-provider" } })
  })

  test("never adds an attacker's account to the session of a victim who opens the attacker's callback", async () => {
    const { app, ada, eve } = await openMembers()
    const { url, flow } = await app.oauth.startOAuth({ ...linkFlow, session: eve })
    const callback = await provider().visit(url)
    const complete = { providerId: "idp-0", callback, flow }
    for (const session of [ada, null]) {
      expect(await app.oauth.completeOAuth({ ...complete, session })).toEqual({
        outcome: "refused",
        reason: "mismatch",
      })
    }
    expect(app.stored()).toEqual([])
  })

  test("is not what a flow for signing in turns into", async () => {
    const { app, ada } = await openMembers()
    const { url, flow } = await app.oauth.startOAuth({ providerId: "idp-0", intent: "sign_in" })
    const callback = await provider().visit(url)
    const changed = flow.replace(".sign_in.", ".link.")
    const result = await app.oauth.completeOAuth({ providerId: "idp-0", callback, flow: changed, session: ada })
    expect(result).toEqual({ outcome: "refused", reason: "mismatch" })
    expect(app.stored()).toEqual([])
  })
})

describe("a code of somebody else", () => {
  const injected = async (behaviour: Partial<Behaviour>) => {
    const app = openApp([provider()])
    provider().behave(behaviour)
    const victim = await app.oauth.startOAuth({ providerId: "idp-0", intent: "sign_in" })
    const attacker = await app.oauth.startOAuth({ providerId: "idp-0", intent: "sign_in" })
    const callback = await provider().visit(victim.url)
    const stolen = await provider().visit(attacker.url)
    callback.searchParams.set("code", stolen.searchParams.get("code")!)
    const result = await app.oauth.completeOAuth({ providerId: "idp-0", callback, flow: victim.flow })
    expect(app.stored()).toEqual([])
    return result
  }

  test("is refused by the provider, because the verifier is another (PKCE)", async () => {
    expect(await injected({})).toEqual({ outcome: "refused", reason: "provider_failed" })
  })

  test("is refused by the nonce at a provider that ignores PKCE", async () => {
    expect(await injected({ checksVerifier: false })).toEqual({ outcome: "refused", reason: "provider_failed" })
  })

  test.each([[undefined], [["plain"]], [[]], ["S256"]])(
    "PKCE is S256 also where the provider says that it knows %j",
    async (code_challenge_methods_supported) => {
      provider().behave({ metadata: (document) => ({ ...document, code_challenge_methods_supported }) })
      const { url } = await openApp([provider()]).oauth.startOAuth({ providerId: "idp-0", intent: "sign_in" })
      expect(url.searchParams.get("code_challenge_method")).toBe("S256")
      expect(url.searchParams.get("code_challenge")).toMatch(/^[\w-]{43}$/)
      expect(url.searchParams.get("response_type")).toBe("code")
    },
  )
})

describe("two providers", () => {
  /** A user starts at the attacker's provider, which sends the browser on to the honest one, as its own client. */
  async function mixUp(stripsIssuer: boolean) {
    const [honestOne, evil] = [providers[0]!, providers[1]!]
    if (stripsIssuer) {
      const silent = (document: object) => ({ ...document, authorization_response_iss_parameter_supported: false })
      evil.behave({ metadata: silent })
      honestOne.behave({ metadata: silent, callback: (sent) => sent.delete("iss") })
    }
    const app = openApp(providers)
    const { url, flow } = await app.oauth.startOAuth({ providerId: "idp-1", intent: "sign_in" })
    const forwarded = new URL(url.href.replace(evil.issuer, honestOne.issuer))
    forwarded.searchParams.set("client_id", honestOne.clientId)
    const callback = await honestOne.visit(forwarded)
    const result = await app.oauth.completeOAuth({ providerId: "idp-1", callback, flow })
    expect(app.stored()).toEqual([])
    return { result, callback, asked: evil.requests.filter(({ path }) => path === "/token") }
  }

  test("are told apart by the issuer of the response (mix-up, RFC 9207), and no code reaches the wrong one", async () => {
    const { result, asked } = await mixUp(false)
    expect(result).toEqual({ outcome: "refused", reason: "provider_failed" })
    expect(asked).toEqual([])
  })

  test("without an issuer in the response have redirect URIs of their own, which an honest provider compares", async () => {
    const { result, callback } = await mixUp(true)
    expect(callback.pathname).toBe("/auth/idp-1")
    expect(result).toMatchObject({ outcome: "refused" })
  })

  test("an account of one is unknown at the other, whatever its id and address", async () => {
    const app = openApp(providers)
    await app.users.createUser({
      id: "ada",
      key: { providerId: "idp-0", providerUserId: "ada-at-provider" },
      attributes: { username: "ada" },
    })
    expect(await app.signIn({ n: 0 })).toMatchObject({ outcome: "known", proof: { userId: "ada" } })
    expect(await app.signIn({ n: 1 })).toMatchObject({ outcome: "unknown" })
  })

  test("an ID token of one is worth nothing at the other", async () => {
    let token: string | undefined
    providers[1]!.behave({ sign: async (claims, { rsa }) => (token = await signed(claims, rsa)) })
    const app = openApp(providers)
    await app.signIn({ n: 1 })
    providers[0]!.behave({ sign: () => token! })
    expect(await app.signIn({ n: 0 })).toEqual({ outcome: "refused", reason: "provider_failed" })
  })
})

describe("the keys of a provider", () => {
  test("may change: the new ones are fetched", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    try {
      const app = openApp([provider()])
      expect(await app.signIn()).toMatchObject({ outcome: "unknown" })
      provider().behave({
        keys: (_published, { other }) => [other.jwk],
        sign: (claims, { other }) => signed(claims, other),
      })
      vi.setSystemTime(Date.now() + 2 * minute)
      expect(await app.signIn()).toMatchObject({ outcome: "unknown" })
    } finally {
      vi.useRealTimers()
    }
  })

  test("are asked for once, also where the metadata were given", async () => {
    for (const metadata of [undefined, { ...provider().metadata, jwks_uri: `${provider().issuer}/keys` }]) {
      provider().requests.splice(0)
      const app = openApp([provider()], { provider: { metadata: metadata as OidcMetadata | undefined } })
      for (let n = 0; n < 3; n++) expect(await app.signIn()).toMatchObject({ outcome: "unknown" })
      expect(provider().requests.filter(({ path }) => path === "/keys")).toHaveLength(1)
    }
  })

  test("that are withdrawn sign nobody in after some minutes", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    try {
      const app = openApp([provider()])
      await app.signIn()
      provider().behave({ keys: (_published, { other }) => [other.jwk] })
      vi.setSystemTime(Date.now() + 6 * minute)
      expect(await app.signIn()).toEqual({ outcome: "refused", reason: "provider_failed" })
    } finally {
      vi.useRealTimers()
    }
  })
})

describe("an issuer for many tenants", () => {
  const template = () => `${provider().issuer}/{tenantid}/v2.0`
  const ofTenant = (tid: unknown, more: object = {}): Partial<Behaviour> => ({
    answer: (path, response) =>
      path === "/common/v2.0/.well-known/openid-configuration"
        ? Response.json({
            ...provider().metadata,
            issuer: template(),
            authorization_response_iss_parameter_supported: false,
          })
        : response,
    callback: (sent) => sent.delete("iss"),
    claims: (claims) => ({ ...claims, tid, oid: "user-1", iss: `${provider().issuer}/${String(tid)}/v2.0`, ...more }),
  })
  const openTenants = () =>
    openApp([provider()], {
      provider: {
        issuer: template(),
        profile: ({ tid, oid }, profile) => ({ ...profile, providerUserId: `${String(tid)}/${String(oid)}` }),
      },
    })

  test("signs in users of each tenant, who have ids of their own", async () => {
    const app = openTenants()
    for (const tid of ["tenant-a", "tenant-b"]) {
      provider().behave(ofTenant(tid))
      expect(await app.signIn()).toMatchObject({ outcome: "unknown", profile: { providerUserId: `${tid}/user-1` } })
    }
  })

  const lies: Record<string, () => Partial<Behaviour>> = {
    "of another tenant than its own": () => ofTenant("tenant-a", { tid: "tenant-b" }),
    "of another host": () => ofTenant("tenant-a", { iss: "https://evil.example/tenant-a/v2.0" }),
    "that is the template itself": () => ofTenant("{tenantid}"),
    "that is missing": () => ofTenant("tenant-a", { iss: undefined }),
    "whose tenant is missing": () => ofTenant("tenant-a", { tid: undefined }),
    "signed by another key": () => ({
      ...ofTenant("tenant-a"),
      sign: (claims, { other, rsa }) => signed(claims, other, { kid: rsa.kid }),
    }),
  }
  test.each(Object.keys(lies))("refuses an ID token of an issuer %s", async (name) => {
    const app = openTenants()
    provider().behave(lies[name]!())
    expect(await app.signIn()).toEqual({ outcome: "refused", reason: "provider_failed" })
    expect(app.stored()).toEqual([])
  })

  test("is refused at startup without ids of their own", () => {
    expect(() => openApp([provider()], { provider: { issuer: template() } })).toThrow(/many tenants/)
  })
})

describe("a profile of the application's own", () => {
  test.each([
    ["null", () => null],
    ["an error", () => Promise.reject(new Error("an account of another company"))],
  ])("refuses by %s", async (_name, profile) => {
    const app = openApp([provider()], { provider: { profile } })
    expect(await app.signIn()).toEqual({ outcome: "refused", reason: "provider_failed" })
    expect(app.stored()).toEqual([])
  })

  test("proves no address at a provider that proves none", async () => {
    const profile = (_claims: object, standard: OAuthProfile) => ({ ...standard, emailVerified: true })
    const app = openApp([provider()], { provider: { profile, provesEmail: false } })
    expect(await app.signIn()).toMatchObject({ profile: { emailVerified: false } })
  })
})

describe("what a provider says of an address", () => {
  const values = [true, "true", 1, "false", null, undefined, {}, ["true"]]
  test.each(values)("email_verified %j counts only as the boolean", async (email_verified) => {
    provider().signInAs({ ...ada, email_verified })
    const profile = { email: "ada@example.com", emailVerified: email_verified === true }
    expect(await openApp([provider()]).signIn()).toMatchObject({ profile })
    provider().behave(withClaims({ email: "ada@example.com", email_verified, name: "Ada" }))
    expect(await openApp([provider()]).signIn()).toMatchObject({ profile })
  })

  test("counts only for the address that it is about", async () => {
    // Another address stands in the ID token, of which it does not say whether it is verified.
    provider().behave(withClaims({ email: "victim@example.com" }))
    expect(await openApp([provider()]).signIn()).toMatchObject({
      profile: { email: "victim@example.com", emailVerified: false },
    })
  })

  test("counts only from a provider that proves addresses", async () => {
    const app = openApp([provider()], { provider: { provesEmail: false } })
    expect(await app.signIn()).toMatchObject({ profile: { email: "ada@example.com", emailVerified: false } })
  })

  test("finds no user of ours", async () => {
    const app = openApp([provider()])
    await app.users.createUser({
      id: "ada",
      key: { providerId: "email", providerUserId: "ada@example.com" },
      attributes: { username: "ada" },
    })
    expect(await app.signIn()).toMatchObject({ outcome: "unknown" })
  })

  test.each([42, {}, ["ada@example.com"], "", null])("an address %j is none", async (email) => {
    provider().signInAs({ ...ada, email })
    expect(await openApp([provider()]).signIn()).toMatchObject({ profile: { email: null, emailVerified: false } })
  })
})

/** As a provider answers that signs what it says of a user (OpenID Connect Core 1.0, section 5.3.2). */
async function signedUserinfo(response: Response): Promise<Response> {
  const claims = { ...(await readJson(response)), iss: provider().issuer, aud: provider().clientId }
  const token = await signed(claims, provider().keys.rsa)
  return new Response(token, { headers: { "Content-Type": "application/jwt" } })
}

const jsonType = "application/json"

function spoilt(token: string): string {
  const [header, claims, signature = ""] = token.split(".")
  return [header, claims, (signature.startsWith("A") ? "B" : "A") + signature.slice(1)].join(".")
}

function withSub(sub: unknown): Behaviour["userinfo"] {
  return (claims) => ({ ...claims, sub })
}

function failing(error: string): Behaviour["callback"] {
  return (parameters) => {
    parameters.delete("code")
    parameters.set("error", error)
  }
}

function redirectTo(path: string, status: number): Response {
  return new Response(null, { status, headers: { Location: `${provider().issuer}${path}` } })
}

/** How a sign-in ends that may fail before the visitor is sent away: then it throws. */
async function outcomeOf(signIn: () => Promise<OAuthResult>): Promise<string> {
  const result = await signIn().catch((error: unknown) => {
    return { outcome: "refused", reason: "provider_failed", error } as const
  })
  return result.outcome === "refused" ? result.reason : result.outcome
}

async function readJson(response: Response): Promise<object> {
  return (await response.json()) as object
}

function addressOf(input: string | URL | Request): string {
  return input instanceof Request ? input.url : input.toString()
}

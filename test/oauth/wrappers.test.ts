import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest"
import { createAuth } from "../../src/index.ts"
import { createNextAuth } from "../../src/next.ts"
import { createOAuth, oidcProvider } from "../../src/oauth.ts"
import type { Intent } from "../../src/oauth.ts"
import { spendProof } from "../../src/proof/proof.ts"
import { createStatelessAuth } from "../../src/stateless.ts"
import { createUsers } from "../../src/users.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { openMemory, tokensOver } from "../users/reset-stores.ts"
import { browserAt, wrappers } from "../wrappers/sites.ts"
import type { Sent, Site, Visit } from "../wrappers/sites.ts"
import { ada, startHostileProvider } from "./hostile-provider.ts"
import type { HostileProvider } from "./hostile-provider.ts"

const ambient = vi.hoisted(() => ({ head: new Headers(), jar: {} as unknown }))
vi.mock("next/cache.js", () => ({ io: undefined }))
vi.mock("next/headers.js", () => ({ headers: async () => ambient.head, cookies: async () => ambient.jar }))
vi.mock("#next/navigation", () => ({ redirect: () => {}, notFound: () => {} }))

let provider: HostileProvider
beforeAll(async () => void (provider = await startHostileProvider()))
beforeEach(() => provider.signInAs(ada))
afterAll(() => provider.close())

type Auth = Parameters<(typeof wrappers)[number]["open"]>[0]

const kinds: [name: string, open: (store: ReturnType<typeof openMemory>) => Auth][] = [
  // No wrapper looks at the attributes of users.
  ["createAuth()", (adapter) => createAuth({ adapter }) as never],
  ["createStatelessAuth()", () => createStatelessAuth({ secrets: ["a secret of at least thirty-two bytes"] }) as never],
]

const sites = [...wrappers, { name: "createNextAuth()", open: openNextApp }]

test.each(sites.flatMap(({ name, open }) => kinds.map(([kind, openAuth]) => ({ name, kind, open, openAuth }))))(
  "a flow of $name over $kind signs up, signs in, links and confirms",
  async ({ open, openAuth }) => {
    const store = openMemory()
    const auth = openAuth(store)
    const users = createUsers({
      adapter: store,
      passwordHasher: countingHasher(),
      auth: createAuth({ adapter: store }),
    })
    const { issuer, clientId, clientSecret } = provider
    const oauth = createOAuth({
      providers: [oidcProvider({ id: "local", issuer, clientId, clientSecret })],
      redirectUri: () => "https://app.example/callback",
      users,
      tokens: tokensOver(store),
      auth,
    })
    const site = await open(auth)
    const browser = browserAt(site, Date.now)

    const begin = async (intent: Intent) =>
      (
        await browser.visit(
          ({ flow }) => oauth.beginOAuth(flow, { providerId: "local", intent, next: "/next" }),
          "POST",
        )
      ).result
    const finish = async (callback: URL) =>
      (await browser.visit(({ flow }) => oauth.finishOAuth(flow, { providerId: "local", callback }))).result
    const run = async (intent: Intent) => finish(await provider.visit(await begin(intent)))

    const unknown = await run("sign_in")
    if (unknown.outcome !== "unknown") throw new Error(JSON.stringify(unknown))
    const { key } = (await oauth.redeemTicket(unknown.ticket))!
    const { id: userId } = (await users.createUser({ key, attributes: {} })).user!

    const known = await run("sign_in")
    if (known.outcome !== "known") throw new Error(JSON.stringify(known))
    expect(spendProof(known.proof, "user").evidence).toMatchObject({ userId, method: "oauth" })
    await browser.visit(({ signIn }) => signIn(userId), "POST")

    const confirmed = await run("confirm")
    expect(confirmed).toMatchObject({ outcome: "known", proof: { userId }, next: "/next" })

    provider.signInAs({ ...ada, sub: "second-account" })
    expect(await run("confirm")).toEqual({ outcome: "refused", reason: "mismatch" })
    expect(await run("link")).toMatchObject({ outcome: "linked", key: { userId, providerUserId: "second-account" } })

    // A callback is of its browser, and each flow leaves no cookie.
    const callback = await provider.visit(await begin("sign_in"))
    const other = browserAt(site, Date.now)
    const stolen = await other.visit(({ flow }) => oauth.finishOAuth(flow, { providerId: "local", callback }))
    expect(stolen.result).toEqual({ outcome: "refused", reason: "mismatch" })
    expect(await finish(callback)).toMatchObject({ outcome: "known" })
    expect(browser.jar.names()).toEqual(["__Host-session"])
    await site.close()
  },
)

/** A site of the App Router: it begins in Server Actions, and ends in a Route Handler. */
async function openNextApp(auth: Auth): Promise<Site> {
  const origin = "https://app.example"
  const next = createNextAuth(auth, { signInPath: "/sign-in" })
  const visitor = { ...next, flow: next.flow, signIn: (userId: string) => next.signIn(userId, {}) } as unknown as Visit
  return {
    origin,
    async visit<Result>(run: (visit: Visit) => Promise<Result>, { method = "GET", cookie }: Sent = {}) {
      const headers = new Headers({ Host: "app.example", ...(cookie && { Cookie: cookie }) })
      if (method === "POST") headers.set("Origin", origin)
      ambient.head = headers
      const { jar, written } = cookiesOf(cookie ?? "")
      ambient.jar = jar
      if (method === "POST") {
        const result = await next.serverAction(() => run(visitor), { public: true })()
        return { result, cookies: written, headers: { cacheControl: null, vary: null } }
      }
      const results: Result[] = []
      const handle = async () => (results.push(await run(visitor)), new Response())
      const request = Object.assign(new Request(origin, { headers }), { nextUrl: new URL(origin) })
      const response = await next.routeHandler(handle, { public: true })(request as never, {} as never)
      const [result] = results as [Result]
      return { result, cookies: response.headers.getSetCookie(), headers: { cacheControl: null, vary: null } }
    },
    close: async () => undefined,
  }
}

/** The cookies of a Server Action, and what it has set. */
function cookiesOf(header: string) {
  const written: string[] = []
  const all = header
    .split("; ")
    .filter(Boolean)
    .map((pair) => ({ name: pair.slice(0, pair.indexOf("=")), value: pair.slice(pair.indexOf("=") + 1) }))
  const jar = {
    get: (name: string) => all.find((cookie) => cookie.name === name),
    getAll: () => all,
    set({ name, value, maxAge }: { name: string; value: string; maxAge?: number }) {
      written.push(`${name}=${value}; Path=/; Secure; HttpOnly${maxAge === undefined ? "" : `; Max-Age=${maxAge}`}`)
    },
    delete() {},
  }
  return { jar, written }
}

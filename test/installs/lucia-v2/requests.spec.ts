import * as real from "lucia"
import { expect, test } from "vitest"
import * as ours from "../../../src/lucia-v2.ts"
import { configuration, day, emptyAdapter } from "./histories.ts"

const methods = ["GET", "get", "HEAD", "OPTIONS", "TRACE", "POST", "post", "PUT", "PATCH", "DELETE"]
const origins = [
  null,
  "",
  "null",
  "https://example.com",
  "https://example.com/",
  "https://EXAMPLE.com",
  "https://example.com:443",
  "https://example.com:8443",
  "http://example.com",
  "https://user@example.com",
  "https://app.example.com",
  "https://api.example.com",
  "https://evil.example",
  "https://evilexample.com",
  "https://example.com.evil.example",
  "https://app.example.co.uk",
  "https://evil.co.uk",
  "http://localhost:3000",
  "http://localhost:4000",
  "example.com",
  "nonsense",
]
const targets = [
  { url: "https://example.com/path" },
  { url: "http://example.com/path" },
  { url: "https://app.example.com/" },
  { url: "https://app.example.co.uk/" },
  { url: "http://localhost:3000/" },
  { url: "https://internal:8080/", host: "example.com" },
  { host: "example.com" },
  { host: "localhost:3000" },
  { host: "internal:8080", forwardedHost: "example.com" },
  {},
]
const domain = { sessionCookie: { attributes: { domain: "example.com" } } }
const configs = [
  { csrfProtection: true },
  { csrfProtection: false },
  { csrfProtection: { host: "example.com" } },
  { csrfProtection: { hostHeader: "X-Forwarded-Host" } },
  { csrfProtection: { allowedSubDomains: ["app"] }, ...domain },
  { csrfProtection: { allowedSubDomains: "*" }, ...domain },
  { csrfProtection: { host: "example.com", allowedSubDomains: ["api", "app"] } },
  { csrfProtection: { host: "app.example.co.uk", allowedSubDomains: "*" } },
]
const sites = [undefined, "same-origin", "same-site", "cross-site", "none"]

const isSafe = ({ method }) => ["GET", "HEAD", "OPTIONS", "TRACE"].includes(method.toUpperCase())
const schemeOf = (url) => (URL.canParse(url) ? new URL(url).protocol : undefined)

/** Why a request that Lucia takes for its own, or fails on, is refused here. */
const refusals = {
  "what is no origin is a stranger's, and no error": ({ origin }) => !URL.canParse(origin),
  "the browser says that the page is another's": ({ site }) => site === "same-site" || site === "cross-site",
  "the page is on another scheme": ({ env, origin, target }) =>
    schemeOf(origin) !== (env === "PROD" ? "https:" : (schemeOf(target.url) ?? "http:")),
  "no browser sends a user name": ({ origin }) => origin?.includes("@"),
  "subdomains are those of the configured domain, not of the request's": ({ config }) =>
    config.csrfProtection.allowedSubDomains !== undefined,
}

/** Why a request that Lucia refuses, or fails on, is taken here. */
const admissions = {
  "the browser says that the page is our own": ({ site }) => site === "same-origin" || site === "none",
  "subdomains are those of the configured domain, whatever the request's": ({ config }) =>
    config.csrfProtection.allowedSubDomains !== undefined,
  "a header that is named tells the host, also beside a URL": ({ config }) => config.csrfProtection.hostHeader,
}

for (const env of ["DEV", "PROD"])
  test(`with ${env} requests are judged as Lucia judges them, but where a difference says so`, async () => {
    const found = new Set()
    for (const config of configs)
      for (const target of targets)
        for (const origin of origins)
          for (const site of sites)
            for (const method of methods) {
              const request = { env, config, target, origin, site, method }
              const [theirs, mine] = [await judged(real, request), await judged(ours, request)]
              if (mine === theirs) continue
              expect(isSafe(request), JSON.stringify(request)).toBe(false)
              const reasons = Object.entries(mine === true ? admissions : refusals)
              const named = reasons.filter(([, applies]) => applies(request)).map(([name]) => name)
              expect({ theirs, mine, named: named.length > 0 }, JSON.stringify(request)).toEqual({
                theirs,
                mine,
                named: true,
              })
              for (const name of named) found.add(name)
            }
    expect([...found].sort()).toEqual([...Object.keys(refusals), ...Object.keys(admissions)].sort())
  })

test("what the browser says of the page decides, but where a host or subdomains are configured", async () => {
  for (const config of configs.filter(({ csrfProtection }) => csrfProtection !== false))
    for (const target of targets)
      for (const origin of origins) {
        const request = { env: "PROD", config, target, origin, method: "POST" }
        const { host, allowedSubDomains } = config.csrfProtection as { host?: string; allowedSubDomains?: unknown }
        const isConfigured = host !== undefined || allowedSubDomains !== undefined
        const byOrigin = await judged(ours, request)
        for (const site of ["same-origin", "none"]) expect(await judged(ours, { ...request, site })).toBe(true)
        for (const site of ["same-site", "cross-site", "", "x"]) {
          const isTaken = await judged(ours, { ...request, site })
          if (isTaken) expect([isConfigured, byOrigin], JSON.stringify(request)).toEqual([true, true])
        }
      }
})

/** A request, and the configuration that it meets. */
interface Judged {
  env: string
  config: object
  target: (typeof targets)[number]
  origin: string | null
  site?: string
  method: string
}

/** Whether a request with a valid session cookie is signed in. */
async function judged({ lucia }, { env, config, target, origin, site, method }: Judged) {
  const auth = authOf(lucia, env, config)
  const headers = new Headers({ cookie: "auth_session=alice" })
  if (origin !== null) headers.set("origin", origin)
  if (target.host) headers.set("host", target.host)
  if (target.forwardedHost) headers.set("x-forwarded-host", target.forwardedHost)
  if (site !== undefined) headers.set("sec-fetch-site", site)
  try {
    const request = auth.handleRequest({ request: { method, url: target.url, headers }, setCookie: () => undefined })
    return (await request.validate()) !== null
  } catch (error) {
    return error.constructor.name
  }
}

const auths = new Map()

function authOf(lucia, env, config) {
  const key = JSON.stringify([lucia === ours.lucia, env, config])
  const storedIds = lucia === ours.lucia && { storedIds: "clear" }
  const auth = auths.get(key) ?? lucia({ ...configuration, adapter: oneSession, env, ...config, ...storedIds })
  auths.set(key, auth)
  return auth
}

const oneSession = emptyAdapter({
  getSession: async (id) => ({ id, user_id: id, active_expires: Date.now() + day, idle_expires: Date.now() + 2 * day }),
  getUser: async (id) => ({ id }),
})

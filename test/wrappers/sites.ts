import type { IncomingMessage, ServerResponse } from "node:http"
import { Hono } from "hono"
import { createHonoAuth } from "../../src/hono.ts"
import { createNodeAuth } from "../../src/node.ts"
import type { CrossOriginOptions, ElevatingDoor, FlowRequest, RequestSession } from "../../src/node.ts"
import { createPagesAuth } from "../../src/next/pages.ts"
import { createWebAuth } from "../../src/web.ts"
import type { AnyAuth } from "./auths.ts"
import { createCookieJar } from "./cookie-jar.ts"
import { listen } from "./node-server.ts"

/** What a visitor's request does, in the words of every wrapper. */
export interface Visit {
  validate(): Promise<{ session: { id: string }; user: { username: string } } | null>
  signIn(userId: string, options?: { persistent?: boolean }): Promise<{ token: string } | null>
  setSession(token: string | null, options?: { persistent?: boolean }): Promise<void>
  rotate(options?: { persistent?: boolean }): Promise<{ token: string } | null>
  elevate<Proof>(door: ElevatingDoor<Proof>, proof: Proof): Promise<boolean>
  signOut(): Promise<void>
  flow: FlowRequest
}

export interface Sent {
  method?: string
  cookie?: string | null
  origin?: string
  upgrade?: string
  authorization?: string
}

export interface Answered<Result> {
  result: Result
  cookies: string[]
  headers: { cacheControl: string | null; vary: string | null }
}

/** A server that runs one thing within a request. */
export interface Site {
  origin: string
  visit<Result>(run: (visit: Visit) => Promise<Result>, sent?: Sent): Promise<Answered<Result>>
  close(): Promise<void>
}

/** Every wrapper over requests, as a site. */
export const wrappers: { name: string; open(auth: AnyAuth, options?: CrossOriginOptions): Promise<Site> }[] = [
  { name: "createWebAuth()", open: openWeb },
  { name: "createHonoAuth()", open: openHono },
  { name: "createNodeAuth()", open: openNode },
  { name: "its middleware()", open: openMiddleware },
  { name: "createPagesAuth()", open: openPages },
]

/** Opens a browser at a site, with a separate cookie jar. */
export function browserAt(site: Site, now: () => number) {
  const jar = createCookieJar(now)
  async function visit<Result>(run: (visit: Visit) => Promise<Result>, method = "GET") {
    const sent: Sent = { method, cookie: jar.header(site.origin), ...(method === "POST" && { origin: site.origin }) }
    const answered = await site.visit(run, sent)
    jar.receive(site.origin, answered.cookies)
    return answered
  }
  return {
    jar,
    visit,
    username: async () => (await visit(async ({ validate }) => (await validate())?.user.username ?? null)).result,
  }
}

async function openHono(auth: AnyAuth, options?: CrossOriginOptions): Promise<Site> {
  const origin = "https://app.example"
  return {
    origin,
    async visit<Result>(run: (visit: Visit) => Promise<Result>, sent: Sent = {}) {
      const results: Result[] = []
      const app = new Hono().use(createHonoAuth(auth, options)).all("/", async (c) => {
        results.push(await run(visitBy(c.var.auth)))
        return c.text("")
      })
      const { method = "GET" } = sent
      const { status, headers } = await app.request(`${origin}/`, { method, headers: headersOf(sent, origin) })
      if (results.length === 0) throw new Error(`The request was not served: ${status}`)
      // The run has resolved to it.
      const [result] = results as [Result]
      return { result, cookies: headers.getSetCookie(), headers: cacheHeaders(headers) }
    },
    close: async () => undefined,
  }
}

/** Opens a site over `handleRequest` of the Web. */
export async function openWeb(auth: AnyAuth, options?: CrossOriginOptions): Promise<Site> {
  const origin = "https://app.example"
  const { handleRequest } = createWebAuth(auth)
  return {
    origin,
    async visit(run, sent = {}) {
      const { method = "GET" } = sent
      const headers = headersOf(sent, origin)
      const authRequest = handleRequest(new Request(`${origin}/`, { method, headers }), options)
      const result = await run(visitBy(authRequest))
      const response = authRequest.applyTo(new Response())
      return { result, cookies: response.headers.getSetCookie(), headers: cacheHeaders(response.headers) }
    },
    close: async () => undefined,
  }
}

function openNode(auth: AnyAuth, options?: CrossOriginOptions): Promise<Site> {
  const { handleRequest } = createNodeAuth(auth)
  return openServer((req, res) => visitBy(handleRequest(req, res, options)))
}

function openMiddleware(auth: AnyAuth, options?: CrossOriginOptions): Promise<Site> {
  const guard = createNodeAuth(auth).middleware(options)
  return openServer((req: IncomingMessage & { auth?: OwnSession }, res) => {
    guard(req, res, () => {})
    return req.auth && visitBy(req.auth)
  })
}

type OwnSession = RequestSession<AnyAuth>

function visitBy(own: OwnSession): Visit {
  const { signIn, ...rest } = own
  return { ...rest, signIn: (userId, options) => signIn(userId, {}, options), flow: own }
}

function openPages(auth: AnyAuth): Promise<Site> {
  const pages = createPagesAuth(auth, { signInPath: "/sign-in" })
  return openServer((req, res) => ({
    validate: () => pages.validateRequest(req, res),
    signIn: (userId, options) => pages.signIn(req, res, userId, {}, options),
    setSession: (token, options) => pages.setSession(req, res, token, options),
    rotate: (options) => pages.rotate(req, res, options),
    elevate: (...args) => pages.elevate(req, res, ...args),
    flow: pages.flow(req, res),
    signOut: () => pages.signOut(req, res),
  }))
}

async function openServer(visitOf: (req: IncomingMessage, res: ServerResponse) => Visit | undefined): Promise<Site> {
  const runs: ((visit: Visit) => Promise<void>)[] = []
  const { port, send, close } = await listen((req, res) => {
    const run = runs[Number(req.url?.slice(1))]
    const visit = visitOf(req, res)
    if (visit) void run?.(visit).then(() => res.end())
  })
  // As a browser sees it: behind a proxy that speaks https.
  const origin = `https://127.0.0.1:${port}`
  return {
    origin,
    close,
    async visit<Result>(run: (visit: Visit) => Promise<Result>, sent: Sent = {}) {
      const { method = "GET" } = sent
      const results: Result[] = []
      const path = `/${runs.push(async (visit) => void results.push(await run(visit))) - 1}`
      const headers = headersOf(sent, origin)
      const answer = await send({ method, path, headers })
      const [result] = results
      if (results.length === 0) throw new Error(`The request was not served: ${answer.status}`)
      // The run has resolved to it.
      return {
        result: result as Result,
        cookies: answer.cookies,
        headers: cacheHeaders(new Headers(answer.headers as Record<string, string>)),
      }
    },
  }
}

/** What a browser sends from a page of `own`, unless another origin is given. */
function headersOf(
  { method = "GET", cookie, origin, upgrade, authorization }: Sent,
  own: string,
): Record<string, string> {
  const namesOrigin = method !== "GET" || upgrade !== undefined
  return {
    ...(cookie && { Cookie: cookie }),
    ...(namesOrigin && { Origin: origin ?? own }),
    ...(upgrade && { Upgrade: upgrade }),
    ...(authorization && { Authorization: authorization }),
  }
}

function cacheHeaders(headers: Headers): Answered<unknown>["headers"] {
  return { cacheControl: headers.get("Cache-Control"), vary: headers.get("Vary") }
}

import { connect, createServer } from "node:http2"
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { Hono } from "hono"
import { createHonoAuth } from "../../src/hono.ts"
import { createPagesAuth } from "../../src/next/pages.ts"
import { createNodeAuth } from "../../src/node.ts"
import type { RequestSession } from "../../src/node.ts"
import { createWebAuth } from "../../src/web.ts"
import { listen } from "../wrappers/node-server.ts"
import type { Serve } from "./device-browser.ts"
import type { setUp } from "./set-up.ts"

type World = Awaited<ReturnType<typeof setUp>>
type Session = RequestSession<World["auth"]>

/** A server over one wrapper. */
export interface Site {
  serve: Serve
  close(): Promise<unknown>
}

/** Every wrapper, as a site on which `POST /sign-in` signs `ada` in and any other path says who is signed in. */
export const sites: [name: string, open: (world: World) => Promise<Site>][] = [
  ["handler() of createWebAuth()", async ({ auth, device }) => inProcess(webHandler(auth, device()))],
  ["handleRequest() of createWebAuth()", async ({ auth, device }) => inProcess(webRequests(auth, device()))],
  ["createHonoAuth()", async ({ auth, device }) => inProcess(honoApp(auth, device()))],
  ["handler() of createNodeAuth()", async ({ auth, device }) => overHttp(nodeHandler(auth, device()))],
  ["middleware() of createNodeAuth()", async ({ auth, device }) => overHttp(middleware(auth, device()))],
  ["a router of Express", async ({ auth, device }) => overHttp(mounted(middleware(auth, device())))],
  ["handleRequest() and answerDevice()", async ({ auth, device }) => overHttp(nodeRequests(auth, device()))],
  ["createPagesAuth()", async ({ auth, device }) => overHttp(pagesRoutes(auth, device()))],
  ["handler() over HTTP/2", async ({ auth, device }) => overHttp2(nodeHandler(auth, device()))],
]

type Auth = World["auth"]
type Binding = ReturnType<World["device"]>

async function answer(path: string, { signIn, validate }: Pick<Session, "signIn" | "validate">) {
  if (path === "/sign-in") {
    await signIn("ada")
    return { status: 303, location: "/" }
  }
  return { status: 200, body: (await validate())?.user.id ?? "nobody" }
}

async function respond(request: Request, session: Pick<Session, "signIn" | "validate">): Promise<Response> {
  const { status, location, body } = await answer(new URL(request.url).pathname, session)
  return new Response(body ?? null, { status, headers: location ? { Location: location } : {} })
}

async function send(path: string, res: ServerResponse, session: Pick<Session, "signIn" | "validate">): Promise<void> {
  const { status, location, body } = await answer(path, session)
  res.writeHead(status, location ? { Location: location } : {}).end(body)
}

function webHandler(auth: Auth, device: Binding): Serve {
  return createWebAuth(auth, { device }).handler(respond)
}

function webRequests(auth: Auth, device: Binding): Serve {
  const { handleRequest } = createWebAuth(auth, { device })
  return async (request) => {
    if (new URL(request.url).pathname === device.path) return device.handler(request)
    const session = handleRequest(request)
    return session.applyTo(await respond(request, session))
  }
}

function honoApp(auth: Auth, device: Binding): Serve {
  const app = new Hono().use(createHonoAuth(auth, { device })).all("*", (c) => respond(c.req.raw, c.var.auth))
  return async (request) => app.request(request)
}

function nodeHandler(auth: Auth, device: Binding): RequestListener {
  const handle = createNodeAuth(auth, { device }).handler((req, res, session) => send(req.url ?? "", res, session))
  return (req, res) => void handle(req, res)
}

function middleware(auth: Auth, device: Binding): RequestListener {
  const guard = createNodeAuth(auth, { device }).middleware()
  return (req: IncomingMessage & { auth?: Session }, res) =>
    guard(req, res, (error) => {
      if (error !== undefined) res.writeHead(500).end()
      else void send(req.url ?? "", res, req.auth!)
    })
}

/** As Express does for a router mounted at `/auth`: removes the mount path from `url`, and has set its own header. */
function mounted(listener: RequestListener): RequestListener {
  return (req: IncomingMessage & { originalUrl?: string }, res) => {
    res.setHeader("X-Powered-By", "Express")
    const url = req.url ?? ""
    Object.assign(req, { originalUrl: url, url: url.replace(/^\/auth(?=\/)/, "") })
    listener(req, res)
  }
}

function nodeRequests(auth: Auth, device: Binding): RequestListener {
  const { handleRequest, answerDevice } = createNodeAuth(auth, { device })
  return (req, res) =>
    void (req.url === device.path ? answerDevice(req, res) : send(req.url ?? "", res, handleRequest(req, res)))
}

function pagesRoutes(auth: Auth, device: Binding): RequestListener {
  const pages = createPagesAuth(auth, { signInPath: "/sign-in", device })
  return (req, res) => {
    if (req.url === device.path) return void pages.deviceRoute(req, res)
    void send(req.url ?? "", res, {
      signIn: (...args) => pages.signIn(req, res, ...args),
      validate: () => pages.validateRequest(req, res),
    })
  }
}

function inProcess(serve: Serve): Site {
  return { serve, close: async () => undefined }
}

async function overHttp(listener: RequestListener): Promise<Site> {
  const server = await listen(listener)
  return {
    close: server.close,
    async serve(request) {
      const { pathname } = new URL(request.url)
      const headers = { ...Object.fromEntries(request.headers), Host: "app.example" }
      const {
        status,
        headers: got,
        cookies,
        body,
      } = await server.send({ method: request.method, path: pathname, headers })
      return responseOf(status ?? 0, got, cookies, body)
    },
  }
}

async function overHttp2(listener: RequestListener): Promise<Site> {
  // Node's HTTP/2 compatibility API has the same methods, but different types.
  const server = createServer(listener as unknown as (req: Http2ServerRequest, res: Http2ServerResponse) => void)
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    async serve(request) {
      const { pathname } = new URL(request.url)
      const pseudo = { ":method": request.method, ":path": pathname, ":authority": "app.example" }
      const stream = client.request({ ...pseudo, ...Object.fromEntries(request.headers) })
      const got = await new Promise<Record<string, string | string[]>>((done, fail) =>
        stream
          .on("response", (headers) => done(headers as Record<string, string | string[]>))
          .on("error", fail)
          .end(),
      )
      const { ":status": status, "set-cookie": cookies = [], ...headers } = got
      return responseOf(Number(status), headers, [cookies].flat(), await text(stream))
    },
    async close() {
      client.close()
      await new Promise((done) => server.close(done))
    },
  }
}

function responseOf(status: number, got: object, cookies: string[], body: string): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(got) as [string, string | undefined][])
    if (name !== "set-cookie" && value !== undefined) headers.set(name, value)
  for (const cookie of cookies) headers.append("Set-Cookie", cookie)
  return new Response(status === 303 ? null : body, { status, headers })
}

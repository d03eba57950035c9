import { once } from "node:events"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import { createSecureServer } from "node:http2"
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { buffer } from "node:stream/consumers"
import { nodeSqliteAdapter } from "../../../adapters/node-sqlite.ts"
import { schema } from "../../../adapters/sql.ts"
import { createDeviceBinding, deviceColumns, deviceKey } from "../../../src/device.ts"
import type { DeviceMode, DeviceRow } from "../../../src/device.ts"
import { createAuth } from "../../../src/index.ts"
import type { AuthEvent } from "../../../src/index.ts"
import { createNodeAuth } from "../../../src/node.ts"
import { manualClock } from "../../../src/testing.ts"
import { createWebAuth } from "../../../src/web.ts"
import { secretOf } from "../set-up.ts"
import type { Certificate } from "./certificate.ts"
import { otherSite, pageOf } from "./pages.ts"

/** The site of the application, and another one. The same server answers for both. */
export const hosts = { own: "app.test", other: "other.test" }

/** A request as it arrived, and its answer's status. */
export interface Arrived {
  host: string
  method: string
  path: string
  status: number
  headers: IncomingMessage["headers"]
  /** The answer's offer to bind the session. */
  offer: string | undefined
}

/** What a test chooses of {@link startApplication}. */
export interface ApplicationOptions {
  certificate: Certificate
  /** An empty folder for the database. */
  folder: string
  mode?: DeviceMode
  wrapper?: "node" | "web"
  protocol?: "HTTP/1.1" | "HTTP/2"
}

/**
 * Starts an application over TLS, with SQLite in a file. `POST /sign-in?user=` signs in, `/` says who is signed in, and
 * `/transfer` wants a proof that is new.
 */
export async function startApplication({
  certificate,
  folder,
  mode = "enforce",
  wrapper = "node",
  protocol = "HTTP/1.1",
}: ApplicationOptions) {
  const now = manualClock(Date.now())
  const arrived: Arrived[] = []
  const events: AuthEvent[] = []
  const calls: string[] = []
  let database = openDatabase(join(folder, "sessions.db"))
  let { auth, listener } = open([secretOf(1)])
  let secrets = [secretOf(1)]
  let failing: number | null = null
  let registering: Promise<void> | null = null
  const server = serverOf(protocol, certificate, (req, res) => void answer(req, res))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const [own, other] = [hosts.own, hosts.other].map((host) => `https://${host}:${port}`) as [string, string]

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = req
    const host = hostOf(req).split(":")[0]!
    const path = url.split("?")[0]!
    // Asked for on answers that are no pages, at a time of the browser's own.
    if (path === "/favicon.ico") return void res.writeHead(204).end()
    const entry: Arrived = { host, method, path, status: 0, headers, offer: undefined }
    arrived.push(entry)
    res.once("finish", () => {
      entry.status = res.statusCode
      entry.offer = res.getHeader("Secure-Session-Registration")?.toString()
    })
    if (host === hosts.other) await send(res, otherSite(own))
    else if (failing !== null && path === "/auth/device") res.writeHead(failing).end()
    else {
      if (path === "/auth/device") await registering
      await listener(req, res)
    }
  }

  function closeConnections(): void {
    if ("closeAllConnections" in server) server.closeAllConnections()
  }

  function open(keys: Uint8Array[]) {
    const opened = createAuth({
      adapter: counted(nodeSqliteAdapter<{ id: string }, DeviceRow>(database), calls),
      now,
      onEvent: (event) => events.push(event),
      getSessionAttributes: (row) => deviceKey(row),
    })
    const device = createDeviceBinding({ auth: opened, secrets: keys, mode })
    const page = pageOf(device)
    const onNode = createNodeAuth(opened, { device }).handler(async (req, res, session) =>
      send(res, await page(await toRequest(req), session)),
    )
    const onWeb = createWebAuth(opened, { device }).handler(page)
    const fromWeb = async (req: IncomingMessage, res: ServerResponse) => send(res, await onWeb(await toRequest(req)))
    return { auth: opened, listener: wrapper === "node" ? onNode : fromWeb }
  }

  return {
    now,
    own,
    other,
    events,
    arrived,
    /** The methods of the adapter that were called. */
    calls,
    types: () => events.map(({ type }) => type),
    sessionsOf: (user: string) => auth.getUserSessions(user),
    /** The requests to one path, as `method status`. */
    statuses: (path: string) =>
      arrived.filter((each) => each.host === hosts.own && each.path === path).map((each) => each.status),
    clear: () => [arrived, events, calls].forEach((list) => (list.length = 0)),
    /** Answers with a status where browsers register and refresh, until it is given `null`. */
    fail: (status: number | null) => (failing = status),
    /** Lets browsers wait for an answer where they register, until what it returns is called. */
    hold() {
      let release = () => {}
      registering = new Promise<void>((resolve) => (release = resolve))
      return release
    },
    /** Starts again on the same file and port, with other secrets or the same. */
    restart(...others: Uint8Array[]) {
      if (others.length > 0) secrets = others
      database.close()
      database = openDatabase(join(folder, "sessions.db"))
      ;({ auth, listener } = open(secrets))
      closeConnections()
    },
    async stop() {
      closeConnections()
      await new Promise((resolve) => server.close(resolve))
      database.close()
    },
  }
}

export type Application = Awaited<ReturnType<typeof startApplication>>

function serverOf(protocol: string, certificate: Certificate, listener: RequestListener) {
  if (protocol === "HTTP/1.1") return createServer(certificate, listener)
  // Node's HTTP/2 compatibility API has the same methods, but different types.
  const onHttp2 = listener as unknown as (req: Http2ServerRequest, res: Http2ServerResponse) => void
  return createSecureServer(certificate, onHttp2)
}

/** The host of a request: HTTP/2 names it in a pseudo-header. */
function hostOf({ headers }: IncomingMessage): string {
  return String(headers[":authority"] ?? headers.host)
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  database.exec("CREATE TABLE IF NOT EXISTS user (id TEXT NOT NULL PRIMARY KEY)")
  for (const statement of schema("sqlite", { sessionColumns: deviceColumns })) database.exec(statement)
  database.exec("INSERT OR IGNORE INTO user (id) VALUES ('ada'), ('eve')")
  return database
}

function counted<T extends object>(adapter: T, calls: string[]): T {
  return new Proxy(adapter, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== "function") return value
      return (...args: unknown[]): unknown => {
        calls.push(String(name))
        return Reflect.apply(value, target, args)
      }
    },
  })
}

async function toRequest(req: IncomingMessage): Promise<Request> {
  const { method = "GET", headers, url = "/" } = req
  const named = Object.entries(headers).filter(([name]) => !name.startsWith(":"))
  const pairs = named.map(([name, value]) => [name, String(value)] as [string, string])
  const body = method === "POST" ? { body: await buffer(req) } : {}
  return new Request(`https://${hostOf(req)}${url}`, { method, headers: pairs, ...body })
}

async function send(res: ServerResponse, response: Response): Promise<void> {
  const { status, headers } = response
  for (const [name, value] of headers) if (name !== "set-cookie") res.setHeader(name, value)
  for (const cookie of headers.getSetCookie()) res.appendHeader("Set-Cookie", cookie)
  res.writeHead(status).end(await response.text())
}

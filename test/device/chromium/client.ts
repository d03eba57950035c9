import { once } from "node:events"
import { request } from "node:https"
import type { IncomingMessage } from "node:http"
import type { BrowserContext } from "playwright-core"
import { text } from "node:stream/consumers"
import type { Application } from "./application.ts"
import { certificate } from "./set-up.ts"

/** The `Cookie` header that a browser sends to the application, for a client that copies it. */
export async function cookiesOf(context: BrowserContext, { own }: Application): Promise<string> {
  return (await context.cookies(own)).map(({ name, value }) => `${name}=${value}`).join("; ")
}

/** Opens a page without a browser, and returns its title: who is signed in. */
export async function titleFor(app: Application, headers: Record<string, string>): Promise<string | undefined> {
  return /<title>(.*?)<\/title>/.exec(await text(await send(app, "/", { headers })))?.[1]
}

/** Sends a request without a browser. */
export async function send(
  { own }: Application,
  path: string,
  { method = "GET", headers }: { method?: string; headers: Record<string, string> },
): Promise<IncomingMessage> {
  const { hostname, host, port } = new URL(own)
  const options = { host: "127.0.0.1", port, path, method, ca: certificate.cert, servername: hostname }
  const sent = request({ ...options, headers: { Host: host, ...headers }, agent: false })
  sent.end()
  const [response] = (await once(sent, "response")) as [IncomingMessage]
  return response
}

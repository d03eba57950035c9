import { once } from "node:events"
import { request } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { onTestFinished } from "vitest"
import type { Certificate } from "../../device/chromium/certificate.ts"

/** What stands in front of an application, as a reverse proxy does, and speaks TLS. */
export interface TlsProxy {
  /** Like `https://localhost:3000`. */
  origin: string
  /** The requests so far, as `POST /auth/device 200`, in the order of their answers. */
  answered: string[]
  /** Says where the application is. */
  forwardTo(origin: string): void
}

/** Starts a proxy, which ends with the test. `nameOf` names the requests. Default: as `POST /auth/device`. */
export async function startTlsProxy(
  { key, cert }: Certificate,
  nameOf = ({ method, url }: IncomingMessage) => `${method} ${url}`,
): Promise<TlsProxy> {
  let target = ""
  const answered: string[] = []
  const server = createServer({ key, cert }, (req, res) => {
    res.on("finish", () => answered.push(`${nameOf(req)} ${res.statusCode}`))
    forward(target, req, res)
  }).listen(0)
  await once(server, "listening")
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { origin: `https://localhost:${port}`, answered, forwardTo: (origin) => void (target = origin) }
}

function forward(target: string, req: IncomingMessage, res: ServerResponse): void {
  const headers = { ...req.headers, "x-forwarded-proto": "https" }
  const onward = request(target + req.url, { method: req.method, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(res)
  })
  onward.on("error", () => res.writableEnded || res.writeHead(502).end())
  // A browser that goes on before the answer is there closes its request.
  res.on("close", () => onward.destroy())
  req.pipe(onward)
}

import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import { handle } from "./app.ts"
import { db } from "./database.ts"

const lastPort = 3020
const largestBody = 16 * 1024

const server = createServer(serve)
let port = Number(process.env.PORT || 3000)

server.on("listening", () => {
  const address = server.address()
  console.log(`Open http://localhost:${typeof address === "object" && address ? address.port : port}`)
})
server.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EADDRINUSE" || process.env.PORT || port >= lastPort) throw error
  server.listen(++port)
})
server.listen(port)

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop)

async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(message).catch(() => null)
  if (!body) return refuse(response, 413)
  const request = toRequest(message, body)
  if (!request) return refuse(response, 400)
  await send(response, await handle(request))
}

async function readBody(message: IncomingMessage): Promise<Buffer<ArrayBuffer> | null> {
  const chunks: Buffer[] = []
  let size = 0
  // The connection stays open, for the answer.
  for await (const chunk of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > largestBody) return null
  }
  return Buffer.concat(chunks)
}

/** `null` for what a `Request` cannot be made of, such as a strange `Host` header or method. */
function toRequest({ method = "GET", url = "", headers }: IncomingMessage, body: Buffer<ArrayBuffer>): Request | null {
  if (!url.startsWith("/")) return null
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each): [string, string] => [name, each]),
  )
  const hasBody = method !== "GET" && method !== "HEAD"
  try {
    return new Request(`http://${headers.host}${url}`, { method, headers: pairs, ...(hasBody && { body }) })
  } catch {
    return null
  }
}

async function send(response: ServerResponse, { status, headers, body }: Response): Promise<void> {
  response.writeHead(status, { ...Object.fromEntries(headers), "set-cookie": headers.getSetCookie() })
  for await (const chunk of body ?? []) response.write(chunk)
  response.end()
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { Connection: "close" }).end()
}

function stop(): void {
  server.close(() => db.close())
  // Browsers keep spare connections open, which close() would wait for.
  setTimeout(() => server.closeAllConnections(), 1000).unref()
}

import { createServer, request } from "node:http"
import type { IncomingMessage, RequestListener } from "node:http"
import { connect } from "node:net"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { text } from "node:stream/consumers"

export interface Answer {
  status: number | undefined
  headers: IncomingMessage["headers"]
  cookies: string[]
  body: string
}

interface Sent {
  method?: string
  path?: string
  headers?: Record<string, string | string[]>
}

/** Starts a real server on a free port. */
export async function listen(listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  // A server that listens on a port has an address object.
  const { port } = server.address() as AddressInfo

  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    send: (sent: Sent = {}) => send(port, sent),
    sendRaw: (head: string) => sendRaw(port, head),
    onUpgrade: (answer: (req: IncomingMessage, socket: Duplex) => unknown) => server.on("upgrade", answer),
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

async function send(port: number, { method = "GET", path = "/", headers = {} }: Sent): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ port, host: "127.0.0.1", method, path, headers, agent: false }, resolve).on("error", reject).end()
  })
  const body = await text(response)
  return { status: response.statusCode, headers: response.headers, cookies: response.headers["set-cookie"] ?? [], body }
}

/** Sends what no well-behaved client would. Resolves to the whole answer as text. */
async function sendRaw(port: number, head: string): Promise<string> {
  const socket = connect(port, "127.0.0.1")
  socket.end(`${head.replaceAll("\n", "\r\n")}\r\n\r\n`)
  return text(socket)
}

import { once } from "node:events"
import type { AddressInfo, Socket } from "node:net"
import { connect, createServer } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

/** What a network does to connections. */
export interface Faults {
  /** Passes everything on later, in milliseconds; 0 as soon as it comes. */
  delay(ms: number): void
  /** Passes nothing on, and closes nothing: neither side can tell. */
  stall(): void
  /** Passes on what has been held up, and what comes. */
  resume(): void
  /** Resets the connection on both sides. */
  cut(): void
  /** Keeps the server's next reply for itself, and resets the connection: the client never learns what became of it. */
  swallowReply(): void
}

/** A proxy between clients and a server. Its own faults concern all connections, and `stall` and `delay` new ones too. */
export interface TcpProxy extends Faults {
  port: number
  /** Those that are open, the oldest first. */
  connections(): Faults[]
  close(): Promise<void>
}

/** Listens on a free port of this machine, and passes on to the server at `url`. */
export async function openTcpProxy(url: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(url)
  const open = new Set<Faults>()
  const all = { delay: 0, isStalled: false }
  const server = createServer({ noDelay: true }, (client) => {
    const connection = passOn(client, connect({ host: hostname, port: Number(port), noDelay: true }), () =>
      open.delete(connection),
    )
    open.add(connection)
    connection.delay(all.delay)
    if (all.isStalled) connection.stall()
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const each = (name: "stall" | "resume" | "cut" | "swallowReply") => {
    for (const connection of open) connection[name]()
  }
  return {
    // A server that listens on TCP has one.
    port: (server.address() as AddressInfo).port,
    connections: () => [...open],
    delay(ms) {
      all.delay = ms
      for (const connection of open) connection.delay(ms)
    },
    stall() {
      all.isStalled = true
      each("stall")
    },
    resume() {
      all.isStalled = false
      each("resume")
    },
    cut: () => each("cut"),
    swallowReply: () => each("swallowReply"),
    async close() {
      const closed = once(server, "close")
      server.close()
      each("cut")
      await closed
    },
  }
}

function passOn(client: Socket, server: Socket, onClosed: () => void): Faults {
  const state = { delay: 0, swallows: false }
  pump(client, server, async () => {
    if (state.delay > 0) await sleep(state.delay)
    return true
  })
  pump(server, client, async () => {
    if (state.delay > 0) await sleep(state.delay)
    if (!state.swallows) return true
    cut()
    return false
  })
  client.once("close", onClosed)

  function cut(): void {
    client.resetAndDestroy()
    server.resetAndDestroy()
  }
  return {
    delay: (ms) => void (state.delay = ms),
    stall() {
      client.pause()
      server.pause()
    },
    resume() {
      client.resume()
      server.resume()
    },
    cut,
    swallowReply: () => void (state.swallows = true),
  }
}

/** Forwards data in order, while `mayPass` allows it. */
function pump(from: Socket, to: Socket, mayPass: () => Promise<boolean>): void {
  let passed = Promise.resolve()
  const after = async (before: Promise<void>, pass: () => unknown) => {
    await before
    if (await mayPass()) pass()
  }
  const inTurn = (pass: () => unknown) => void (passed = after(passed, pass))
  from.on("data", (data) => inTurn(() => !to.destroyed && to.write(data)))
  from.on("end", () => inTurn(() => to.end()))
  // Passes a reset of one side on to the other.
  from.on("error", () => to.resetAndDestroy())
  from.on("close", () => inTurn(() => to.end()))
}

import { once } from "node:events"
import type { AddressInfo, Server, Socket } from "node:net"
import { connect, createServer } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeEach, expect, test } from "vitest"
import type { TcpProxy } from "./tcp-proxy.ts"
import { openTcpProxy } from "./tcp-proxy.ts"

let server: Server
let received: string
let proxy: TcpProxy
let client: Socket

// A server that answers each message with the same in upper case.
beforeEach(async () => {
  received = ""
  server = createServer((socket) => {
    socket.on("error", () => undefined)
    socket.on("data", (data) => {
      received += String(data)
      socket.write(String(data).toUpperCase())
    })
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  proxy = await openTcpProxy(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
  client = connect({ host: "127.0.0.1", port: proxy.port })
  await once(client, "connect")
})

afterEach(async () => {
  client.destroy()
  await proxy.close()
  server.close()
})

test("what is sent arrives on both sides, in its order, delayed or not", async () => {
  expect(await answerTo("one")).toBe("ONE")
  proxy.delay(20)
  const answer = answerTo("two")
  await sleep(10)
  expect(received).toBe("one")
  expect(await answer).toBe("TWO")
  client.write(" three")
  proxy.delay(0)
  expect(await answerTo(" four")).toBe(" THREE FOUR")
})

test("a stalled connection stays open and silent until it is resumed", async () => {
  await answerTo("one")
  proxy.stall()
  const answer = answerTo("two")
  await sleep(50)
  expect(received).toBe("one")
  expect(client.destroyed).toBe(false)
  proxy.resume()
  expect(await answer).toBe("TWO")
})

test("a connection that is cut is reset, and the next one is passed on", async () => {
  await answerTo("one")
  const [error] = await Promise.all([once(client, "error"), proxy.cut()])
  expect(error).toMatchObject([{ code: "ECONNRESET" }])
  expect(proxy.connections()).toEqual([])
  client = connect({ host: "127.0.0.1", port: proxy.port })
  expect(await answerTo("two")).toBe("TWO")
})

test("of a reply that is swallowed the server has done its part, and the client sees a reset", async () => {
  await answerTo("one")
  proxy.connections()[0]?.swallowReply()
  const failed = once(client, "error")
  client.write("two")
  expect(await failed).toMatchObject([{ code: "ECONNRESET" }])
  expect(received).toBe("onetwo")
})

async function answerTo(message: string): Promise<string> {
  client.write(message)
  let answer = ""
  while (!answer.endsWith(message.toUpperCase())) answer += String((await once(client, "data"))[0])
  return answer
}

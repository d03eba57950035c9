import { MessageChannel } from "node:worker_threads"
import { once } from "node:events"
import { describe, expect, onTestFinished, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { AuthError, isAuthError } from "../../src/core/errors.ts"
import type { AdapterChannel } from "../../src/testing.ts"
import { remoteAdapter, serveAdapter, testAdapter } from "../../src/testing.ts"
import type { Label, Store, User } from "./broken-adapter.ts"
import { setUp } from "./broken-adapter.ts"

describe("a remote adapter passes every case that the adapter passes", () => {
  testAdapter(test, async () => {
    const { adapter, addUser } = setUp()
    const { here, there, close } = openChannel()
    serveAdapter(adapter, there)
    return { adapter: await remoteAdapter<Store>(here), addUser, close }
  })
})

test("calls that overlap are answered each with its own result", async () => {
  const slow = { wait: async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, ms)) }
  const { here, there } = openChannel()
  serveAdapter(slow, there)
  const remote = await remoteAdapter<typeof slow>(here)
  const order: unknown[] = []
  await Promise.all([20, 1, 10].map(async (ms) => order.push(await remote.wait(ms))))
  expect(order).toEqual([1, 10, 20])
})

test("a rejection keeps its message, and an AuthError its code", async () => {
  const failing = {
    auth: () => Promise.reject(new AuthError("user_missing", "nobody")),
    other: () => Promise.reject(new TypeError("it broke")),
    odd: () => Promise.reject({ odd: true }),
    atOnce: () => {
      throw new Error("at once")
    },
  }
  const { here, there } = openChannel()
  serveAdapter(failing, there)
  const remote = await remoteAdapter<typeof failing>(here)
  const error = await remote.auth().catch((reason: unknown) => reason)
  expect(isAuthError(error)).toBe(true)
  expect(error).toMatchObject({ code: "user_missing", message: "nobody" })
  await expect(remote.other()).rejects.toThrow("it broke")
  await expect(remote.other()).rejects.not.toHaveProperty("code")
  await expect(remote.odd()).rejects.toThrow("{ odd: true }")
  await expect((async () => remote.atOnce())()).rejects.toThrow("at once")
})

test("a channel that makes text of dates is refused, and the message says what to change", async () => {
  const { here, there } = openChannel()
  const asJson: AdapterChannel = { ...there, send: (message) => there.send(JSON.parse(JSON.stringify(message))) }
  serveAdapter(memoryAdapter<User, Label>(), asJson)
  const error = await remoteAdapter(here).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: "invalid_option", message: expect.stringContaining('serialization: "advanced"') })
})

test("when the channel closes, calls under way reject, and so does each that follows", async () => {
  const { here, there, close } = openChannel()
  serveAdapter({ hang: () => new Promise(() => undefined) }, there)
  const remote = await remoteAdapter<{ hang: () => Promise<unknown> }>(here)
  const underWay = expect(remote.hang()).rejects.toMatchObject({ code: "store_failed" })
  close()
  await underWay
  await expect(remote.hang()).rejects.toMatchObject({ code: "store_failed" })
})

test("an adapter that is never served rejects when the channel closes", async () => {
  const { here, close } = openChannel()
  const remote = expect(remoteAdapter(here)).rejects.toMatchObject({ code: "store_failed" })
  close()
  await remote
})

/** Two ends that pass structured clones, closed when the test is over. */
function openChannel() {
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port1.close())
  const end = (port: typeof port1): AdapterChannel => ({
    send: (message) => port.postMessage(message),
    receive: (listener) => port.on("message", listener),
    closed: once(port, "close"),
  })
  return { here: end(port1), there: end(port2), close: () => port1.close() }
}

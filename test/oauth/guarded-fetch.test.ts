import { afterEach, expect, test, vi } from "vitest"
import { guardFetch } from "../../src/oauth/guarded-fetch.ts"
import { startHostileProvider } from "./hostile-provider.ts"
import { openApp } from "./advisory-set-up.ts"

const megabyte = 1_048_576
const address = "https://provider.example/token"

afterEach(() => vi.restoreAllMocks())

/** Stands in for the clock of the deadline: it passes when the test says so. */
function holdDeadline() {
  const controller = new AbortController()
  const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(controller.signal)
  return { timeout, pass: () => controller.abort(new DOMException("The operation timed out", "TimeoutError")) }
}

test("a provider has ten seconds for a whole answer", async () => {
  const deadline = holdDeadline()
  const silent = guardFetch(() => new Promise(() => {}))(address)
  expect(deadline.timeout).toHaveBeenCalledWith(10_000)
  deadline.pass()
  await expect(silent).rejects.toThrow("no answer within 10 s")
})

test("a body that never ends is given up at the deadline", async () => {
  const deadline = holdDeadline()
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) })
  const answer = guardFetch(async () => new Response(body))(address)
  // It is being read.
  await expect.poll(() => body.locked).toBe(true)
  deadline.pass()
  await expect(answer).rejects.toThrow("no answer within 10 s")
})

test("the fetch that is given gets the signal, and may follow no redirect", async () => {
  const { pass } = holdDeadline()
  const given: (RequestInit | undefined)[] = []
  await guardFetch(async (_, init) => (given.push(init), new Response()))(address, { method: "POST" })
  expect(given[0]).toMatchObject({ method: "POST", redirect: "manual" })
  expect(given[0]?.signal?.aborted).toBe(false)
  pass()
  expect(given[0]?.signal?.aborted).toBe(true)
})

test.each([
  ["in one piece", [megabyte]],
  ["in many pieces", Array.from({ length: 16 }, () => megabyte / 16)],
])("an answer may have one megabyte %s, and not a byte more", async (_, sizes) => {
  const fetchOf = (...more: number[]) =>
    guardFetch(async () => new Response(streamOf([...sizes, ...more]), { status: 201, headers: { A: "b" } }))
  const answer = await fetchOf()(address)
  expect([answer.status, answer.headers.get("A"), (await answer.arrayBuffer()).byteLength]).toEqual([
    201,
    "b",
    megabyte,
  ])
  await expect(fetchOf(1)(address)).rejects.toThrow(`an answer of more than ${megabyte} bytes`)
})

test("an answer that never ends is read no further than the limit", async () => {
  let pulled = 0
  const endless = new ReadableStream({
    pull(controller) {
      pulled++
      controller.enqueue(new Uint8Array(megabyte / 4))
    },
  })
  await expect(guardFetch(async () => new Response(endless))(address)).rejects.toThrow("an answer of more than")
  expect(pulled).toBeLessThanOrEqual(7)
})

test.each([
  "http://provider.example/",
  "http://localhost.evil.example/",
  "http://127.0.0.1.example/",
  "ftp://localhost/",
])("nothing is sent to %s", async (clear) => {
  const fetch = vi.fn()
  await expect(guardFetch(fetch)(clear)).rejects.toThrow("not https:")
  expect(fetch).not.toHaveBeenCalled()
})

test.each([204, 205, 304])("an answer with status %i has no body", async (status) => {
  expect((await guardFetch(async () => new Response(null, { status }))(address)).status).toBe(status)
})

test("a flow with a provider that answers with too much is refused, and says why", async () => {
  const provider = await startHostileProvider()
  const { signIn } = openApp(provider)
  provider.behave({
    answer: (path, response) => (path === "/token" ? new Response(streamOf([megabyte, 1])) : response),
  })
  const result = await signIn(provider)
  expect(result).toEqual({ outcome: "refused", reason: "provider_failed" })
  expect(result).toHaveProperty("problem", `an answer of more than ${megabyte} bytes`)
  await provider.close()
})

function streamOf(sizes: number[]): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (const size of sizes) controller.enqueue(new Uint8Array(size))
      controller.close()
    },
  })
}

import { describe, expect, test } from "vitest"

import { refuseCrossOrigin } from "../../src/request/cross-origin.ts"
import { isResponse, privateResponse } from "../../src/request/response-headers.ts"

describe("isResponse()", () => {
  const clone = () => null
  const headers = new Headers()

  test("knows a response by its shape, whoever made it", () => {
    for (const response of [new Response(), Response.error(), { status: 200, headers, clone }])
      expect(isResponse(response)).toBe(true)
  })

  test.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["text", "200"],
    ["headers alone", { headers, clone }],
    ["a status that is text", { status: "200", headers, clone }],
    ["no headers", { status: 200, clone }],
    ["plain headers", { status: 500, headers: { get: "x" }, clone }],
    ["an error of an HTTP client", Object.assign(new Error("not found"), { status: 404, headers })],
  ])("takes %s for no response", (_, value) => {
    expect(isResponse(value)).toBe(false)
  })
})

describe("privateResponse()", () => {
  test.each<Record<string, string>>([{ "Cache-Control": "public" }, { Vary: "Origin" }, { "Set-Cookie": "a=1" }])(
    "keeps %j of the original out of a copy of its entries that is taken at once, as Hono does",
    async (changed) => {
      const original = new Response(null, { headers: { ...changed, "X-Own": "kept" } })
      const before = [...original.headers]
      privateResponse(original)
      expect([...original.headers.entries()]).toEqual([["x-own", "kept"]])
      await Promise.resolve()
      expect([...original.headers.entries()]).toEqual(before)
    },
  )

  test("throws unsupported for a body that somebody reads", () => {
    const response = new Response("hello")
    response.body?.getReader()
    expect(() => privateResponse(response)).toThrow(expect.objectContaining({ code: "unsupported" }))
  })

  test("throws what the platform says of a response that cannot be copied", () => {
    const response = Object.defineProperty(new Response("hello"), "statusText", { value: "a\nb" })
    expect(() => privateResponse(response)).toThrow(TypeError)
  })
})

test("the answer to a refused request is plain text", async () => {
  const response = refuseCrossOrigin()
  expect([response.status, response.headers.get("Content-Type")]).toEqual([403, "text/plain"])
  expect(await response.text()).toMatch(/^Cross-origin request refused\. .*trustedOrigins/)
})

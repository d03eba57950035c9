import { describe, expect, test } from "vitest"
import { answer, isNavigation } from "../../src/next/lib/answers.ts"

describe("answer()", () => {
  test.each([
    // The forms of Next.js 14.0, of 14.1 to 16, and of an address with what separates the parts.
    ["NEXT_REDIRECT;replace;/a;false", 307, "/a"],
    ["NEXT_REDIRECT;push;/a;true", 308, "/a"],
    ["NEXT_REDIRECT;replace;/a;307;", 307, "/a"],
    ["NEXT_REDIRECT;push;/a?b=1;2;303;", 303, "/a?b=1;2"],
    ["NEXT_REDIRECT;replace;/a;308;x;307;", 307, "/a;308;x"],
    ["NEXT_NOT_FOUND", 404, null],
    ["NEXT_HTTP_ERROR_FALLBACK;404", 404, null],
    ["NEXT_HTTP_ERROR_FALLBACK;403", 403, null],
  ])("takes the digest %s for the answer that it means", async (digest, status, location) => {
    const error = Object.assign(new Error(digest), { digest })
    const response = await answer(() => raise(error))
    expect([response.status, response.headers.get("Location")]).toEqual([status, location])
    expect(isNavigation(error)).toBe(true)
  })

  test("takes a thrown Response for the answer", async () => {
    const thrown = new Response("thrown", { status: 418 })
    expect(await answer(() => raise(thrown))).toBe(thrown)
  })

  test.each([new Error("x"), Object.assign(new Error("x"), { digest: "NEXT_REDIRECT_NOT" }), null, undefined, "x"])(
    "throws %s on",
    async (error) => {
      await expect(answer(() => raise(error))).rejects.toBe(error)
      expect(isNavigation(error)).toBe(false)
    },
  )
})

function raise(error: unknown): never {
  throw error
}

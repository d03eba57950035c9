import fc from "fast-check"
import { describe, expect, test } from "vitest"

import { safeRedirect } from "../../src/web.ts"

const base = "https://app.example/login"

describe("safeRedirect()", () => {
  test.each([
    ["/", "/"],
    ["/account", "/account"],
    ["/account/", "/account/"],
    ["/a/b?c=d&e=f#g", "/a/b?c=d&e=f#g"],
    ["/search?q=https://evil.example", "/search?q=https://evil.example"],
    ["/a?next=//evil.example", "/a?next=//evil.example"],
    ["/a/../b", "/b"],
    ["/./a", "/a"],
    ["/münchen", "/m%C3%BCnchen"],
    ["/a b", "/a%20b"],
    ["/@evil.example", "/@evil.example"],
    ["/a//b", "/a//b"],
    ["/javascript:alert(1)", "/javascript:alert(1)"],
    ["/%2F%2Fevil.example", "/%2F%2Fevil.example"],
  ])("lets %j through as %j", (target, expected) => {
    expect(safeRedirect(target, "/fallback")).toBe(expected)
  })

  const hostile: unknown[] = [
    "//e",
    "///e",
    "////e",
    "/\\e",
    "\\\\e",
    "\\/e",
    "/\\/e",
    "//\\e",
    "/\t/e",
    "/\n/e",
    "/\r/e",
    "/\r\n/e",
    "\t//e",
    "\n//e",
    " //e",
    " /e",
    "\u0001//e",
    "\u0000/e",
    "/e\u0000",
    "/e\u007F",
    "/e\u0085",
    "/a\\b",
    "/a\r\nSet-Cookie: x=y",
    "/..//e",
    "/.//e",
    "/a/..//e",
    "/%2e%2e//e",
    "/%2E//e",
    "/a/../..//e",
    "/./..//e",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "blob:https://app.example/x",
    "http://app.example@e",
    "https://app.example",
    "https://app.example/account",
    "https:e",
    "https:/e",
    "https:///e",
    "http:",
    "e.example",
    "account",
    "./account",
    "../account",
    "?a=b",
    "#a",
    "",
    " ",
    "\uFEFF//e",
    "\u2028//e",
    "／／e",
    undefined,
    null,
    0,
    true,
    {},
    ["/account"],
    [],
    { toString: () => "//e" },
    new URL("https://app.example/account"),
    Symbol("/"),
  ]

  test.each(hostile.map((target) => [typeof target === "symbol" ? "a symbol" : JSON.stringify(target), target]))(
    "[CSR-9] turns %s into the fallback",
    (_, target) => {
      expect(safeRedirect(target, "/fallback")).toBe("/fallback")
    },
  )

  test("[CSR-9] whatever it is given, the result is a path that stays on the origin", () => {
    const piece = fc.constantFrom(
      "/",
      "//",
      "\\",
      "../core",
      "..",
      "%2e",
      "%2f",
      "%5c",
      "@",
      ":",
      "e",
      "?",
      "#",
      "\t",
      "\n",
      " ",
      "http:",
      "é",
      "\0",
    )
    const target = fc.oneof(
      fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join("")),
      fc.array(piece, { maxLength: 10 }).map((pieces) => `/${pieces.join("")}`),
      fc.string({ unit: "binary" }).map((text) => `/${text}`),
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.anything(),
    )
    fc.assert(
      fc.property(target, (target) => {
        const result = safeRedirect(target, "/")
        expect(result).toMatch(/^\/(?![/\\])/)
        expect(result).not.toMatch(/[\p{Cc}\\]/u)
        const url = new URL(result, base)
        expect(url.origin).toBe("https://app.example")
        // What a client would resolve once more, such as a router in the browser, stays there, too.
        expect(new URL(url.pathname + url.search + url.hash, base).href).toBe(url.href)
        expect(safeRedirect(result, "/fallback")).toBe(result)
      }),
      { numRuns: 1500 },
    )
  })

  test("what it lets through is where the browser would have gone", () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), fc.webFragments(), (path, query, fragment) => {
        fc.pre(path.startsWith("/") && !new URL(`https://app.example${path}`).pathname.includes("//"))
        const target = `${path}?q=${query}#f${fragment}`
        expect(new URL(safeRedirect(target, "/fallback"), base).href).toBe(new URL(target, base).href)
      }),
    )
  })

  test("gives a response that a browser can follow", () => {
    const response = Response.redirect(new URL(safeRedirect("//evil.example", "/home"), base), 303)
    expect(response.headers.get("Location")).toBe("https://app.example/home")
  })
})

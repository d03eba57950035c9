import { describe, expect, test } from "vitest"
import { createCookieJar } from "../wrappers/cookie-jar.ts"
import { origin } from "./device-browser.ts"
import { minute, setUp } from "./set-up.ts"

type Kind = "page" | "form" | "fetch" | "link"

const site = { page: "same-origin", form: "same-origin", fetch: "same-origin", link: "cross-site" }
const mode = { page: "navigate", form: "navigate", fetch: "cors", link: "navigate" }
const dest = { page: "document", form: "document", fetch: "empty", link: "document" }

/** What browsers send that bind no sessions. Safari tells nothing of its fetches before 16.4. */
const browsers: [string, (kind: Kind) => Record<string, string>][] = [
  ["Firefox", (kind) => ({ "Sec-Fetch-Site": site[kind], "Sec-Fetch-Mode": mode[kind], "Sec-Fetch-Dest": dest[kind] })],
  ["Safari", (kind) => ({ "Sec-Fetch-Dest": dest[kind], "Sec-Fetch-Mode": mode[kind], "Sec-Fetch-Site": site[kind] })],
  ["an old Safari", () => ({})],
]

const steps: [path: string, kind: Kind, method?: string][] = [
  ["/", "page"],
  ["/sign-in", "form", "POST"],
  ["/", "page"],
  ["/", "link"],
  ["/", "fetch"],
  ["/api", "fetch", "POST"],
  ["/elevate", "form", "POST"],
  ["/rotate", "form", "POST"],
  ["/", "page"],
  ["/sign-in", "form", "POST"],
  ["/out", "form", "POST"],
  ["/", "page"],
]

/** Does all steps, and tells what came of each. */
async function play(headersOf: (kind: Kind) => Record<string, string>, changes: Parameters<typeof setUp>[0]) {
  const { serve, calls, now, types } = await setUp(changes)
  const jar = createCookieJar(now)
  const seen = []
  for (const [path, kind, method = "GET"] of steps) {
    calls.length = 0
    const headers = new Headers(headersOf(kind))
    if (method === "POST") headers.set("Origin", origin)
    const cookie = jar.header(origin + path)
    if (cookie !== null) headers.set("Cookie", cookie)
    const response = await serve(new Request(origin + path, { method, headers, redirect: "manual" }))
    jar.receive(origin + path, response.headers.getSetCookie())
    const { status } = response
    seen.push({
      path,
      status,
      body: await response.text(),
      names: jar.names(),
      headers: namesOf(response),
      calls: [...calls],
    })
    now.advance(2 * minute)
  }
  return { seen, types: types() }
}

function namesOf({ headers }: Response): string[] {
  return [...headers.keys()].filter((name) => name !== "secure-session-registration")
}

describe.each(browsers)("%s", (_, headersOf) => {
  test.each(["enforce", "observe"] as const)("notices nothing of %s, and costs the store no more", async (mode) => {
    const without = await play(headersOf, { binds: false })
    const bound = await play(headersOf, { mode })
    expect(bound.types).toEqual(without.types)
    for (const [n, step] of bound.seen.entries()) {
      const { calls, ...rest } = without.seen[n]!
      // To change a token by a bound session takes its proof, so the session is read first.
      const more = ["/rotate", "/elevate"].includes(step.path) ? ["findSession"] : []
      expect(step).toEqual({ ...rest, calls: [...more, ...calls] })
    }
  })
})
